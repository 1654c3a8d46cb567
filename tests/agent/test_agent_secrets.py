"""No secret leaves the agent but into the environment of the one program that needs it.

In: an agent whose secrets are canaries and whose programs tell everything they know.
Out: every reply, header, log line, metric and argument vector, without a canary in any form.
Must not know: how text is redacted.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import subprocess
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from agent_process import Agent, digest, running_agent
from canaries import Sampler, begun, canaries, leaks, sampling, strings
from check_recorder import Recorder, recording
from generated import Generated
from programs import add_actors, make_folder
from secret_calls import DATABASES, FORMS, REFUSED, Body, accepted, acting
from world import Metadata, World, changed, component, secret_files

pytest_plugins = ["agent_fixtures"]


@dataclass
class Search:
    """An agent with canaries, and everything that came out of it."""

    agent: Agent
    recorder: Recorder
    values: dict[str, str]
    replies: list[tuple[Body, httpx.Response]] = field(
        default_factory=list[tuple[Body, httpx.Response]]
    )
    sampler: Sampler = field(default_factory=Sampler)

    def everything(self) -> list[str]:
        """Return what no canary and no API key may be found in."""
        return [*self.values.values(), self.agent.setup.key, digest(self.agent.setup.key)]


def elsewhere(metadata: Metadata) -> None:
    """Let one component live in another stack."""
    found = component(metadata, "langflow")
    found["is_external"] = True
    found["external_stack"] = "another"


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory, output: Generated) -> Generator[Search]:
    folder = tmp_path_factory.mktemp("search")
    metadata = changed(output.metadata(), elsewhere)
    values = canaries(secret_files(metadata))
    with recording() as recorder:
        programs = add_actors(make_folder(folder / "bin", recorder.port))
        world = World(folder, metadata, values, secrets.token_hex(16), programs)
        with running_agent(world.setup()) as agent:
            found = Search(agent, recorder, values)
            with sampling(found.everything()) as found.sampler:
                for body in (*accepted(), *REFUSED.values()):
                    found.replies.append((body, agent.post(body)))
                found.replies.append(({}, agent.send("GET", "/metadata/structure")))
                found.replies.append(({}, agent.send("GET", "/metadata/fields/cnpg")))
                found.replies.append(({}, agent.send("GET", "/metadata/structure", headers={})))
            yield found


def test_the_programs_did_get_their_secrets(search: Search) -> None:
    """Without this, the other tests would hold for an agent that hands out nothing."""
    replies = [reply.json() for body, reply in search.replies if "facts" in str(body)]
    hashes = {json.loads(item["output"])["hash"] for item in replies[0]["results"]}
    names = ("cnpg.app_db.password", "cnpg.keycloak_db.password")
    assert hashes == {hashlib.sha256(search.values[name].encode()).hexdigest() for name in names}
    assert sum("say" in told.get("word", "") for told in search.recorder.told) > 80


@pytest.mark.parametrize("form", FORMS)
def test_the_search_sees_what_a_program_says(search: Search, form: str) -> None:
    """What the agent takes out is there before, in a form that the search knows."""
    program = Path(search.agent.setup.environ["PATH"]) / "psql"
    for value in search.values.values():
        said = subprocess.run(
            [program, "-c", f"SELECT 'say-{form}-both'"],
            env={"PGPASSWORD": value},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert leaks(said.stdout, [value]), value
        assert leaks(said.stderr, [value]), value


def test_calls_went_as_they_should(search: Search) -> None:
    statuses = [reply.status_code for _, reply in search.replies]
    assert statuses.count(200) == len(list(accepted())) + 2
    assert statuses.count(422) == len(REFUSED) == 21


@pytest.mark.parametrize("code", REFUSED)
def test_each_code_is_met(search: Search, code: str) -> None:
    (reply,) = [reply for body, reply in search.replies if body is REFUSED[code]]
    assert reply.json()["error"]["code"] == code


def test_no_reply_holds_a_secret(search: Search) -> None:
    for body, reply in search.replies:
        texts = [reply.text, str(reply.headers), *strings(reply.json())]
        found = leaks("\n".join(texts), search.everything())
        assert found == [], (body.get("command"), found)


def test_what_was_taken_out_is_marked(search: Search) -> None:
    asked: Body = {**DATABASES, "command": acting("say-plain-out")}
    said = next(reply for body, reply in search.replies if body == asked)
    outputs = [result["output"] for result in said.json()["results"]]
    assert outputs == ["begin [secret] end", "begin [secret] end"]


def test_no_cut_text_ends_in_the_middle_of_a_secret(search: Search) -> None:
    cut = [reply for body, reply in search.replies if "long-" in str(body)]
    assert len(cut) > 50
    for reply in cut:
        for result in reply.json()["results"]:
            assert begun(result["output"], search.values.values()) == []
            assert len(result["output"].encode()) <= 16 * 1024 + len("[secret]")


def test_log_and_metrics_hold_no_secret(search: Search) -> None:
    lines = search.agent.log_lines()
    assert len(lines) > len(search.replies)
    texts = [search.agent.log(), *strings(lines)]
    texts.append(search.agent.send("GET", "/metrics", headers={}).text)
    assert leaks("\n".join(texts), search.everything()) == []


def test_no_argument_vector_holds_a_secret(search: Search) -> None:
    sampler = search.sampler
    assert sampler.samples > 20
    assert any(b"/psql\0" in raw and b"ON_ERROR_STOP" in raw for raw in sampler.seen), (
        "no check was seen"
    )
    assert sampler.found == []


def test_no_argument_of_a_program_is_a_secret(search: Search) -> None:
    vectors = [json.dumps(told["argv"]) for told in search.recorder.told if "argv" in told]
    assert len(vectors) > 100
    assert leaks("\n".join(vectors), search.everything()) == []


def test_a_filter_cannot_be_asked_what_a_secret_is(search: Search) -> None:
    where: Body = {"where": {"name": "app_db"}}
    value = search.values["cnpg.app_db.password"]
    for word, passed in ((value[:4], False), (value, False), ("begin", True)):
        command = acting("say-plain-out") + f" | grep -c {word}"
        answer = search.agent.ask(**DATABASES, **where, command=command)
        assert (answer["status"] == "passed") == passed, word


def test_a_program_of_one_record_gets_no_secret_of_another(search: Search) -> None:
    search.recorder.clear()
    where: Body = {"where": {"name": "keycloak_db"}}
    answer = search.agent.ask(**DATABASES, **where, command=acting("facts"))
    wanted = hashlib.sha256(search.values["cnpg.keycloak_db.password"].encode()).hexdigest()
    assert json.loads(answer["output"])["hash"] == wanted
    assert len(search.recorder.told) == 1


def test_a_secret_that_a_caller_wrote_is_not_logged(search: Search) -> None:
    value = search.values["cnpg.app_db.password"]
    refused = search.agent.refused(
        **DATABASES, command=f"PGPASSWORD={value} psql -h {{host}} -c 'SELECT 1'"
    )
    assert refused["code"] == "E_ENV_VALUE"
    assert leaks(search.agent.log(), [value]) == []


def test_metadata_alone_knows_no_secret(search: Search) -> None:
    text = Path(search.agent.setup.metadata).read_text(encoding="utf-8")
    assert leaks(text, search.everything()) == []
