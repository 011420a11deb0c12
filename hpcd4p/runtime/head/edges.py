"""The edges of a workflow for its record: where tuples went, and how many, as far as that is known. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hpcd4p.plan.model import Role, Spread
from hpcd4p.record.summary import EdgeFigures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpcd4p.plan.model import Plan, Route
    from hpcd4p.wire.statistics import Statistics


def edges_of(plan: Plan, stats: Statistics, outputs: Mapping[str, int]) -> list[EdgeFigures]:
    """All edges, also those that lead out; `outputs`: tuples that left, by 'element.output'."""
    into = Counter(route.target for route in plan.routes)
    written_on: dict[int, set[str]] = {}
    for route in plan.routes:
        written_on.setdefault(route.source, set()).add(route.output)

    def tuples(route: Route) -> int | None:
        if plan.elements[route.target].role is Role.COLLECT:
            return outputs.get(f"{plan.elements[route.source].name}.{route.output}", 0)
        if into[route.target] == 1:  # all that it has worked on came this way
            return stats.work(route.target).tuples
        if len(written_on[route.source]) == 1 and route.spread is not Spread.ALL:
            return stats.work(route.source).outputs
        return None

    return [
        EdgeFigures(
            source=plan.elements[route.source].name,
            output=route.output,
            target=_inner(plan, route, plan.elements[route.target].name),
            input=_inner(plan, route, route.input),
            grouping=route.spread.value,
            tuples=tuples(route),
        )
        for route in plan.routes
    ]


def _inner(plan: Plan, route: Route, name: str) -> str:
    """The name, unless the edge leads out."""
    return "" if plan.elements[route.target].role is Role.COLLECT else name
