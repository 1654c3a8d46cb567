"""The stack of all types, with a link of each kind, and the stacks of one type alone.

In: kinds of links, forms of types. Out: drafts. Must not know a type by its name.
"""

import copy
import random
from typing import Any

from levels.kinds import Form, Kind
from levels.stacks import SIGNS_IN, Draft, Json, Maker

SEED = 1
ENVIRONMENTS: dict[str, Json] = {
    "dev": {},
    "ha": {"profile": "ha", "cluster": {"name": "ha"}, "domain": "ha.example.com"},
}


class Once(Maker):
    """Draws one component of each type and no second one."""

    def component(self, draft: Draft, kind: str) -> str:
        there = (name for name, one in draft.components.items() if one["type"] == kind)
        return next(there, None) or super().component(draft, kind)


def everything(kinds: list[Kind], forms: dict[str, Form]) -> Draft:
    """Link each type to each that it may be linked to; findings say which of them are too many."""
    maker = Once(kinds, forms, random.Random(SEED))
    signing = [kind for kind in kinds if kind.interface in SIGNS_IN]
    draft = Draft(published=frozenset(end for one in signing for end in (one.source, one.target)))
    for name in forms:
        maker.component(draft, name)
    for kind in sorted(kinds, key=lambda one: one.name):
        maker.add(draft, (kind, kind.default))
    return draft


def alone(kinds: list[Kind], forms: dict[str, Form], name: str) -> Draft:
    """Draw a component of this type, with its parts and no link."""
    draft = Draft()
    Once(kinds, forms, random.Random(SEED)).component(draft, name)
    return draft


def in_both_profiles(draft: Draft) -> dict[str, Any]:
    """Write the draft as a stack with an environment of each profile."""
    return {**draft.document(), "environments": copy.deepcopy(ENVIRONMENTS)}
