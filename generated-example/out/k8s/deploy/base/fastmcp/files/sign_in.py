"""Tokens of a linked OpenID provider: this server as a resource server of OAuth 2.1.

In: the link by which people sign in, as `topology.json` and the settings tell it; bearer tokens.
Out: who a token is of and what its scopes allow; the metadata of RFC 9728; a stranger's answer.
Must not know: static keys, sessions, tools. A token is checked, and neither kept nor passed on.

FastMCP's own provider checks signature, algorithm, issuer, audience and times. What it lets pass
and we do not: a token that never expires, and one that is of nobody.
"""

from __future__ import annotations

import hashlib
import logging
import re
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx2
from fastmcp.server.auth import RemoteAuthProvider
from fastmcp.server.auth.providers.jwt import JWTVerifier
from pydantic import AnyHttpUrl
from starlette.routing import Router

from stacktic_mcp.core.bodies import Stop
from stacktic_mcp.core.reach import READ, WRITE, Reach, reach_of_scopes, scope_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.types import Receive, Scope, Send

    from stacktic_mcp.core.settings import Settings
    from stacktic_mcp.core.topology import Topology

MCP_PATH = "/mcp"
WELL_KNOWN = "/.well-known/oauth-protected-resource"
METADATA_PATHS = (WELL_KNOWN, WELL_KNOWN + MCP_PATH)
ALGORITHM = "RS256"
MAX_TOKEN_BYTES = 8192
FETCH_SECONDS = 5.0
HASHED_CHARACTERS = 16
# Three parts of base64url: what is no JSON Web Token is not looked at.
_TOKEN = re.compile(rb"[\w-]+\.[\w-]+\.[\w-]+")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,62}")

logger = logging.getLogger("stacktic.sign_in")


@dataclass(frozen=True)
class Bearer:
    """Whose a token is."""

    # Never that of a key, whose names have no `/`.
    name: str
    # The client it was issued to, as the provider calls it.
    client: str
    reach: Reach
    expires: float


class SignIn:
    """The provider of one server."""

    def __init__(self, settings: Settings, topology: Topology, env: str, resource: str) -> None:
        """Read the settings of the link; nothing is fetched yet."""
        issuer = settings.value(f"{env}_SIGN_IN_ISSUER")
        public = settings.value("STACKTIC_PUBLIC_URL", resource.removesuffix(MCP_PATH))
        authority = settings.value(f"{env}_SIGN_IN_CA_FILE", "")
        self._stack = topology.stack
        self._components = [link.component for link in topology.links]
        verifier = JWTVerifier(
            jwks_uri=settings.value(f"{env}_SIGN_IN_JWKS_URL"),
            issuer=issuer,
            audience=public.rstrip("/") + MCP_PATH,
            algorithm=ALGORITHM,
            # The keys are asked for where the topology says, and nowhere else.
            http_client=httpx2.AsyncClient(
                verify=ssl.create_default_context(cafile=authority or None),
                follow_redirects=False,
                trust_env=False,
                timeout=FETCH_SECONDS,
            ),
        )
        self.scopes = [
            scope_of(topology.stack, link.component, word)
            for link in topology.links
            for word in ((READ, WRITE) if link.writable else (READ,))
        ]
        self._provider = RemoteAuthProvider(
            token_verifier=verifier,
            authorization_servers=[AnyHttpUrl(issuer)],
            base_url=public.rstrip("/"),
            scopes_supported=self.scopes,
            resource_name=f"{topology.stack} {topology.server}",
        )
        self._routes = Router(self._provider.get_routes(MCP_PATH))
        self._metadata_url = public.rstrip("/") + METADATA_PATHS[1]
        self._material = lambda: settings.secret(f"{env}_SIGN_IN_CLIENT_SECRET").encode()

    def signing_material(self) -> bytes:
        """Return what all replicas know and no caller does, for cursors of those who signed in."""
        return self._material()

    async def metadata(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer where tokens come from; both addresses have the one document."""
        path = METADATA_PATHS[1]
        await self._routes({**scope, "path": path, "raw_path": path.encode()}, receive, send)

    async def bearer(self, credential: bytes | None) -> Bearer | None:
        """Return whose token was presented; nothing where it is not good in every respect."""
        if credential is None or len(credential) > MAX_TOKEN_BYTES:
            return None
        if _TOKEN.fullmatch(credential) is None:
            return None
        try:
            token = await self._provider.verify_token(credential.decode("ascii"))
        except Exception:  # noqa: BLE001 -- whatever a claim does to a parser, it opens nothing
            logger.warning("a token could not be checked, and is refused")
            return None
        if token is None or token.expires_at is None:
            return None
        name = _name(token.claims)
        if name is None:
            return None
        reach = reach_of_scopes(self._stack, token.scopes)
        return Bearer(name, _text(token.claims, "azp", "client_id"), reach, token.expires_at)

    def ensure_reaches(self, bearer: Bearer) -> None:
        """Refuse a good token whose scopes allow nothing here."""
        if not any(bearer.reach.allows(name, to_write=False) for name in self._components):
            hint = "the token has no scope of this server"
            scope = " ".join(self.scopes)
            challenge = self._challenge(error="insufficient_scope", scope=scope)
            raise Stop(HTTPStatus.FORBIDDEN, "E_SCOPE", hint, challenge=challenge)

    def unknown(self, *, presented: bool) -> Stop:
        """Return what a stranger is told: where tokens come from."""
        hint = "sign in, or send a known key as `Authorization: Bearer <key>`"
        challenge = self._challenge(**({"error": "invalid_token"} if presented else {}))
        return Stop(HTTPStatus.UNAUTHORIZED, "E_AUTH", hint, challenge=challenge)

    def _challenge(self, **facts: str) -> str:
        facts["resource_metadata"] = self._metadata_url
        return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in facts.items())


def load_sign_in(settings: Settings, topology: Topology) -> SignIn | None:
    """Read the link by which people sign in; without one there are static keys alone."""
    link = topology.sign_in
    return None if link is None else SignIn(settings, topology, link.env, link.resource)


def _name(claims: Mapping[str, Any]) -> str | None:
    """Return the name of a caller in lines and limits: the client, and who it acts for."""
    client, subject = _text(claims, "azp", "client_id"), _text(claims, "sub")
    return f"{_safe(client)}/{_safe(subject)}" if client or subject else None


def _text(claims: Mapping[str, Any], *names: str) -> str:
    found: Sequence[object] = [claims.get(name) for name in names]
    return next((text for text in found if isinstance(text, str) and text), "")


def _safe(text: str) -> str:
    """Return a name as it is where it is plain, else one of its own that stands for it."""
    if not text or _PLAIN_NAME.fullmatch(text):
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return "~" + digest[:HASHED_CHARACTERS]
