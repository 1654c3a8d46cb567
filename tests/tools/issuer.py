"""An OpenID provider in small: it signs whatever a test asks for, and publishes its keys.

In: claims and headers, right or wrong.
Out: tokens, and a JWKS address on loopback.
Must not know: any assertion.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

KID = "key-of-the-provider"
AUDIENCE = "https://fastmcp.stack-3.source-lab.io/mcp"


@dataclass
class Issuer:
    """A provider and its key."""

    url: str
    key: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    asked: int = 0

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return good claims with some changed; `None` leaves one out."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "7b1e",
            "azp": "claude",
            "iat": now,
            "exp": now + 60,
            "scope": "openid stack-3:left:read stack-3:right:write",
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, headers: Mapping[str, Any] | None = None, **changes: Any) -> str:
        """Return a signed token."""
        signed = encoded({"alg": "RS256", "kid": KID, **(headers or {})}, self.claims(**changes))
        return f"{signed}.{base64url(self.sign(signed.encode()))}"

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def public_pem(self) -> bytes:
        return self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def unsigned(self, algorithm: str) -> str:
        return f"{encoded({'alg': algorithm, 'kid': KID}, self.claims())}."

    def by_public_key(self) -> str:
        """Return a token whose secret is what everybody knows."""
        signed = encoded({"alg": "HS256", "kid": KID}, self.claims())
        digest = hmac.new(self.public_pem(), signed.encode(), hashlib.sha256).digest()
        return f"{signed}.{base64url(digest)}"

    def jwks(self) -> dict[str, Any]:
        numbers = self.key.public_key().public_numbers()
        return {
            "keys": [
                {
                    "kty": "RSA",
                    "use": "sig",
                    "alg": "RS256",
                    "kid": KID,
                    "n": base64url(numbers.n.to_bytes(256, "big")),
                    "e": base64url(numbers.e.to_bytes(3, "big")),
                }
            ]
        }


def encoded(headers: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    return ".".join(base64url(json.dumps(part).encode()) for part in (headers, claims))


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


@contextmanager
def issuing() -> Generator[Issuer]:
    """Publish the keys of a provider on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked += 1
            body = json.dumps(issuer.jwks()).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}/realms/main")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
