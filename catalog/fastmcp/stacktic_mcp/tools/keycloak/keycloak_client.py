"""The admin API of Keycloak as one link may use it: GET below linked realms, as a service account.

In: a link (host, port, client, secret), a linked realm, path segments of a tool.
Out: decoded JSON; every failure is a refusal in words of our own.
Must not know: MCP, tools, or how an answer is shown. No function here sends anything but GET, and
the request for a token.

Each token says which roles the account has. One of more roles than the link grants is not used, nor
is one of fewer. A token is used for less than a minute, so what is widened is noticed soon.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

from stacktic_mcp.core.toolkit import Link, Refusal
from stacktic_mcp.lib.decoding import decode_json
from stacktic_mcp.lib.documents import Facts, at, ensure_list, ensure_object, facts_of, objects
from stacktic_mcp.lib.http_client import Http, Params

TOKEN_SECONDS = 45.0
ADMINISTRATION = "realm-management"
GRANTED = frozenset({"view-users", "view-events", "view-realm"})
# What the first of them is made of.
HELD = GRANTED | {"query-users", "query-groups"}
# What every account of a realm may have: it concerns nobody but itself.
EVERYONE = frozenset({"offline_access", "uma_authorization"})
OWN_ACCOUNT = "account"
FORM = "application/x-www-form-urlencoded"
TOKEN_PARTS = 3


@dataclass(frozen=True)
class Token:
    """A token that was looked at, and when it is given up."""

    text: str
    until: float


_tokens: WeakKeyDictionary[Link, dict[str, Token]] = WeakKeyDictionary()


class Realm:
    """Requests about one linked realm."""

    def __init__(self, link: Link, realm: str) -> None:
        """Take a realm that the topology knows; another one is refused."""
        if realm not in link.enums.get("realms", ()):
            hint = f"the realm is not one of those linked through {link.component}"
            raise Refusal("E_SCOPE", hint, link.enums.get("realms", ()))
        self.link = link
        self.name = realm

    async def facts(self, *path: str, params: Params = ()) -> Facts:
        """Return an object at a path below the realm."""
        return ensure_object(await self._get(path, params))

    async def rows(self, *path: str, params: Params = ()) -> list[Facts]:
        """Return the list at a path below the realm."""
        return objects(ensure_list(await self._get(path, params)))

    async def number(self, *path: str) -> Any:
        """Return a number at a path below the realm."""
        return await self._get(path, ())

    async def _get(self, path: Sequence[str], params: Params) -> Any:
        token = await self._token()
        http = Http(
            self.link,
            base_path="/admin/realms",
            headers=lambda: {"authorization": f"Bearer {token}"},
            credential="CLIENT_SECRET",
            error_hint=self._hint,
        )
        return await http.get_json((self.name, *path), params)

    async def _token(self) -> str:
        known = _tokens.setdefault(self.link, {})
        found = known.get(self.name)
        if found is None or found.until < time.monotonic():
            asked = time.monotonic()
            text = await self._new_token()
            ensure_roles(claims_of(text), self.link, self.name)
            found = known[self.name] = Token(text, asked + TOKEN_SECONDS)
        return found.text

    async def may_more(self) -> bool:
        """Tell whether a new token has roles that the link does not grant."""
        more = has_more(claims_of(await self._new_token()), self.name)
        if more:
            _tokens.get(self.link, {}).pop(self.name, None)
        return more

    async def _new_token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.link.value("CLIENT_ID"),
            "client_secret": self.link.secret("CLIENT_SECRET"),
        }
        http = Http(self.link, base_path="/realms", credential="CLIENT_SECRET")
        reply = await http.request(
            "POST",
            (self.name, "protocol", "openid-connect", "token"),
            content=urlencode(form).encode(),
            content_type=FORM,
            error_hint=self._login_hint,
        )
        try:
            text = at(decode_json(reply.body), "access_token")
        except ValueError:
            text = None
        if not isinstance(text, str):
            raise Refusal("E_UNAVAILABLE", f"{self.link.component} gave no token")
        return text

    def _login_hint(self, status: int, _: bytes) -> str | None:
        """Name both reasons of one answer: a wrong secret, and a client that is not there yet."""
        if status == HTTPStatus.NOT_FOUND:
            return f"{self.link.component} has no realm {self.name}"
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.BAD_REQUEST}:
            hint = f"the credential {self.link.env}_CLIENT_SECRET was refused by realm {self.name}"
            raise Refusal("E_UNAVAILABLE", f"{hint}, or its client is not there yet")
        return None

    def _hint(self, status: int, _: bytes) -> str | None:
        # Whatever becomes of the call, the next one has a token of its own.
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            _tokens.get(self.link, {}).pop(self.name, None)
            return f"the account of this link lacks a role it needs in realm {self.name}"
        return f"realm {self.name} has none of it" if status == HTTPStatus.NOT_FOUND else None


def claims_of(token: str) -> Facts:
    """Return what a token says; Keycloak itself gave it, and checks it whenever it is used."""
    parts = token.split(".")
    if len(parts) != TOKEN_PARTS:
        raise Refusal("E_UNAVAILABLE", "the token is of a form that is not known")
    try:
        raw = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        return ensure_object(decode_json(raw))
    except (ValueError, binascii.Error):
        raise Refusal("E_UNAVAILABLE", "the token is of a form that is not known") from None


def ensure_roles(claims: Facts, link: Link, realm: str) -> None:
    """Refuse a token with another role than the link grants, or without one of them."""
    account = f"the account {link.value('CLIENT_ID')} of realm {realm}"
    administers = _roles(facts_of(claims.get("resource_access")).get(ADMINISTRATION))
    if has_more(claims, realm):
        hint = f"{account} has roles that this link does not grant, so it is not used"
        raise Refusal("E_UNAVAILABLE", hint)
    if lacks := sorted(GRANTED - administers):
        hint = f"{account} lacks {', '.join(lacks)} of {ADMINISTRATION}"
        raise Refusal("E_UNAVAILABLE", f"{hint}; an administrator of the server gives them once")


def has_more(claims: Facts, realm: str) -> bool:
    """Tell whether a token has another role than a link grants."""
    clients = facts_of(claims.get("resource_access"))
    more = _roles(clients.get(ADMINISTRATION)) - HELD
    more |= _roles(claims.get("realm_access")) - EVERYONE - {f"default-roles-{realm.lower()}"}
    return bool(more or set(clients) - {ADMINISTRATION, OWN_ACCOUNT})


async def wider(link: Link) -> list[str]:
    """Return the realms in which the account has roles that the link does not grant."""
    names = link.enums.get("realms", ())
    return [
        f"in realm {name}, it has roles that the link does not grant"
        for name in names
        if await Realm(link, name).may_more()
    ]


def _roles(access: Any) -> set[str]:
    found = facts_of(access).get("roles")
    return {str(role) for role in ensure_list(found)}
