"""Whoever scales by a list asks by the account of the workload, and that account lets it.

In: a stack whose worker is scaled by a list, a real Redis with the users of the generated values.
Out: the question that KEDA asks is answered below the prefixes and nowhere else, and a workload
that takes nothing off lists has no script at all. Must not know how grants come about.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
import valkey

from generated import generate
from servers.certificates import make_authority
from servers.redis_server import running_redis, shown

STACK = """
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  valkey: {type: valkey}
  keda: {type: keda}
  worker: {type: celery, attributes: {image: "registry.example.com/site:1.0.0", app: site}}
  reader: {type: celery, attributes: {image: "registry.example.com/site:1.0.0", app: site}}
links:
  - {from: worker, to: valkey, access: write}
  - {from: worker, to: keda, with: {list: "app:late"}}
  - {from: reader, to: valkey}
  - {from: reader, to: keda, with: {list: "app:late"}}
"""
PASSWORD = "password-of-the-test"
# By the type of a key its length, in the commands of pkg/scalers/redis_scaler.go at v2.20.2.
QUESTION = """
local kind = redis.call('type', KEYS[1]).ok
if kind == 'list' or kind == 'none' then return redis.call('llen', KEYS[1]) end
return redis.call('zcard', KEYS[1])
"""


@dataclass(frozen=True)
class Stage:
    """Where the server is, and whom it trusts."""

    port: int
    ca_file: Path

    def ask(self, user: str, question: str, key: str) -> Any:
        """Return what a user is answered."""
        client = cast("Any", valkey.Valkey)(
            host="localhost",
            port=self.port,
            username=user,
            password=PASSWORD,
            ssl=True,
            ssl_ca_certs=str(self.ca_file),
        )
        return client.eval(question, 1, key)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    folder = tmp_path_factory.mktemp("list")
    output = generate(folder / "stack", STACK)
    (values,) = output.objects("valkey", "values.yaml")
    users = values["auth"]["aclUsers"].items()
    rules = {name: f"on >{PASSWORD} {user['permissions']}" for name, user in users}
    authority = make_authority(folder / "own", "own")
    signed = authority.sign(folder / "tls", ["localhost"])
    (signed / "ca.crt").write_bytes(authority.ca_file.read_bytes())
    (folder / "redis").mkdir()
    with running_redis(folder / "redis", rules, shown(signed)) as port:
        yield Stage(port, authority.ca_file)


def test_the_length_of_the_list_is_told(stage: Stage) -> None:
    assert stage.ask("app_worker_valkey", QUESTION, "app:late") == 0


def test_a_script_does_no_more_than_the_account(stage: Stage) -> None:
    with pytest.raises(valkey.ResponseError, match=r"(?i)permission"):
        stage.ask("app_worker_valkey", QUESTION, "other:late")
    with pytest.raises(valkey.ResponseError, match="can't run this command"):
        stage.ask("app_worker_valkey", "return redis.call('flushall')", "app:late")


def test_who_only_reads_has_no_script(stage: Stage) -> None:
    with pytest.raises(valkey.ResponseError, match=r"(?i)permission"):
        stage.ask("app_reader_valkey", QUESTION, "app:late")
