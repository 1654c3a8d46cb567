"""Call the read tools of an entry against a recorder, and tell which of them write.

In (standard input): `{"core": {module: source}, "modules": {module: source}, "type": text,
"tools": [definition]}`.
Out (standard output): `{"writes": [{tool, request}], "unseen": [{tool, fact}],
"differs": [{tool, key, fact}], "broken": text or null}`.
Must not know: any single tool, or a network: no request leaves this process, no file is written
and no program started. A POST counts as a write unless its path ends as one of the module's own
`READS_BY_POST` does: some backends take questions so.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.abc
import importlib.util
import json
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

# The program ends this one sooner, unless it is gone itself.
LONGEST_RUN_SECONDS = 120
LONGEST_CALL_SECONDS = 5
READING = frozenset({"GET", "HEAD", "OPTIONS"})
# What a backend may answer; a tool that refuses one of them may go on after another.
ANSWERS: tuple[Any, ...] = ({}, [], [{}], {"data": {"result": []}}, {"items": []})
NAME = "trial"
FORBIDDEN = (
    "socket.connect", "socket.sendto", "socket.sendmsg", "subprocess.Popen", "os.system", "os.exec",
    "os.posix_spawn", "os.fork", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate",
)  # fmt: skip

regex: Any = importlib.import_module("re._parser")
op: Any = importlib.import_module("re._constants")


class Given(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Modules whose text was given; their packages are made up."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        """Serve these before any that are installed."""
        self.sources = sources

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:  # noqa: ARG002
        """Say whether a module is one of ours."""
        is_package = any(name.startswith(f"{fullname}.") for name in self.sources)
        if not is_package and fullname not in self.sources:
            return None
        return importlib.util.spec_from_loader(fullname, self, is_package=is_package)

    def exec_module(self, module: Any) -> None:
        """Run the text of a module."""
        text = self.sources.get(module.__name__, "")
        exec(compile(text, f"{module.__name__}.py", "exec"), module.__dict__)  # noqa: S102


class Recorder:
    """What a tool did while it was called."""

    def __init__(self) -> None:
        """Look on from the first call on."""
        self.calling = False
        self.requests: list[tuple[str, str]] = []
        self.others: list[str] = []
        self.answer: Any = None
        self.answered = False

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Refuse what leaves the process by another way than HTTP."""
        if not self.calling:
            return
        writes = (
            event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
        )
        if event in FORBIDDEN or writes:
            self.others.append(event)
            message = f"{event} is not for a tool on trial"
            raise PermissionError(message)

    def reply(self, request: httpx.Request) -> httpx.Response:
        """Note a request and answer it."""
        self.requests.append((request.method, request.url.path))
        body = httpx.ByteStream(json.dumps(self.answer).encode())
        headers = {"content-type": "application/json"}
        return httpx.Response(200, headers=headers, stream=body, request=request)


class Anything(Mapping[str, Any]):
    """Settings and closed lists of a link that nobody drew."""

    def __init__(self, make: Any) -> None:
        """`make` gives the value of a name."""
        self.make = make

    def __getitem__(self, name: str) -> Any:
        """Return the value of a name."""
        return self.make(name)

    def __iter__(self) -> Iterator[str]:
        """List nothing: every name is there."""
        return iter(())

    def __len__(self) -> int:
        """Count nothing."""
        return 0


def setting(name: str) -> str:
    """Return a value of the form that a setting of that name has."""
    forms = {
        "PORT": "80",
        "URL": "http://trial:80",
        "SCHEME": "http",
        "SECURE": "false",
        "TLS": "false",
    }
    return forms.get(name.rsplit("_", 1)[-1], "false" if name.endswith("_ACCESS") else NAME)


def class_of(sources: Mapping[str, str], name: str) -> Any:
    """Return a class of the server, wherever it is defined."""
    written = re.compile(rf"^class {name}\b", re.MULTILINE)
    owner = next(module for module, text in sources.items() if written.search(text))
    return getattr(importlib.import_module(owner), name)


