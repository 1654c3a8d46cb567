"""The examples of the product page, word for word, against the real agent and real servers.

In: the page's stack, a real PostgreSQL, Valkey and kubectl.
Out: what the page prints.
Must not know: how an answer is made.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent_process import running_agent
from page_stack import (
    CLUSTER_PODS,
    DATABASE_CHECK,
    DATABASES,
    DIAGRAM_CHECK,
    GATEWAY_CHECK,
    LISTED,
    PODS_CHECK,
    PUBLISHED,
    SCRAPED_BY,
)
from page_world import Page
from world import component

pytest_plugins = ["page_fixtures"]

DOUBLE = DATABASE_CHECK % '"SELECT 1"'
SINGLE = DATABASE_CHECK % "'SELECT 1'"
BOTH_PASSED = [
    {"name": "app_db", "status": "passed", "output": "1"},
    {"name": "keycloak_db", "status": "passed", "output": "1"},
]


def test_components_are_listed(page: Page) -> None:
    answer = page.agent.ask("all", target="component")
    assert [row for row in answer["results"] if row in LISTED] == sorted(
        LISTED, key=lambda row: row["name"]
    )
    assert len(answer["results"]) == len(page.world.metadata["components"])
    assert answer["next_cursor"] is None


def test_databases_with_their_consumers(page: Page) -> None:
    select = ["database", "username", "consumers"]
    answer = page.agent.ask("type:cnpg", target="sub_components", select=select)
    assert answer == {"results": DATABASES, "next_cursor": None}


@pytest.mark.parametrize("command", [DOUBLE, SINGLE, DIAGRAM_CHECK])
def test_databases_answer_with_their_own_passwords(page: Page, command: str) -> None:
    page.recorder.clear()
    answer = page.agent.ask(
        "type:cnpg", target="sub_components", command=command, on_failure=CLUSTER_PODS
    )
    assert answer == {"status": "passed", "results": BOTH_PASSED, "next_cursor": None}
    host, port = "cluster-db-rw.db.svc.cluster.local", str(page.postgres.port)
    argv = [told["argv"] for told in sorted(page.recorder.told, key=lambda told: told["argv"])]
    assert argv == [
        [*("-XAtqw", "-v", "ON_ERROR_STOP=1", "-h", host, "-p", port), *rest(role, database)]
        for database, role in (("app_db", "app_user"), ("keycloak_db", "keycloak"))
    ]


def rest(role: str, database: str) -> list[str]:
    return ["-U", role, "-d", database, "-c", "SELECT 1"]


def test_databases_are_asked_as_the_record_says(page: Page) -> None:
    command = DATABASE_CHECK % "'SELECT current_user, current_database()'"
    answer = page.agent.ask("type:cnpg", target="sub_components", command=command)
    outputs = [result["output"] for result in answer["results"]]
    assert outputs == ["app_user|app_db", "keycloak|keycloak_db"]


def test_a_wrong_password_fails_and_the_pods_are_told(page: Page, tmp_path: Path) -> None:
    wrong = "wrong-password-of-the-test"
    secrets = {**page.world.secrets, "cnpg.app_db.password": wrong}
    world = replace(page.world, folder=tmp_path, secrets=secrets)
    with running_agent(world.setup(KUBECONFIG=str(page.cluster.kubeconfig()))) as agent:
        answer = agent.ask(
            "type:cnpg", target="sub_components", command=DOUBLE, on_failure=CLUSTER_PODS
        )
    assert answer["status"] == "failed"
    failed, passed = answer["results"]
    assert passed == BOTH_PASSED[1]
    assert failed["status"] == "failed"
    assert 'password authentication failed for user "app_user"' in failed["output"]
    assert failed["on_failure"]["status"] == "passed"
    assert failed["on_failure"]["output"].split()[:3] == ["cluster-db-1", "1/1", "Running"]
    assert wrong not in str(answer)


def test_a_missing_secret_is_told_before_anything_runs(page: Page, tmp_path: Path) -> None:
    secrets = {k: v for k, v in page.world.secrets.items() if k != "cnpg.keycloak_db.password"}
    page.recorder.clear()
    with running_agent(replace(page.world, folder=tmp_path, secrets=secrets).setup()) as agent:
        refused = agent.refused("type:cnpg", target="sub_components", command=DOUBLE)
    assert refused["code"] == "E_VAR_UNSET"
    assert "cnpg/keycloak_db" in refused["message"]
    assert page.recorder.told == [], "the first database was asked all the same"


def test_the_gateway_check_is_shown(page: Page) -> None:
    answer = page.agent.ask("apisix", target="links_to", command=GATEWAY_CHECK, dry_run=True)
    assert answer == {"status": "dry_run", "results": PUBLISHED, "next_cursor": None}


def test_a_shown_check_has_no_secret(page: Page) -> None:
    answer = page.agent.ask("type:cnpg", target="sub_components", command=DOUBLE, dry_run=True)
    shown = answer["results"][0]["command"]
    assert shown.startswith("PGPASSWORD=[secret] psql -h cluster-db-rw.db.svc.cluster.local -p ")
    assert shown.endswith('-U app_user -d app_db -c "SELECT 1"')


def test_kafka_is_diagnosed(page: Page) -> None:
    asked = page.agent.ask
    assert asked("kafka", target="component")["results"] == [LISTED[0]]
    assert asked("kafka", target="links_to")["results"] == []
    assert asked("kafka", target="links_from")["results"] == SCRAPED_BY
    answer = asked("kafka", command=PODS_CHECK)
    assert (answer["status"], answer["output"]) == ("passed", "9 running")


def test_valkey_answers_with_the_password_in_its_environment(page: Page) -> None:
    command = "REDISCLI_AUTH={password} valkey-cli -h {host} -p {port} ping"
    answer = page.agent.ask("valkey", command=command)
    assert (answer["status"], answer["output"]) == ("passed", "PONG")
    assert component(page.world.metadata, "valkey")["attributes"]["password"] == {"secret": True}


def test_a_wrong_valkey_password_fails(page: Page, tmp_path: Path) -> None:
    wrong = "wrong-password-of-the-test"
    secrets = {**page.world.secrets, "valkey.password": wrong}
    with running_agent(replace(page.world, folder=tmp_path, secrets=secrets).setup()) as agent:
        answer = agent.ask("valkey", command="valkey-cli -h {host} ping")
    assert answer["status"] == "failed"
    assert "NOAUTH" in answer["output"] or "WRONGPASS" in answer["output"]
    assert wrong not in str(answer)


def test_postgresql_says_that_it_is_ready(page: Page) -> None:
    answer = page.agent.ask("cnpg", command="pg_isready -h {host} -p {port}")
    assert answer["status"] == "passed"
    assert answer["output"].endswith("accepting connections")


def test_a_probe_changes_nothing_even_where_the_role_may(page: Page) -> None:
    """The language has no word for a change; this looks at what stands behind it."""
    command = DATABASE_CHECK % "'SELECT current_database() as name'"
    assert page.agent.ask("cnpg", target="sub_components", command=command)["status"] == "passed"
    for sql in ("CREATE TABLE mine (id integer)", "SELECT set_config(''x'', ''y'', false)"):
        refused = page.agent.refused(
            "cnpg", target="sub_components", command=DATABASE_CHECK % f'"{sql}"'
        )
        assert refused["code"] == "E_SQL"
