"""Each prompt is a skill as well, with the same text: one is served, one lies beside the server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from mcp_types import TextContent

from generated import Generated, example, generate
from mcp_client import McpClient, with_client
from pods import Running

pytest_plugins = ["server_fixtures"]

# By prompt: arguments, and other words of the skill that a prompt knows.
ARGUMENTS = {
    "diagnose_component": {"component_name": "kafka"},
    "explain_stack": {},
    "incident_response": {"symptom": "orders are late"},
    "trace_data_flow": {"source": "fastapi", "destination": "kafka"},
    "run_validation": {},
    "check_logs": {"component_name": "kafka"},
}
STEP = re.compile(r"^(?:\d+\.|-) .*", re.MULTILINE)


def skill_file(output: Generated, prompt: str) -> Path:
    return output.root / "docs" / "skills" / prompt.replace("_", "-") / "SKILL.md"


def parts(path: Path) -> tuple[dict[str, Any], str]:
    """Return front matter and text, as the Agent Skills format has them."""
    before, front, text = path.read_text(encoding="utf-8").split("---\n", 2)
    assert before == ""
    return yaml.safe_load(front), text


def test_there_is_a_skill_for_each_prompt_and_no_other(example_output: Generated) -> None:
    folders = {path.name for path in (example_output.root / "docs" / "skills").iterdir()}
    assert folders == {name.replace("_", "-") for name in ARGUMENTS}


@pytest.mark.parametrize("prompt", ARGUMENTS)
def test_a_skill_says_what_the_prompt_says(
    example_server: Running, example_output: Generated, key: int, prompt: str
) -> None:
    async def get(client: McpClient) -> tuple[str, str]:
        (listed,) = (item for item in await client.list_prompts() if item.name == prompt)
        result = await client.get_prompt(prompt, ARGUMENTS[prompt])
        content = result.messages[0].content
        assert isinstance(content, TextContent)
        return str(listed.description), content.text

    description, said = with_client(example_server, key, get)
    front, text = parts(skill_file(example_output, prompt))
    assert front == {"name": prompt.replace("_", "-"), "description": description}
    for argument, value in {**ARGUMENTS[prompt], "namespace": "kafka"}.items():
        text = text.replace(f"<{argument}>", value)
    assert STEP.findall(text) == STEP.findall(said)
    assert len(STEP.findall(said)) >= 3


def test_a_skill_tells_only_what_is_linked(tmp_path: Path) -> None:
    link = "  - {from: fastmcp, to: loki}\n"
    assert link in example()
    output = generate(tmp_path, example().replace(link, ""))
    for prompt in ARGUMENTS:
        _, text = parts(skill_file(output, prompt))
        assert "loki_errors" not in text
    assert "no Loki link is drawn" in parts(skill_file(output, "check_logs"))[1]


def test_no_skill_speaks_of_a_symptom_that_nobody_gave(example_output: Generated) -> None:
    for prompt in ARGUMENTS.keys() - {"incident_response"}:
        assert "symptom" not in parts(skill_file(example_output, prompt))[1]
