"""Which elements a checkpoint holds whole: those that keep what they know in themselves. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from hpcd4p.plan.changes import caches, changed_places
from hpcd4p.plan.model import Plan, Role
from hpcd4p.workflow.generic import GenericPE, can_seek
from hpcd4p.workflow.places import Search

PREPARES = frozenset({"preprocess", "_preprocess"})
"""Called again when a run goes on: what they change elsewhere is changed again."""


def why_not_kept(plan: Plan, index: int, pe: GenericPE) -> str:
    """Why a checkpoint would not hold all that an element knows, in words; empty if it would.

    What cannot be read is not found here; a rank that saves compares (`runtime.rank.elsewhere`).
    """
    element = plan.elements[index]
    if element.role is Role.ROOT and not can_seek(pe):
        return ""  # it is called again from its start, in new processes
    if element.role not in (Role.STATE, Role.PINNED, Role.ROOT) or pe.stateful is False:
        return ""
    if element.together:
        return f"it works with {element.together}"
    changed = changed_places(pe, PREPARES) - {*caches(pe)}
    places = Search(pe).places.values()
    named = sorted(changed & {name for place in places for name in place.data()}) or sorted(changed)
    if named:
        return f"it changes {', '.join(named[:3])}, which is not its own"
    seeded = sorted(p.label for p in places if p.kind == "state" and p.label != "os.environ")
    return f"it seeds the {seeded[0]} of its process" if seeded else ""


def all_not_kept(plan: Plan, elements: Sequence[GenericPE]) -> list[str]:
    """A sentence for each element that a checkpoint would not hold whole."""
    found = ((e, why_not_kept(plan, e.index, pe)) for e, pe in zip(plan.elements, elements, strict=False))
    return [
        f"{e.name} cannot be saved: {why}; it can if it keeps that in attributes of its own (self)"
        for e, why in found
        if why
    ]
