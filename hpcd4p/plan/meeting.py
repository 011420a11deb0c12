"""Where paths part and meet again at an ordered element, and what is said of that. Pure.

An element is a *fork* if two of its edges lead to the same ordered element, directly or through the pool.
The order there is that of one process which follows each write to its end, edge by edge, before the next one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hpcd4p.errors import WorkflowError
from hpcd4p.plan.model import ElementPlan, Plan, Role, Route
from hpcd4p.plan.order import asks
from hpcd4p.plan.rows import shortened_list
from hpcd4p.workflow.generic import GenericPE


def with_forks(plans: list[ElementPlan], routes: Sequence[Route]) -> list[ElementPlan]:
    """`plans`, in which forks say on which outputs they are that."""
    if not any(plan.ordered for plan in plans):
        return plans
    found: dict[int, list[str]] = {}
    for route, ends in _ends(plans, routes):
        if ends and route.output not in found.get(route.source, ()):
            found.setdefault(route.source, []).append(route.output)
    return [plan._replace(forks=tuple(found.get(plan.index, ()))) for plan in plans]


def refuse_forks(
    plans: Sequence[ElementPlan], pes: Sequence[GenericPE], routes: Sequence[Route], name: str
) -> None:
    """Refuse elements that ask for an order and at which paths meet, where none between these can be had.

    Raises
    ------
    WorkflowError
        With each of them, and where the paths part.
    """
    parting: dict[int, list[str]] = {}
    for route, ends in _ends(plans, routes):
        for end in filter(lambda end: asks(pes[end]), ends):
            names = parting.setdefault(end, [])
            if plans[route.source].name not in names:
                names.append(plans[route.source].name)
    problems = [
        f"{plans[end].name} says ordered = True, and paths from {shortened_list(names)} meet there, which "
        "the mapping static does not put in order; say --mapping hybrid, or ordered = False if its answer "
        "does not depend on it"
        for end, names in sorted(parting.items())
    ]
    if problems:
        raise WorkflowError(problems, name)


def _ends(plans: Sequence[ElementPlan], routes: Sequence[Route]) -> list[tuple[Route, frozenset[int]]]:
    """Edges, each with the ordered elements to which another one of the same element leads, too."""
    leads = _leads(plans, routes)
    counts: dict[int, Counter[int]] = {}
    for route, ends in zip(routes, leads, strict=True):
        counts.setdefault(route.source, Counter()).update(ends)
    return [
        (route, frozenset(end for end in ends if counts[route.source][end] > 1))
        for route, ends in zip(routes, leads, strict=True)
    ]


def _leads(plans: Sequence[ElementPlan], routes: Sequence[Route]) -> list[frozenset[int]]:
    """By edge: the ordered elements to which it leads, directly or through the pool."""
    below: list[frozenset[int]] = [frozenset()] * (len(plans) + 1)  # the collector may not be there yet
    leads: dict[int, frozenset[int]] = {}
    for at in sorted(range(len(routes)), key=lambda at: routes[at].source, reverse=True):
        source, target = routes[at].source, routes[at].target
        if target < len(plans) and plans[target].ordered:
            leads[at] = frozenset({target})
        elif target < len(plans) and plans[target].role is Role.POOL:
            leads[at] = below[target]
        else:
            leads[at] = frozenset()
        below[source] |= leads[at]
    return [leads[at] for at in range(len(routes))]


def meetings(plan: Plan) -> dict[int, tuple[list[int], list[int]]]:
    """By ordered element: the forks whose paths meet there, and what writes the tuples that it gets."""
    found: dict[int, tuple[list[int], list[int]]] = {e.index: ([], []) for e in plan.elements if e.ordered}
    if not found:
        return {}
    ends = _ends(plan.elements, plan.routes)
    for (route, shared), leads in zip(ends, _leads(plan.elements, plan.routes), strict=True):
        for end in leads:
            forks, origins = found[end]
            if end in shared and route.source not in forks:
                forks.append(route.source)
            if plan.elements[route.source].role is not Role.POOL and route.source not in origins:
                origins.append(route.source)
    return {end: (sorted(forks), sorted(origins)) for end, (forks, origins) in found.items()}


def meeting_lines(plan: Plan) -> list[str]:
    """What to say of the order of each ordered element, in words."""
    lines = []
    for end, (forks, origins) in meetings(plan).items():
        name = plan.elements[end].name
        if forks:
            lines.append(
                f"{name}: paths from {_names(plan, forks)} meet here: tuple by tuple; ordered = False if its "
                "answer does not depend on it"
            )
        if len(origins) > 1:
            lines.append(f"{name}: no order between what is written by {_names(plan, origins)}")
    return lines


def _names(plan: Plan, elements: Sequence[int]) -> str:
    names = [plan.elements[each].name for each in elements]
    return shortened_list(names) if len(names) != 2 else " and ".join(names)
