"""Reads YAML as kubectl and Helm do.

In: text. Out: plain values. Must not know what they mean.
Differences to PyYAML's safe loader: `y` and `n` are booleans too, dates stay text,
`12:30` is not a number, and a duplicate key is an error instead of the last one winning.
"""

import re
from pathlib import Path
from typing import Any

import yaml

YAML = "tag:yaml.org,2002:"


class KubectlLoader(yaml.CSafeLoader):
    """The safe loader, in its fast form, with kubectl's view of scalars."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse a second value for the same key."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    "while reading a map", node.start_mark, f"duplicate key {key!r}"
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    dropped = {f"{YAML}timestamp", f"{YAML}int", f"{YAML}float", f"{YAML}bool"}
    return {
        first: [entry for entry in entries if entry[0] not in dropped]
        for first, entries in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


KubectlLoader.yaml_implicit_resolvers = _resolvers()
KubectlLoader.add_implicit_resolver(
    f"{YAML}bool",
    re.compile(
        r"^(?:y|Y|n|N|yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$"
    ),
    list("yYnNtTfFoO"),
)
KubectlLoader.add_implicit_resolver(
    f"{YAML}int",
    re.compile(r"^[-+]?(?:0b[01_]+|0[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)$"),
    list("-+0123456789"),
)
KubectlLoader.add_implicit_resolver(
    f"{YAML}float",
    re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)


def _boolean(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> bool:
    return str(loader.construct_scalar(node)).lower() in ("y", "yes", "true", "on")


KubectlLoader.add_constructor(f"{YAML}bool", _boolean)


def read_all(text: str) -> list[Any]:
    """Every document that is not empty."""
    documents = yaml.load_all(text, Loader=KubectlLoader)
    return [document for document in documents if document is not None]


def read_file(path: Path) -> Any:
    """The single document of a file, None when it is empty."""
    documents = read_all(path.read_text(encoding="utf-8"))
    if len(documents) > 1:
        raise ValueError(f"{path} holds {len(documents)} documents")
    return documents[0] if documents else None
