"""Tools whose every answer is held to the output schema that clients are told.

In: a call of a test.
Out: the answer, if it is of the declared form; a failed test otherwise.
Must not know: any single tool.
"""

from __future__ import annotations

import functools
import json
from typing import Any

import jsonschema

from stacktic_mcp.core.toolkit import Toolset


class CheckedToolset(Toolset):
    """A `Toolset` of tests."""

    async def call(self, name: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call a tool, and compare its answer with its schema as a client of the SDK does."""
        answer = await super().call(name, arguments)
        schema = next(tool.output_schema for tool in self.tools if tool.name == name)
        # What travels is JSON: a tuple is a list by then.
        sent = json.loads(json.dumps(answer))
        for error in validator_of(json.dumps(schema)).iter_errors(sent):
            place = "/".join(str(part) for part in error.absolute_path)
            raise AssertionError(f"{name} answers otherwise than it says: {place}: {error.message}")
        return answer


@functools.cache
def validator_of(schema: str) -> Any:
    """Return the validator of a schema; making one costs more than using it."""
    return jsonschema.Draft202012Validator(json.loads(schema))
