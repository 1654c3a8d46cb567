"""What the Keycloak tools answer with: the fields of each answer and their types.

In: nothing.
Out: typed dictionaries that the return annotations of the tools name.
Must not know: how an answer is made.
"""

from typing import NotRequired, TypedDict

# Settings of a realm, under the names that are shown.
Settings = dict[str, bool | float | str | None]


class RealmLine(TypedDict):
    """A linked realm; nothing but its name where it is not there."""

    realm: str
    found: bool
    display_name: NotRequired[str]
    enabled: NotRequired[bool | None]
    people_may_register: NotRequired[bool | None]
    brute_force_protected: NotRequired[bool | None]
    logins_are_kept: NotRequired[bool | None]


class RealmDetail(RealmLine):
    """How people log in to a realm."""

    login: Settings
    brute_force: Settings
    lifetimes: Settings
    events: Settings
    required_actions: list[str]


class SigningKey(TypedDict):
    """A key by what it is for."""

    kid: str
    status: str
    type: str
    algorithm: str
    use: str
    valid_until: str | None
    days_left: int | None


class RealmHealth(TypedDict):
    """What somebody should look at."""

    healthy: bool
    problems: list[str]
    keys: list[SigningKey]
    people: int | None
    sessions: int
    failed_logins_last_hour: int
    failed_logins_are_more: bool
    at: str | None


class ClientSessions(TypedDict):
    """How many sessions an application has."""

    client: str
    sessions: int | None
    offline_sessions: int | None


class User(TypedDict):
    """A person, masked."""

    id: str
    username: str | None
    enabled: bool | None
    email: str | None
    email_verified: bool | None
    one_time_password: bool | None
    created_at: str | None
    required_actions: list[str]
    from_a_directory: bool


class Roles(TypedDict):
    """Roles by name, of the realm and of each client."""

    realm_roles: list[str]
    client_roles: dict[str, list[str]]


class GroupRoles(Roles):
    """A group with its roles."""

    group: str


class LockOut(TypedDict):
    """Whether too many wrong passwords keep a person out."""

    locked: bool | None
    failures: int | None
    last_failure_at: str | None
    last_failure_from: str | None


class Credential(TypedDict):
    """The kind of a credential."""

    type: str
    created_at: str | None


Session = TypedDict(
    "Session",
    {
        "started_at": str | None,
        "used_at": str | None,
        "from": str | None,
        "clients": list[str],
    },
)


class UserAccess(User, Roles):
    """What a person may do."""

    effective_realm_roles: list[str]
    groups: list[GroupRoles]
    more_groups: bool
    lock_out: LockOut
    credentials: list[Credential]
    sessions: list[Session]
    sessions_in_all: int


Event = TypedDict(
    "Event",
    {
        "at": str | None,
        "type": str,
        "error": str | None,
        "client": str | None,
        "user_id": str | None,
        "username": str | None,
        "from": str | None,
        "by": str | None,
    },
)
Change = TypedDict(
    "Change",
    {
        "at": str | None,
        "operation": str,
        "kind": str,
        "path": str | None,
        "error": str | None,
        "by_user_id": str | None,
        "from": str | None,
    },
)
