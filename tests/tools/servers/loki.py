"""A stub of Loki that keeps pushed lines, tells tenants apart and refuses as Loki does.

Checked against grafana/loki at 65e30f84: docs/sources/reference/loki-http-api.md for paths,
parameters and answers; pkg/util/server/error.go, pkg/logqlmodel/error.go, pkg/loghttp/query.go
and pkg/util/validation/validate.go for statuses and texts of errors.

In: lines that a test pushes, requests of the tools.
Out: answers in the forms of that document.
Must not know: the tools' own fences. Of LogQL it reads selectors, line filters and
`count_over_time`, alone or under `sum by`; everything else is a parse error, as for Loki.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from servers.stub import Reply, Request, Stub, serving

TENANT = "stack-3"
NANO = 10**9
MAX_ENTRIES = 5000
NO_EQUALITY = "parse error : queries require at least one regexp or equality matcher"
TOO_MANY_ENTRIES = "max entries limit per query exceeded, limit > max_entries_limit_per_query"
INSTANT_LOG_QUERY = (
    "log queries are not supported as an instant query type, "
    "please change your query to a range query type"
)
_MATCHER = re.compile(r'\s*([A-Za-z_]\w*)\s*(=~|!=|!~|=)\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
_LOG = re.compile(r'^\s*\{(?P<matchers>[^}]*)\}\s*(?P<filters>(?:\|[=~]\s*"(?:[^"\\]|\\.)*"\s*)*)$')
_FILTER = re.compile(r'\|([=~])\s*"((?:[^"\\]|\\.)*)"')
_COUNT = re.compile(
    r"^count_over_time\((?P<log>.*)\[(?P<number>\d+)(?P<unit>[smh])\]\)$", re.DOTALL
)
_SUM = re.compile(r"^sum by \((?P<label>\w+)\) \((?P<inner>.*)\)$", re.DOTALL)

Labels = dict[str, str]


class RefusedError(Exception):
    """A request that Loki does not carry out."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.reply = Reply(status, text)


@dataclass
class Lines:
    """What was pushed, a tenant at a time."""

    entries: list[tuple[str, Labels, int, str]] = field(default_factory=list[Any])
    bytes_per_entry: int = 100
    stats: Any = "counted"

    def push(self, line: str, tenant: str = TENANT, ago: float = 10, **labels: str) -> None:
        """Keep a line of some seconds ago."""
        self.entries.append((tenant, labels, int((time.time() - ago) * NANO), line))

    def select(self, request: Request, selector: str) -> list[tuple[Labels, int, str]]:
        """Return the lines of a tenant that a selector opens between `start` and `end`."""
        start, end = _bounds(request)
        matchers = _matchers(selector)
        return [
            (labels, at, line)
            for tenant, labels, at, line in sorted(self.entries, key=lambda entry: entry[2])
            if tenant == request.headers["x-scope-orgid"]
            and start <= at < end
            and all(matches(labels.get(name, "")) for name, matches in matchers)
        ]


@contextmanager
def running(lines: Lines) -> Generator[Stub]:
    """Serve what was pushed."""
    with serving(lambda request: _answer(lines, request)) as stub:
        yield stub


def _answer(lines: Lines, request: Request) -> Reply:
    if not request.headers.get("x-scope-orgid"):
        return Reply(401, "no org id")
    routes: dict[tuple[str, ...], Callable[[Lines, Request], Reply]] = {
        ("query",): _query,
        ("query_range",): _query_range,
        ("labels",): _labels,
        ("series",): _series,
        ("index", "stats"): _stats,
    }
    path = request.path[3:]
    route = routes.get(path) or (
        _values if path[:1] == ("label",) and path[2:] == ("values",) else None
    )
    if request.method != "GET" or request.path[:3] != ("loki", "api", "v1") or route is None:
        return Reply(404, "404 page not found")
    try:
        return route(lines, request)
    except RefusedError as refused:
        return refused.reply


def _success(data: Any) -> Reply:
    return Reply(200, {"status": "success", "data": data})


def _bounds(request: Request) -> tuple[int, int]:
    now = time.time_ns()
    start = int(request.first("start", str(now - 6 * 3600 * NANO)))
    end = int(request.first("end", str(now)))
    if end <= start:
        raise RefusedError(400, "end timestamp must not be before or equal to start time")
    return start, end


def _matchers(selector: str) -> list[tuple[str, Callable[[str], bool]]]:
    text = selector.strip()
    if not (text.startswith("{") and text.endswith("}")):
        raise RefusedError(400, "parse error at line 1, col 1: syntax error")
    found: list[tuple[str, Callable[[str], bool]]] = []
    position, inner = 0, text[1:-1]
    while position < len(inner):
        match = _MATCHER.match(inner, position)
        if match is None:
            raise RefusedError(400, "parse error at line 1, col 2: syntax error")
        found.append((match[1], _test(match[2], match[3].encode().decode("unicode_escape"))))
        position = match.end()
    if not any(not matches("") for _, matches in found):
        raise RefusedError(400, NO_EQUALITY)
    return found


