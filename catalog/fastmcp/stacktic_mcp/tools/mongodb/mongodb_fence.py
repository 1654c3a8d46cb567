"""The fence before MongoDB's own: queries that read the linked database and do nothing else.

In: a filter or a pipeline, as decoded JSON.
Out: nothing, or a `Refusal` that names the word.
Must not know: connections. It is not what keeps the data safe: the user with the role `read` of
the linked databases does that. Yet that role may run JavaScript at the server ($where, $function)
and look into any other database that it reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from stacktic_mcp.core.toolkit import Refusal
from stacktic_mcp.tools.mongodb.mongodb_operators import OPERATORS, STAGES
from stacktic_mcp.tools.mongodb.mongodb_values import is_value

MAX_DEPTH = 32
MAX_STAGES = 20
# A field path of the server's own begins so; `system.` holds users, code and views.
SYSTEM = "system."
# Stages that read a second collection, and where they name it.
_JOINS = {"$lookup": "from", "$graphLookup": "from", "$unionWith": "coll"}


def ensure_filter(value: Any, depth: int = 0) -> None:
    """Refuse an operator that is not on the list, wherever it stands."""
    if depth > MAX_DEPTH:
        raise Refusal("E_ARG", f"a query is nested {MAX_DEPTH} levels deep at most")
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            ensure_filter(item, depth + 1)
    document = cast("Mapping[str, Any]", value if isinstance(value, Mapping) else {})
    if is_value(document):
        return
    for name, item in document.items():
        if name.startswith("$") and name not in OPERATORS:
            raise _refused(name)
        if "\0" in name:
            raise Refusal("E_ARG", "a name has no zero byte in it")
        ensure_filter(item, depth + 1)


def ensure_pipeline(value: Any, depth: int = 0) -> None:
    """Refuse a stage or an operator that is not on the list, in the pipelines within as well."""
    if depth > MAX_DEPTH:
        raise Refusal("E_ARG", f"a pipeline is nested {MAX_DEPTH} levels deep at most")
    stages = cast("list[Any]", value) if isinstance(value, list) else None
    if stages is None or len(stages) > MAX_STAGES:
        raise Refusal("E_ARG", f"a pipeline is a list of {MAX_STAGES} stages at most")
    for stage in stages:
        if not isinstance(stage, Mapping) or len(cast("Mapping[str, Any]", stage)) != 1:
            raise Refusal("E_ARG", "a stage is an object with one name, such as $match")
        ((name, body),) = cast("Mapping[str, Any]", stage).items()
        if name not in STAGES:
            raise _refused(name)
        _ensure_body(name, body, depth)


def ensure_collection(name: Any) -> None:
    """Refuse what is no plain name of a collection of the same database."""
    if not isinstance(name, str) or not name:
        hint = "a second collection is one of the same database, named by a text"
        raise Refusal("E_SCOPE", hint)
    if name.startswith(SYSTEM) or "$" in name or "\0" in name:
        raise Refusal("E_SCOPE", "collections of the server's own are not open to read tools")


def _ensure_body(name: str, body: Any, depth: int) -> None:
    if name == "$facet":
        if not isinstance(body, Mapping):
            raise Refusal("E_ARG", "$facet has an object of pipelines")
        for pipeline in cast("Mapping[str, Any]", body).values():
            ensure_pipeline(pipeline, depth + 1)
    elif name in _JOINS:
        _ensure_join(name, body, depth)
    else:
        ensure_filter(body, depth + 1)


def _ensure_join(name: str, body: Any, depth: int) -> None:
    """Look at the collection that is joined, and at the pipeline over it."""
    if name == "$unionWith" and isinstance(body, str):
        body = {"coll": body}
    if not isinstance(body, Mapping):
        raise Refusal("E_ARG", f"{name} has an object")
    parts = dict(cast("Mapping[str, Any]", body))
    # Without a collection a join reads what its own pipeline makes up, and that is not on the list.
    ensure_collection(parts.pop(_JOINS[name], None))
    if "pipeline" in parts:
        ensure_pipeline(parts.pop("pipeline"), depth + 1)
    ensure_filter(parts, depth + 1)


def _refused(name: str) -> Refusal:
    return Refusal("E_SQL", f"{name[:64]} is not open to read tools")
