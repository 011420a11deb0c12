"""Where paths part and meet again at an ordered element, and what is said of that. Pure.

An element is a *fork* if two of its edges lead to the same ordered element, directly or through the pool.
The order there is that of one process which follows each write to its end, edge by edge, before the next one.
Of the ordered collector each input is an end of its own: outputs have no order among each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hpcd4p.plan.model import ElementPlan, Plan, Role, Route
from hpcd4p.plan.rows import shortened_list

End = tuple[int, str]
"""An ordered element, and no input; of the ordered collector an input, which is an output of the run."""


def with_forks(plans: list[ElementPlan], routes: Sequence[Route]) -> list[ElementPlan]:
    """`plans`, in which forks say on which outputs they are that."""
    if not any(plan.ordered for plan in plans):
        return plans
    found: dict[int, list[str]] = {}
    for route, ends in _ends(plans, routes):
        if ends and route.output not in found.get(route.source, ()):
            found.setdefault(route.source, []).append(route.output)
    return [plan._replace(forks=tuple(found.get(plan.index, ()))) for plan in plans]


def between(plans: Sequence[ElementPlan], routes: Sequence[Route]) -> dict[int, str]:
    """Elements of the pool on paths that part and meet again, each with the name of where they meet."""
    found: dict[int, frozenset[End]] = {}
    edges = zip(_ends(plans, routes), _leads(plans, routes), strict=True)
    for (route, ends), leads in sorted(edges, key=lambda edge: edge[0][0].source):
        meeting = ends | (found.get(route.source, frozenset()) & leads)
        if meeting and plans[route.target].role is Role.POOL:
            found[route.target] = found.get(route.target, frozenset()) | meeting
    return {element: plans[min(ends)[0]].name for element, ends in found.items()}


def _otherwise(output: str) -> str:
    return (
        "ordered_outputs = False if nobody goes by it"
        if output
        else "ordered = False if its answer does not depend on it"
    )


def _ends(plans: Sequence[ElementPlan], routes: Sequence[Route]) -> list[tuple[Route, frozenset[End]]]:
    """Edges, each with the ends to which another one of the same element leads, too."""
    leads = _leads(plans, routes)
    counts: dict[int, Counter[End]] = {}
    for route, ends in zip(routes, leads, strict=True):
        counts.setdefault(route.source, Counter()).update(ends)
    return [
        (route, frozenset(end for end in ends if counts[route.source][end] > 1))
        for route, ends in zip(routes, leads, strict=True)
    ]


def _leads(plans: Sequence[ElementPlan], routes: Sequence[Route]) -> list[frozenset[End]]:
    """By edge: the ends to which it leads, directly or through the pool."""
    below: list[frozenset[End]] = [frozenset()] * len(plans)
    leads: dict[int, frozenset[End]] = {}
    for at in sorted(range(len(routes)), key=lambda at: routes[at].source, reverse=True):
        source, target = routes[at].source, routes[at].target
        if plans[target].ordered:
            collects = plans[target].role is Role.COLLECT
            leads[at] = frozenset({(target, routes[at].input if collects else "")})
        elif plans[target].role is Role.POOL:
            leads[at] = below[target]
        else:
            leads[at] = frozenset()
        below[source] |= leads[at]
    return [leads[at] for at in range(len(routes))]


def meetings(plan: Plan) -> dict[End, tuple[list[int], list[int]]]:
    """By end: the forks whose paths meet there, and what writes the tuples that it gets."""
    found: dict[End, tuple[list[int], list[int]]] = {}
    for e in plan.elements:
        if e.ordered:
            ports = e.inputs if e.role is Role.COLLECT else ("",)
            found |= {(e.index, port): ([], []) for port in ports}
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
    """What to say of the order of each ordered element and of outputs, in words."""
    lines = []
    for (end, output), (forks, origins) in meetings(plan).items():
        name = output or plan.elements[end].name
        if forks:
            paths = f"paths from {_names(plan, forks)} meet here: tuple by tuple"
            lines.append(f"{name}: {paths}; {_otherwise(output)}")
        if len(origins) > 1 and not output:
            lines.append(f"{name}: no order between what is written by {_names(plan, origins)}")
    return lines


def _names(plan: Plan, elements: Sequence[int]) -> str:
    names = [plan.elements[each].name for each in elements]
    return shortened_list(names) if len(names) != 2 else " and ".join(names)