def _test(mark: str, value: str) -> Callable[[str], bool]:
    if mark in {"=", "!="}:
        return lambda text: (text == value) == (mark == "=")
    return lambda text: bool(re.fullmatch(value, text)) == (mark == "=~")


def _log_lines(lines: Lines, request: Request, query: str) -> list[tuple[Labels, int, str]]:
    match = _LOG.match(query)
    if match is None:
        raise RefusedError(400, "parse error at line 1, col 1: syntax error: unexpected IDENTIFIER")
    found = lines.select(request, "{" + match["matchers"] + "}")
    for mark, raw in _FILTER.findall(match["filters"]):
        value = raw.encode().decode("unicode_escape")
        pattern = value if mark == "~" else re.escape(value)
        found = [entry for entry in found if re.search(pattern, entry[2])]
    return found


def _count(lines: Lines, request: Request, query: str, at: int) -> list[tuple[Labels, int]]:
    """Evaluate a metric query at a moment."""
    outer = _SUM.match(query)
    inner = _COUNT.match(outer["inner"] if outer else query)
    if inner is None:
        raise RefusedError(400, "parse error at line 1, col 1: syntax error")
    span = int(inner["number"]) * {"s": 1, "m": 60, "h": 3600}[inner["unit"]] * NANO
    bounds = [("start", str(at - span)), ("end", str(at))]
    window = Request("GET", request.path, bounds, request.headers, None)
    counts: dict[tuple[tuple[str, str], ...], int] = {}
    for labels, _, _ in _log_lines(lines, window, inner["log"]):
        chosen = {outer["label"]: labels.get(outer["label"], "")} if outer else labels
        key = tuple(sorted(chosen.items()))
        counts[key] = counts.get(key, 0) + 1
    return [(dict(key), value) for key, value in counts.items()]


def _query(lines: Lines, request: Request) -> Reply:
    query = request.first("query")
    if _LOG.match(query):
        return Reply(400, INSTANT_LOG_QUERY)
    at = int(request.first("time", str(time.time_ns())))
    result = [
        {"metric": labels, "value": [at / NANO, str(value)]}
        for labels, value in _count(lines, request, query, at)
    ]
    return _success({"resultType": "vector", "result": result, "stats": {}})


def _query_range(lines: Lines, request: Request) -> Reply:
    query, limit = request.first("query"), int(request.first("limit", "100"))
    start, end = _bounds(request)
    if limit > MAX_ENTRIES:
        return Reply(400, f"{TOO_MANY_ENTRIES} ({limit} > {MAX_ENTRIES})")
    if not _LOG.match(query):
        return _matrix(lines, request, start, end)
    found = _log_lines(lines, request, query)
    if request.first("direction", "backward") == "backward":
        found.reverse()
    streams: dict[tuple[tuple[str, str], ...], list[list[str]]] = {}
    for labels, at, line in found[:limit]:
        streams.setdefault(tuple(sorted(labels.items())), []).append([str(at), line])
    result = [{"stream": dict(key), "values": values} for key, values in streams.items()]
    return _success({"resultType": "streams", "result": result, "stats": {}})


def _matrix(lines: Lines, request: Request, start: int, end: int) -> Reply:
    step = int(request.first("step").removesuffix("s")) * NANO
    series: dict[tuple[tuple[str, str], ...], list[list[Any]]] = {}
    for at in range(start, end + 1, step):
        for labels, value in _count(lines, request, request.first("query"), at):
            series.setdefault(tuple(sorted(labels.items())), []).append([at / NANO, str(value)])
    result = [{"metric": dict(key), "values": values} for key, values in series.items()]
    return _success({"resultType": "matrix", "result": result, "stats": {}})


def _streams(lines: Lines, request: Request) -> list[Labels]:
    start, end = _bounds(request)
    tenant = request.headers["x-scope-orgid"]
    return [
        labels for owner, labels, at, _ in lines.entries if owner == tenant and start <= at < end
    ]


def _labels(lines: Lines, request: Request) -> Reply:
    return _success(sorted({name for labels in _streams(lines, request) for name in labels}))


def _values(lines: Lines, request: Request) -> Reply:
    name = request.path[4]
    return _success(sorted({labels[name] for labels in _streams(lines, request) if name in labels}))


def _series(lines: Lines, request: Request) -> Reply:
    selectors = request.every("match[]")
    if not selectors:
        return Reply(400, "0 matcher groups supplied")
    found = [labels for one in selectors for labels, _, _ in lines.select(request, one)]
    return _success(
        [dict(key) for key in dict.fromkeys(tuple(sorted(one.items())) for one in found)]
    )


def _stats(lines: Lines, request: Request) -> Reply:
    if lines.stats != "counted":
        return lines.stats
    found = lines.select(request, request.first("query"))
    streams = {tuple(sorted(labels.items())) for labels, _, _ in found}
    size = len(found) * lines.bytes_per_entry
    return Reply(
        200, {"streams": len(streams), "chunks": len(streams), "entries": len(found), "bytes": size}
    )
