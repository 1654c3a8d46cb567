"""The YARA analyzer of Cisco's MCP scanner, without a network: every rule on every text.

In: on stdin an object of texts by name. Out: a line of JSON a finding: name and rule.
Must not know: what the texts are of. It runs with the packages of `mcp-scanner`.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

RULES = Path("data", "yara_rules")


def rules() -> Any:
    """Compile the rules as the scanner does; its own module would import all its analyzers."""
    spec = importlib.util.find_spec("mcpscanner")
    assert spec is not None
    assert spec.origin is not None
    files = sorted((Path(spec.origin).parent / RULES).glob("*.yara"))
    assert files, "the scanner has no rules where they are looked for"
    sources = {file.name: file.read_text(encoding="utf-8") for file in files}
    return importlib.import_module("yara").compile(sources=sources)


def main() -> None:
    compiled = rules()
    for name, text in json.load(sys.stdin).items():
        for match in compiled.match(data=text):
            print(json.dumps([name, match.rule]))


if __name__ == "__main__":
    main()
