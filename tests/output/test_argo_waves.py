"""Waves of Argo CD wait: the health of an Application, by the script in the values of its chart.

In: the generated values of argo_cd, and an Application in each state of its life. Out: whether the
wave after it begins. The script runs in the language that Argo CD runs it in, Lua 5.1, with nothing
but its base library.
"""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from lupa.lua51 import LuaRuntime  # pyright: ignore[reportMissingTypeStubs]

from output_checker import yaml_reading

EXAMPLE = Path(__file__).resolve().parents[2] / "generated-example" / "out"
KEY = "resource.customizations.health.argoproj.io_Application"
# What Argo CD gives to a script: no files, no processes, no modules.
WITHHELD = ("io", "os", "require", "dofile", "loadfile", "debug")

type State = dict[str, Any]


def script() -> str:
    """The script as Argo CD reads it."""
    values = yaml_reading.read_file(EXAMPLE / "k8s/deploy/base/argo-cd/values.yaml")
    return values["configs"]["cm"][KEY]


def application(name: str) -> State:
    """An Application of the example, synced and well."""
    text = (EXAMPLE / f"argocd/dev/{name}.yaml").read_text()
    found: State = yaml.safe_load(text)
    spec = found["spec"]
    compared = {key: spec[key] for key in ("source", "sources", "destination") if key in spec}
    compared.setdefault("source", {"repoURL": ""})
    found["status"] = {
        "sync": {"status": "Synced", "comparedTo": copy.deepcopy(compared)},
        "operationState": {"phase": "Succeeded"},
        "health": {"status": "Healthy"},
    }
    return found


def health(state: State) -> str:
    """What the script says of an Application in this state."""
    lua: Any = LuaRuntime(unpack_returned_tuples=True)
    for name in WITHHELD:
        lua.globals()[name] = None
    ask = lua.eval(f"function(obj)\n{script()}\nend")
    answer = ask(lua.table_from(state, recursive=True))
    assert isinstance(answer["message"], str)
    return answer["status"]


def changed(state: State, path: str, value: object) -> State:
    """The state with another value at a path, or with none."""
    state = copy.deepcopy(state)
    *above, last = path.split(".")
    place = state
    for key in above:
        place = place[key]
    if value is None:
        place.pop(last)
    else:
        place[last] = value
    return state


AUTOMATED = ["applications/cnpg", "operators/cnpg", "operators/rabbitmq", "namespaces"]


@pytest.mark.parametrize("name", AUTOMATED)
def test_one_that_is_well_lets_the_next_wave_begin(name: str) -> None:
    assert health(application(name)) == "Healthy"


@pytest.mark.parametrize("name", AUTOMATED)
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("status", None),
        ("status.sync", None),
        ("status.sync.status", "OutOfSync"),
        ("status.sync.status", "Unknown"),
        ("status.sync.comparedTo", None),
        ("status.sync.comparedTo.destination", {"namespace": "elsewhere"}),
        ("spec.destination.namespace", "elsewhere"),
        ("operation", {"sync": {}}),
        ("status.operationState.phase", "Running"),
        ("status.operationState.phase", "Failed"),
        ("status.operationState.phase", "Error"),
        ("status.operationState.phase", "Terminating"),
        ("status.health", None),
        ("status.health.status", "Missing"),
        ("status.health.status", "Progressing"),
        ("status.health.status", "Suspended"),
        ("status.health.status", "Unknown"),
        # Degraded would end the sync of the root, and all later waves with it.
        ("status.health.status", "Degraded"),
    ],
)
def test_one_that_is_not_there_yet_is_waited_for(name: str, path: str, value: object) -> None:
    assert health(changed(application(name), path, value)) == "Progressing"


@pytest.mark.parametrize("name", AUTOMATED)
def test_an_older_specification_says_nothing_of_this_one(name: str) -> None:
    state = application(name)
    source = (state["spec"].get("sources") or [state["spec"]["source"]])[-1]
    source["targetRevision"] = "another"
    assert health(state) == "Progressing"


def test_what_was_in_step_from_the_start_needs_no_sync() -> None:
    state = changed(application("applications/cnpg"), "status.operationState", None)
    assert health(state) == "Healthy"


@pytest.mark.parametrize("policy", [None, {}, {"automated": {"enabled": False}}])
def test_nobody_waits_for_what_a_person_syncs(policy: State | None) -> None:
    state = changed(application("applications/cnpg"), "spec.syncPolicy", policy)
    for path, value in [("status", None), ("status.health.status", "Degraded")]:
        assert health(changed(state, path, value)) == "Healthy"


def test_every_component_may_bring_its_own_kinds() -> None:
    files = sorted((EXAMPLE / "argocd").glob("*/applications/*.yaml"))
    assert files
    for file in files:
        options = yaml.safe_load(file.read_text())["spec"]["syncPolicy"]["syncOptions"]
        assert "SkipDryRunOnMissingResource=true" in options, file
