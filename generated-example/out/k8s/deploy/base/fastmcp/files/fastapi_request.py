"""One request to an API, made from an operation's path template and checked values.

In: an operation, its contract, values for path, query and body.
Out: path segments, query pairs and a body that fit their schemas; then the reply.
Must not know: MCP, or which operations are allowed.

Only the path, the query and a JSON body come from a caller. Header and cookie parameters are never
sent, and the one Authorization header is the credential of the link.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.exceptions import Unresolvable

from stacktic_mcp.core.toolkit import Link, Refusal
from stacktic_mcp.lib.decoding import decode_json
from stacktic_mcp.lib.http_client import Http
from stacktic_mcp.tools.fastapi.fastapi_document import Contract, Operation

MAX_BODY_BYTES = 64 * 1024
MAX_REPLY_BYTES = 1024 * 1024
MAX_DEPTH = 16
MAX_PATH_VALUE = 512
NO_TOKEN = "none"  # noqa: S105 -- the word that stands for no token

PLACEHOLDER = re.compile(r"\{([A-Za-z0-9._~-]+)\}")
UNSAFE_IN_PATH = re.compile(r"[/\\?#%\x00-\x1f\x7f]")

Scalar = str | int | float | bool
Values = Mapping[str, Scalar | Sequence[Scalar]]


@dataclass(frozen=True)
class Prepared:
    """A request that fits its contract."""

    method: str
    segments: tuple[str, ...]
    trailing_slash: bool
    query: list[tuple[str, str]]
    body: dict[str, Any] | None

    @property
    def path(self) -> str:
        """Return the path as it will be sent."""
        joined = "/".join(quote(segment, safe="") for segment in self.segments)
        return f"/{joined}/" if self.trailing_slash else f"/{joined}"


def prepare(
    operation: Operation,
    contract: Contract,
    path_values: Mapping[str, Scalar],
    query: Values,
    body: dict[str, Any] | None,
) -> Prepared:
    """Check every value against its schema and put the request together."""
    _ensure_sendable(contract)
    _check_values(contract, "path", path_values)
    _check_values(contract, "query", query)
    _check_body(contract, body)
    segments, trailing = _segments(operation.path, path_values)
    pairs = [
        (name, text_of(item))
        for name, value in query.items()
        for item in (value if isinstance(value, list) else [value])
    ]
    return Prepared(operation.method, segments, trailing, pairs, body)


def text_of(value: Any) -> str:
    """Return a value as it stands in a path or query."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _ensure_sendable(contract: Contract) -> None:
    for place in ("header", "cookie"):
        for name, facts in contract.located(place).items():
            if facts.get("required"):
                hint = f"the operation needs the {place} `{name[:60]}`, and none is ever sent"
                raise Refusal("E_UNAVAILABLE", hint)


def _check_values(contract: Contract, place: str, values: Values) -> None:
    known = contract.located(place)
    names = sorted(known)
    for name in values:
        if name not in known:
            raise Refusal("E_ARG", f"the operation has no such {place} parameter", names)
    for name, facts in known.items():
        if name in values:
            _check(contract, facts.get("schema", {}), values[name], f"{place} parameter {name}")
        elif facts.get("required"):
            raise Refusal("E_ARG", f"the {place} parameter `{name[:60]}` is missing", names)


def _check_body(contract: Contract, body: dict[str, Any] | None) -> None:
    if body is None:
        if contract.body_required:
            raise Refusal("E_ARG", "the operation needs a body")
        return
    if contract.body is None:
        raise Refusal("E_ARG", "the operation takes no body")
    if len(json.dumps(body, ensure_ascii=False).encode()) > MAX_BODY_BYTES:
        raise Refusal("E_LIMIT", f"a body has at most {MAX_BODY_BYTES} bytes")
    if _depth(body) > MAX_DEPTH:
        raise Refusal("E_LIMIT", f"a body is nested at most {MAX_DEPTH} deep")
    # Fields that the document does not name are refused, also where the API would ignore them.
    closed = {"allOf": [contract.body], "unevaluatedProperties": False}
    _check(contract, closed, body, "body")


