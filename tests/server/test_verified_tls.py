"""Whoever links to a server with a certificate connects by TLS, and to nobody else.

In: the stack of a golden case, a real server that speaks TLS as the chart sets it up, and a
certificate for exactly the names that the generated Certificate asks for. Out: clients with the
generated settings get in; with another authority, or under a name that the certificate is not
for, they refuse. Must not know how a client is made.

The servers of PyPI are built without TLS, so the server is Debian's Redis: it reads the same
directives and the same ACL file.
"""

from __future__ import annotations

import socket
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import pytest
import valkey

from generated import REPOSITORY, Generated, generate
from mcp_client import call
from pods import make_pod, running, secret_value
from servers.certificates import Authority, make_authority
from servers.redis_server import Shown, running_redis

pytest_plugins = ["server_fixtures"]

STACK = REPOSITORY / "tests/golden/brokers_and_stores_are_verified_by_all_who_connect/stack.yaml"
PASSWORD = secret_value("MCP_VALKEY_PASSWORD")


@dataclass(frozen=True)
class Authorities:
    """The one that the issuer stands for, and one that signed nothing here."""

    own: Authority
    other: Authority


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    """Generate the stack of the golden case."""
    return generate(tmp_path_factory.mktemp("stack"), STACK.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Authorities:
    """Make both."""
    folder = tmp_path_factory.mktemp("authorities")
    return Authorities(make_authority(folder / "own", "own"), make_authority(folder / "o", "other"))


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, output: Generated, authorities: Authorities
) -> Generator[int]:
    """Run a server with the generated certificate's names; its port is what is given."""
    folder = tmp_path_factory.mktemp("server")
    (certificate,) = output.objects("valkey", "certificate.yaml")
    secret = authorities.own.sign(folder / "tls", certificate["spec"]["dnsNames"])
    (values,) = output.objects("valkey", "values.yaml")
    assert values["tls"]["existingSecret"] == certificate["spec"]["secretName"]
    tls, users = values["tls"], values["auth"]["aclUsers"].items()
    names = ("serverPublicKey", "serverKey", "caPublicKey")
    files = Shown(*(secret / tls[name] for name in names))
    rules = {name: f"on >{PASSWORD} {user['permissions']}" for name, user in users}
    with running_redis(folder, rules, files) as port:
        yield port


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch, server: int) -> None:
    """Lead every name of the cluster to the server, whatever port is asked for."""
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *more: Any, **named: Any) -> Any:
        if host.endswith(".svc.cluster.local"):
            return real("127.0.0.1", server, *more, **named)
        return real(host, port, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def settings(output: Generated, component: str) -> dict[str, str]:
    """Return the plain settings of a component."""
    text = (output.base(component) / "config" / "cloud.env").read_text(encoding="utf-8")
    pairs = (line.split("=", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: value for name, value in pairs}  # noqa: C416 -- each pair is a list of two


def told_form(output: Generated, component: str, key: str) -> str:
    """Return the form of a secret that is put together, as the file to fill in tells it."""
    lines = (output.base(component) / "secret" / "cloud.env").read_text("utf-8").splitlines()
    above = lines[: next(i for i, line in enumerate(lines) if line.startswith(f"{key}="))]
    told = next(line for line in reversed(above) if "://" in line)
    return next(word for word in told.split() if "://" in word).rstrip(",")


def _site(output: Generated) -> tuple[str, dict[str, str]]:
    """Django: an address that says all but who connects."""
    found = settings(output, "site")
    return found["REDIS_URL"], {"username": found["REDIS_USERNAME"], "password": PASSWORD}


def _worker(output: Generated) -> tuple[str, dict[str, str]]:
    """Celery: an address that says all."""
    form = told_form(output, "worker", "CELERY_RESULT_BACKEND")
    return form.replace("<password>", quote(PASSWORD, safe="")), {}


def client_of(address: str, **more: str) -> Any:
    """Return a client as an application makes it of an address."""
    return cast("Any", valkey.Valkey).from_url(address, **more)


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("consumer", [_site, _worker])
def test_an_address_verifies_its_server(
    output: Generated, authorities: Authorities, consumer: Any
) -> None:
    address, more = consumer(output)
    mounted = "/run/authorities/valkey/ca.crt"
    assert mounted in address

    def ping(authority: Authority, host: str = "valkey.cache.svc.cluster.local") -> Any:
        changed = address.replace(mounted, str(authority.ca_file))
        changed = changed.replace("valkey.cache.svc.cluster.local", host)
        return client_of(changed, **more).exists("app:any")

    assert ping(authorities.own) == 0
    for authority, host in (
        (authorities.other, "valkey.cache.svc.cluster.local"),
        (authorities.own, "other.cache.svc.cluster.local"),
    ):
        with pytest.raises(valkey.ConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
            ping(authority, host)
    plain = address.split("?")[0].replace("rediss://", "redis://")
    with pytest.raises(valkey.ConnectionError):
        client_of(plain, **more).ping()


@pytest.mark.parametrize("trusted", ["own", "other", None])
def test_tools_verify_their_server(
    tmp_path: Path,
    output: Generated,
    authorities: Authorities,
    server: int,
    key: int,
    trusted: str | None,
) -> None:
    authority = getattr(authorities, trusted).ca_file if trusted else ""
    # `localhost` is one of the names of the certificate; only where the server is differs.
    where = {"MCP_VALKEY_HOST": "localhost", "MCP_VALKEY_PORT": str(server)}
    pod = make_pod(tmp_path / "pod", output, **where, MCP_VALKEY_CA_FILE=str(authority))
    with running(pod) as started:
        answer = call(started, key, "valkey_dbsize")
    assert answer.get("code") == (None if trusted == "own" else "E_UNAVAILABLE"), answer
    assert ("data" in answer) == (trusted == "own"), answer
