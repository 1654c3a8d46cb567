"""Accounts of servers of language models, read from what these are given.

In: the folder of a component. Out: its accounts by principal.
Must not know the catalog: rules of the guard before Ollama are read by HAProxy's grammar, routes of
LiteLLM and keys of vLLM as these servers read them.
"""

import json
import re
from pathlib import Path

from levels.account import Account, Accounts, level, listed, objects, present, sorted_words
from levels.sayings import Json
from output_checker import yaml_reading

# What asks a model, among the paths of the API of OpenAI, and changes nothing on its server.
ASKS: dict[str, str] = {
    "/v1/chat/completions": "read",
    "/v1/completions": "read",
    "/v1/embeddings": "read",
    "/v1/models": "read",
    "/v1/responses": "read",
}

# --- Ollama: https://docs.haproxy.org/3.2/configuration.html#4.2-http-request%20allow

ALLOWS = re.compile(
    r"http-request allow if \{ method (\w+) \} \{ path (\S[^{}]*\S) \}"
    r' \{ http_auth_bearer -m str "\$\{(\w+)\}" \}'
)
DENIES = "http-request deny deny_status 401"


def ollama(folder: Path) -> Accounts:
    values: Json = yaml_reading.read_file(folder / "values.yaml")
    guard: Json = values["initContainers"][0]
    config: str = next(one["value"] for one in guard["env"] if one["name"] == "GUARD")
    frontend = [line.strip() for line in config.partition("frontend openai")[2].splitlines()]
    rules = [line for line in frontend if line.startswith("http-request ")]
    last = rules.index(DENIES)
    keys: dict[str, str] = {
        one["name"]: one["valueFrom"]["secretKeyRef"]["key"]
        for one in guard["env"]
        if "valueFrom" in one
    }
    can: dict[str, dict[str, list[str]]] = {name: {} for name in keys.values()}
    for rule in rules[:last]:
        found = ALLOWS.fullmatch(rule)
        assert found, f"{folder}: the guard says {rule}"
        can[keys[found[3]]].setdefault(found[1], []).extend(found[2].split())
    return {
        name: Account(
            level((path for paths in methods.values() for path in paths), ASKS),
            {},
            present({method: sorted_words(paths) for method, paths in methods.items()}),
        )
        for name, methods in can.items()
    }


# --- LiteLLM: https://docs.litellm.ai/docs/proxy/virtual_keys


def litellm(folder: Path) -> Accounts:
    (config,) = objects(folder, "keys.yaml")
    accounts: list[Json] = json.loads(config["data"]["accounts.json"])
    return {
        one["name"]: Account(
            level(one["routes"], ASKS), {}, present({"routes": sorted_words(one["routes"])})
        )
        for one in accounts
    }


# --- vLLM: https://docs.vllm.ai/en/latest/usage/security


def vllm(folder: Path) -> Accounts:
    """Read the key of each server, which opens all of its API and no other server."""
    values: Json = yaml_reading.read_file(folder / "values.yaml")
    servers: list[Json] = listed(values["servingEngineSpec"]["modelSpec"])
    found: Accounts = {}
    for model in servers:
        (key,) = [one for one in model["env"] if one["name"] == "VLLM_API_KEY"]
        assert key["valueFrom"]["secretKeyRef"]["name"].endswith(f".{model['name']}"), folder
        found[model["name"]] = Account(
            "read", {}, {"paths": sorted_words(["everything below /v1"])}
        )
    return found