def matching(parts: Any) -> str:
    """Return the shortest text that a parsed pattern matches."""
    text = ""
    for code, argument in parts:
        if code is op.LITERAL:
            text += chr(argument)
        elif code is op.IN:
            text += one_of(argument)
        elif code is op.MAX_REPEAT:
            text += matching(argument[2]) * argument[0]
        elif code is op.SUBPATTERN:
            text += matching(argument[3])
        elif code is op.BRANCH:
            text += matching(argument[1][0])
        elif code is not op.AT:
            text += "a"
    return text


def one_of(members: Any) -> str:
    """Return a sign of a class."""
    code, argument = members[0]
    if code is op.LITERAL:
        return chr(argument)
    return chr(argument[0]) if code is op.RANGE else "a"


def value(schema: Mapping[str, Any]) -> Any:
    """Return a value that fits a schema."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        first = schema["enum"][0]
        return NAME if isinstance(first, str) and first.startswith("<topology:") else first
    if "anyOf" in schema:
        return value(next((part for part in schema["anyOf"] if part.get("type") != "null"), {}))
    kind = schema.get("type")
    if kind in {"integer", "number"}:
        return schema.get("minimum", 1)
    if kind == "array":
        return [value(schema.get("items", {})) for _ in range(schema.get("minItems", 0))]
    if kind == "object":
        return arguments(schema, whole=False)
    if kind == "boolean":
        return True
    made = matching(regex.parse(schema["pattern"])) if "pattern" in schema else ""
    return made or "a" * max(1, schema.get("minLength", 1))


def arguments(
    schema: Mapping[str, Any], *, whole: bool, without: str | None = None
) -> dict[str, Any]:
    """Return the arguments that must be given, or all."""
    required = schema.get("required", [])
    parts = schema.get("properties", {}).items()
    return {
        name: value(part) for name, part in parts if name != without and (whole or name in required)
    }


def toolset(
    given: Mapping[str, Any], lists: Mapping[str, Any], recorder: Recorder
) -> tuple[Any, tuple[str, ...]]:
    """Return what the modules register on a link with these closed lists, and the reads by POST."""
    core = given["core"]
    settings = class_of(core, "Settings")(
        Anything(setting), Path("/nonexistent"), Path("/nonexistent")
    )
    settings.__class__.secret = lambda _self, key: f"{key}-on-trial"
    link = class_of(core, "Link")(
        component=NAME, type=given["type"], write_access=True, enums=lists,
        data=Anything(lambda _name: NAME), env="MCP_TRIAL", settings=settings,
    )  # fmt: skip
    topology = class_of(core, "Topology")(
        stack=NAME, domain="trial.example.com", server=NAME, components=(), modules=()
    )
    runtime = class_of(core, "Runtime")(
        settings, topology, class_of(core, "CursorSigner")(b"trial"), lambda: True
    )
    tools = class_of(core, "Toolset")([link], runtime)
    posts: list[str] = []
    recorder.calling = True  # a module does nothing while it is imported
    try:
        for name in given["modules"]:
            module = importlib.import_module(name)
            posts += getattr(module, "READS_BY_POST", ())
            register = getattr(module, "register", None)
            if register is not None:
                register(tools)
    finally:
        recorder.calling = False
    return tools, tuple(posts)


def described(tool: Any) -> dict[str, Any]:
    """Return what a definition says of a registered tool, by the keys of the definition."""
    listed = tool.to_mcp_tool()
    hints, traits = listed.annotations, tool.traits
    return {
        "description": listed.description,
        "destructive": bool(hints and hints.destructive_hint),
        "idempotent": bool(hints and hints.idempotent_hint),
        "timeout_ms": round(traits.timeout_s * 1000),
        "result_bytes": traits.budget.result_bytes,
        "text_bytes": traits.budget.cell_bytes,
        "instance_argument": tool.instance_argument,
        "input_schema": listed.input_schema,
        "data_schema": listed.output_schema["properties"]["data"],
    }


def unlike(definition: Mapping[str, Any], tool: Any) -> dict[str, Any] | None:
    """Return the first thing in which a definition differs from what its module registers."""
    name = definition["name"]
    if tool.tool_class != definition["class"]:
        fact = f"is `{definition['class']}` here and `{tool.tool_class}` in its module"
        return {"tool": name, "key": "class", "fact": fact}
    for key, registered in described(tool).items():
        if key in definition and definition[key] != registered:
            return {
                "tool": name,
                "key": key,
                "fact": f"has another `{key}` here than in its module",
            }
    return None


async def call(tool: Any, given: dict[str, Any], recorder: Recorder) -> None:
    """Call a tool with each answer; how it ends says nothing."""
    for answer in ANSWERS:
        recorder.answer = answer
        recorder.calling = True
        try:
            async with asyncio.timeout(LONGEST_CALL_SECONDS):
                result = await tool.run(given)
            recorder.answered |= not result.is_error
        except Exception:  # noqa: BLE001, S110 -- what counts is what it asked for
            pass
        finally:
            recorder.calling = False


async def trial(given: Mapping[str, Any], recorder: Recorder) -> dict[str, Any]:
    """Call every tool that is declared as a read."""
    tools, posts = toolset(given, Anything(lambda _name: (NAME,)), recorder)
    live = {tool.name: tool for tool in tools.tools}
    marked, _ = toolset(given, Anything(lambda name: (f"<topology:{name}>",)), recorder)
    registered = {tool.name: tool for tool in marked.tools}
    report: dict[str, Any] = {"writes": [], "unseen": [], "differs": [], "broken": None}
    for definition in given["tools"]:
        name = definition["name"]
        tool = live.pop(name, None)
        if tool is None:
            report["differs"].append(
                {"tool": name, "fact": "is defined, and no module registers it"}
            )
            continue
        differs = unlike(definition, registered[name])
        report["differs"] += [differs] if differs else []
        if definition["class"] != "read":
            continue
        recorder.requests, recorder.others, recorder.answered = [], [], False
        for whole in (False, True):
            without = definition.get("instance_argument")
            await call(
                tool, arguments(definition["input_schema"], whole=whole, without=without), recorder
            )
        report["writes"] += [
            {"tool": name, "request": f"{method} {path}"}
            for method, path in dict.fromkeys(recorder.requests)
            if method not in READING and not (method == "POST" and path.endswith(posts or ("\n",)))
        ]
        facts = [f"what it does after `{event}`" for event in dict.fromkeys(recorder.others)]
        facts += [] if recorder.answered or facts else ["what it does with a real answer"]
        report["unseen"] += [{"tool": name, "fact": fact} for fact in facts]
    report["differs"] += [{"tool": name, "fact": "is registered, and not defined"} for name in live]
    return report


def main() -> None:
    """Read what is given, try it, and tell."""
    signal.alarm(LONGEST_RUN_SECONDS)
    given: dict[str, Any] = json.load(sys.stdin)
    sys.meta_path.insert(0, Given({**given["core"], **given["modules"]}))
    recorder = Recorder()

    async def reply(_transport: Any, request: httpx.Request) -> httpx.Response:
        return recorder.reply(request)

    httpx.AsyncHTTPTransport.handle_async_request = reply
    httpx.HTTPTransport.handle_request = lambda _transport, request: recorder.reply(request)
    sys.addaudithook(recorder.audit)
    try:
        report = asyncio.run(trial(given, recorder))
    except Exception as error:  # noqa: BLE001 -- whatever a module raises is reported
        fact = re.sub(r"\s+", " ", f"{type(error).__name__}: {error}")
        report = {"writes": [], "unseen": [], "differs": [], "broken": fact[:300]}
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    main()
