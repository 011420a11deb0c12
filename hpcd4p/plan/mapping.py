"""Mappings: how the roles that elements would have become those of a mapping.

Owns how `simple`, `static` and `dynamic` change the roles; `hybrid` leaves them as they are.
"""

from __future__ import annotations

from hpcd4p.errors import SettingsError, WorkflowError
from hpcd4p.plan.meeting import between
from hpcd4p.plan.model import ORDERED_COLLECTOR, ElementPlan, Mapping, Role, Route, Spread
from hpcd4p.plan.order import leads_to_ordered
from hpcd4p.workflow.elements import GenericPE

WORDS = tuple(each.value for each in Mapping)


def read_mapping(word: str, size: int) -> Mapping:
    """Mapping called `word`, for `size` ranks.

    Raises
    ------
    SettingsError
        There is none of that name, or it does not go with so many ranks.
    """
    if word not in WORDS:
        raise SettingsError(f"unknown mapping {word!r}; the mappings are {', '.join(WORDS)}")
    if word == Mapping.SIMPLE and size > 1:
        raise SettingsError(
            f"the mapping simple runs in one process, but there are {size} ranks: leave -n out (or start it "
            f"without mpirun), or say --mapping {Mapping.HYBRID}"
        )
    return Mapping(word)


def refuse_state(plans: list[ElementPlan], workflow: str) -> None:
    """Raise `WorkflowError` for every element that the dynamic mapping cannot run."""
    problems = [
        f"element {e.name} cannot run in the mapping dynamic, where any rank runs any tuple: {e.reason}; "
        "say --mapping hybrid (or static)"
        for e in plans
        if e.role is Role.STATE
    ]
    if problems:
        raise WorkflowError(problems, workflow)


def pinned(
    plans: list[ElementPlan], pes: list[GenericPE], routes: list[Route], ranks: int
) -> tuple[list[ElementPlan], list[Route]]:
    """Elements and routes of the static mapping: every instance has its rank.

    A stateful element keeps its instances; a stateless one has `numprocesses` if it says more than 1, one if
    it is `single`, else its share of the `ranks` that are left: each rank has about one instance, as in
    dispel4py's mpi and multi. One that leads to an ordered element has one instance, whatever it says: what
    goes through one rank after the other keeps its order, and there is nothing here that could put it right.
    Where paths part that meet at an ordered element, what is between is of the pool still: it has no rank of
    its own, and runs where its input is written (`runtime.rank.inline`).

    Parameters
    ----------
    ranks
        Ranks beside the head.
    """
    inline = between(plans, routes)
    before = {e: name for e, name in leads_to_ordered(plans, routes).items() if e not in inline}
    chosen = {
        e.index: _chosen(pe)
        for e, pe in zip(plans, pes, strict=False)
        if e.role is Role.POOL and e.index not in inline
    }
    chosen.update(dict.fromkeys(before, 1))
    keyed = sum(e.role is Role.STATE and e.keyed for e in plans)  # on every rank: each counts like a free one
    taken = sum(e.partitions for e in plans if e.role is Role.STATE and not e.keyed)
    taken += sum(chosen.values())
    free = keyed + sum(count == 0 for count in chosen.values())
    share = max(1, (ranks - taken) // free) if free else 1
    made: list[ElementPlan] = []
    first = 0
    for e in plans:
        if e.index in inline:
            why = (
                f"runs where its input is written, for {_why_one(inline[e.index])} gives it ranks of its own)"
            )
            e = e._replace(reason=f"{e.reason}; {why}")
        elif e.role is Role.POOL:
            count = chosen[e.index] or share
            e = e._replace(role=Role.PINNED, partitions=count, reason=f"{e.reason}; pinned")
            if e.index in before:
                why = f"one instance, for {_why_one(before[e.index])} gives it more)"
                e = e._replace(reason=f"{e.reason}; {why}")
        made.append(e._replace(movable=False, first=first))
        first += e.partitions if e.role.fixed and not e.keyed else 0
    return made, [r._replace(spread=Spread.EVEN) if made[r.target].role is Role.PINNED else r for r in routes]


def _why_one(name: str) -> str:
    if name == ORDERED_COLLECTOR:
        return "what comes of it leaves in order (ordered_outputs = False there"
    return f"{name} gets its tuples in order (ordered = False there"


def _chosen(pe: GenericPE) -> int:
    """Instances that a stateless element asks for; 0 if it leaves that to the mapping."""
    if pe.single:
        return 1
    return pe.numprocesses if pe.numprocesses > 1 else 0
