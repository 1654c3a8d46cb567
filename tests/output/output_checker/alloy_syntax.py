"""Reads a configuration of Grafana Alloy.

In: its text. Out: blocks with attributes and blocks in them, or a `ValueError`.
Must not know what a component does.

https://grafana.com/docs/alloy/latest/get-started/configuration-syntax/syntax/: an attribute is
`name = expression`, a block `name "label" { … }`, each on lines of its own; a list may end in a
comma, and so may the arguments of a call. Operators are not read: nothing generated has one.
"""

import ast
import re
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(
    r"""(?P<skip>[ \t\r]+|//[^\n]*)
      | (?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
      | (?P<number>[0-9]+(?:\.[0-9]+)?)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
      | (?P<mark>[{}()\[\],=\n])""",
    re.VERBOSE,
)
CONSTANTS = {"true": True, "false": False, "null": None}


@dataclass(frozen=True)
class Reference:
    """What another component exports: `loki.write.main.receiver`."""

    path: str


@dataclass(frozen=True)
class Call:
    """A function of the standard library with its arguments."""

    name: str
    arguments: list[Any]


@dataclass
class Block:
    """A block; the body of a file is one without a name."""

    name: str = ""
    label: str = ""
    attributes: dict[str, Any] = field(default_factory=dict[str, Any])
    blocks: list["Block"] = field(default_factory=list["Block"])

    def named(self, name: str) -> list["Block"]:
        """The blocks of one name in it."""
        return [block for block in self.blocks if block.name == name]


def parse(text: str) -> Block:
    """The body of a configuration."""
    reader = _Reader(_tokens(text))
    body = reader.body(Block(), "")
    reader.expect("")
    return body


def references(value: Any) -> list[str]:
    """Paths of all references in a block or a value."""
    match value:
        case Reference(path):
            return [path]
        case Block():
            parts = [*value.attributes.values(), *value.blocks]
        case Call(_, arguments):
            parts = arguments
        case dict():
            parts = list(value.values())
        case list():
            parts = value
        case _:
            return []
    return [path for part in parts for path in references(part)]


def _tokens(text: str) -> list[tuple[str, str]]:
    """Kind and text of each token; `mark` and an empty text at the end."""
    found: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            line = text.count("\n", 0, position) + 1
            raise ValueError(f"line {line}: unexpected {text[position]!r}")
        if match.lastgroup != "skip":
            found.append((str(match.lastgroup), match[0]))
        position = match.end()
    return [*found, ("mark", "")]


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.position = 0
        self.line = 1

    def next(self) -> tuple[str, str]:
        token = self.tokens[self.position]
        self.position += token[1] != ""
        self.line += token[1] == "\n"
        return token

    def takes(self, mark: str) -> bool:
        """Whether the next token is this mark, which is then passed."""
        if self.tokens[self.position] != ("mark", mark):
            return False
        self.next()
        return True

    def expect(self, *marks: str) -> None:
        token = self.next()
        if token[0] != "mark" or token[1] not in marks:
            raise self.wrong(token[1])

    def wrong(self, text: str) -> ValueError:
        return ValueError(f"line {self.line}: unexpected {text!r}")

    def skip_lines(self) -> None:
        while self.takes("\n"):
            pass

    def body(self, block: Block, end: str) -> Block:
        """Statements up to, and not including, the mark that ends them."""
        self.skip_lines()
        while self.tokens[self.position] != ("mark", end):
            self.statement(block)
            if self.tokens[self.position] not in (("mark", end), ("mark", "\n")):
                raise self.wrong(self.tokens[self.position][1])
            self.skip_lines()
        return block

    def statement(self, block: Block) -> None:
        kind, name = self.next()
        if kind != "word":
            raise self.wrong(name)
        if self.takes("="):
            if name in block.attributes:
                raise ValueError(f"line {self.line}: `{name}` is set twice")
            block.attributes[name] = self.value()
            return
        kind, label = self.tokens[self.position]
        if kind == "string":
            self.next()
        self.expect("{")
        inner = Block(name, ast.literal_eval(label) if kind == "string" else "")
        block.blocks.append(self.body(inner, "}"))
        self.expect("}")

    def value(self) -> Any:
        kind, text = self.next()
        if kind == "string":
            return text[1:-1] if text.startswith("`") else ast.literal_eval(text)
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind == "word":
            if text in CONSTANTS:
                return CONSTANTS[text]
            return Call(text, self.items(")")) if self.takes("(") else Reference(text)
        if text == "[":
            return self.items("]")
        if text == "{":
            return self.map()
        raise self.wrong(text)

    def items(self, end: str) -> list[Any]:
        found: list[Any] = []
        self.skip_lines()
        while not self.takes(end):
            found.append(self.value())
            self.separate(end)
        return found

    def map(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self.skip_lines()
        while not self.takes("}"):
            kind, key = self.next()
            if kind not in ("word", "string"):
                raise self.wrong(key)
            self.expect("=")
            found[ast.literal_eval(key) if kind == "string" else key] = self.value()
            self.separate("}")
        return found

    def separate(self, end: str) -> None:
        """A comma behind an item, unless it is the last and stands on the line of the end."""
        if not self.takes(","):
            if self.tokens[self.position] != ("mark", end):
                raise self.wrong(self.tokens[self.position][1])
            return
        self.skip_lines()