def _check(contract: Contract, schema: dict[str, Any], value: Any, place: str) -> None:
    # References point into `components`; an empty registry fetches nothing from anywhere.
    whole = {**schema, "components": contract.components}
    validator = cast("Any", Draft202012Validator)(whole, registry=cast("Any", Registry)())
    try:
        error = next(validator.iter_errors(value), None)
    except (Unresolvable, re.error) as fault:
        raise Refusal("E_UNAVAILABLE", "the OpenAPI document has an unusable schema") from fault
    except RecursionError as fault:
        raise Refusal("E_ARG", f"{place[:80]}: nested too deep") from fault
    if error is not None:
        inner = ".".join(str(step) for step in error.absolute_path)[:60]
        where = f"{place[:80]} at {inner}" if inner else place[:80]
        raise Refusal("E_ARG", f"{where}: `{error.validator}` of its schema is not met")


def _depth(value: Any) -> int:
    """Count levels without recursion: the value may be as deep as JSON allows."""
    depth = 0
    level: list[Any] = [value]
    while level:
        depth += 1
        level = [inner for item in level for inner in _inner(item)]
    return depth


def _inner(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(cast("dict[str, Any]", value).values())
    return cast("list[Any]", value) if isinstance(value, list) else []


def _segments(template: str, values: Mapping[str, Scalar]) -> tuple[tuple[str, ...], bool]:
    texts = {name: _path_text(name, value) for name, value in values.items()}
    parts = template.removeprefix("/").split("/")
    trailing = len(parts) > 1 and not parts[-1]
    parts = parts[:-1] if trailing or parts == [""] else parts
    needed = set(PLACEHOLDER.findall(template))
    if needed != set(texts):
        raise Refusal("E_ARG", "path values and the path's placeholders differ", sorted(needed))
    return tuple(PLACEHOLDER.sub(lambda found: texts[found[1]], part) for part in parts), trailing


def _path_text(name: str, value: Scalar) -> str:
    text = text_of(value)
    plain = 0 < len(text) <= MAX_PATH_VALUE and not UNSAFE_IN_PATH.search(text)
    if not plain or not text.strip("."):
        hint = f"the path value `{name[:60]}` must be one plain segment without / \\ ? # %"
        raise Refusal("E_ARG", hint)
    return text


class Api(Http):
    """The API of a link; the address of each request is parsed again before it is sent."""

    def __init__(self, link: Link, prepared: Prepared, *, with_token: bool = True) -> None:
        """Take the request whose address is to be kept."""
        token = link.secret("TOKEN") if with_token else NO_TOKEN
        headers = {} if token == NO_TOKEN else {"authorization": f"Bearer {token}"}
        super().__init__(
            link,
            headers=lambda: dict(headers),
            credential="TOKEN",
            error_hint=validation_hint,
            max_bytes=MAX_REPLY_BYTES,
        )
        self._prepared = prepared

    def url(self, path_segments: Sequence[str]) -> str:
        """Return the address, refused when it would not be the one that was prepared."""
        url = super().url(path_segments) + ("/" if self._prepared.trailing_slash else "")
        sent = httpx.URL(url)
        same = (
            sent.raw_path == self._prepared.path.encode()
            and sent.host == self.link.value("HOST").lower()
            and (sent.port or _default_port(sent.scheme)) == self.link.number("PORT")
            and not sent.userinfo
            and not sent.fragment
        )
        if not same:
            raise Refusal("E_ARG", "the address would not stay as it was made")
        return url


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def validation_hint(status: int, body: bytes) -> str | None:
    """Tell which field a 422 of FastAPI is about: its place and kind, never its text."""
    if status != HTTPStatus.UNPROCESSABLE_ENTITY:
        return None
    try:
        first = cast("dict[str, Any]", decode_json(body)["detail"][0])
        place = ".".join(str(step) for step in first["loc"])
        kind = str(first["type"])
    except (ValueError, KeyError, IndexError, TypeError, Refusal):
        return "the API refused the values"
    words = [re.sub(r"[^A-Za-z0-9_.-]", "", word)[:60] for word in (place, kind)]
    return f"the API refused {words[0]}: {words[1]}"
