"""What the Keycloak tools take: each argument with its form, limits and meaning.

In: nothing.
Out: types that the signatures of the tools name, descriptions for callers among them.
Must not know: links, or what a tool does with a value.
"""

from typing import Annotated, Literal

from pydantic import Field

from stacktic_mcp.core.toolkit import Choice

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
RealmName = Annotated[str, Choice("realms"), Field(description="a linked realm")]
_UserId = Annotated[str, Field(pattern=f"^(?:f:{UUID}:[A-Za-z0-9._@+-]{{1,64}}|{UUID})$")]
UserId = Annotated[_UserId, Field(description="id, as keycloak_list_users tells it")]
OfUser = Annotated[_UserId | None, Field(description="one user id")]
NamePart = Annotated[
    str | None,
    Field(pattern="^[A-Za-z0-9._@+-]{2,64}$", description="part of username"),
]
ClientId = Annotated[
    str | None, Field(pattern="^[A-Za-z0-9._:/-]{1,128}$", description="one application")
]
Hours = Annotated[int, Field(ge=1, le=720, description="hours back")]
Limit = Annotated[int, Field(ge=1, le=100, description="rows at most")]

KINDS = {
    "login_errors": ["LOGIN_ERROR"],
    "logins": ["LOGIN"],
    "logouts": ["LOGOUT"],
    "registrations": ["REGISTER", "REGISTER_ERROR"],
    "passwords": [
        "UPDATE_CREDENTIAL",
        "UPDATE_PASSWORD",
        "RESET_PASSWORD",
        "RESET_PASSWORD_ERROR",
        "REMOVE_CREDENTIAL",
    ],
    "client_errors": ["CLIENT_LOGIN_ERROR", "CODE_TO_TOKEN_ERROR", "REFRESH_TOKEN_ERROR"],
}
Kind = Annotated[
    Literal[
        "login_errors", "logins", "logouts", "registrations", "passwords", "client_errors", "all"
    ],
    Field(description="kind of event"),
]
Operation = Annotated[
    Literal["CREATE", "UPDATE", "DELETE", "ACTION"] | None,
    Field(description="one kind"),
]
Enabled = Annotated[bool | None, Field(description="true: enabled, false: disabled")]
