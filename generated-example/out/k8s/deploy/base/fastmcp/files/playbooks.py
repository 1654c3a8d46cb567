"""Playbooks: numbered steps for a model, told only as far as the stack's links reach.

In: steps, each with what it needs of the stack; the services that are linked; values of words.
Out: the text of a prompt. The same steps go to the generator, which writes each as a skill.
Must not know: MCP, or what any step is about.

A word in angle brackets stands for a value: `<component_name>`. A skill keeps the words of
arguments, since nobody has given them yet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

_WORD = re.compile(r"<([a-z_]+)>")


@dataclass(frozen=True)
class Step:
    """One step or note, and when it is told."""

    text: str
    # The service whose tools must be here, or must not.
    needs: str = ""
    lacks: str = ""
    # Told once for each type that has an endpoint of this name; `<type>` stands for it.
    each: str = ""


@dataclass(frozen=True)
class Playbook:
    """What a prompt says."""

    title: str
    steps: tuple[Step, ...]
    notes: tuple[Step, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return it as the generator reads it, without what is empty."""
        return {
            "title": self.title,
            "steps": [_given(step) for step in self.steps],
            "notes": [_given(note) for note in self.notes],
        }

    def text(
        self,
        services: Collection[str],
        types_with: Callable[[str], Sequence[str]],
        values: Mapping[str, str],
    ) -> str:
        """Return the text for a stack, with the values in place of their words."""
        steps = _told(self.steps, services, types_with)
        notes = _told(self.notes, services, types_with)
        lines = [self.title, "", *(f"{number}. {step}" for number, step in enumerate(steps, 1))]
        if notes:
            lines += ["", *(f"- {note}" for note in notes)]
        # One pass: a value is never read for words.
        return _WORD.sub(lambda word: values.get(word[1], word[0]), "\n".join(lines))


def _given(step: Step) -> dict[str, str]:
    return {name: value for name, value in asdict(step).items() if value}


def _told(
    steps: Sequence[Step],
    services: Collection[str],
    types_with: Callable[[str], Sequence[str]],
) -> list[str]:
    told: list[str] = []
    for step in steps:
        if (step.needs and step.needs not in services) or (step.lacks in services):
            continue
        if not step.each:
            told.append(step.text)
        else:
            told += [step.text.replace("<type>", name) for name in types_with(step.each)]
    return told
