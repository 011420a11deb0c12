"""Which element kept its ranks busiest: what a run with more of the same would wait for. Pure."""

from __future__ import annotations

from typing import NamedTuple

from hpcd4p.plan.model import Role
from hpcd4p.record.summary import ElementFigures, Summary
from hpcd4p.record.table import percent

LEAST = 0.5
"""An element whose ranks had more than half of their time for something else holds up nothing."""


class Busiest(NamedTuple):
    """One element, and why it is the one."""

    name: str
    why: str


def busiest(summary: Summary) -> Busiest | None:
    """The element whose ranks were inside elements most of the time; None: all had time to spare."""
    if summary.elapsed_s <= 0 or not summary.elements:
        return None
    shares = [(_share(summary, e), e) for e in summary.elements if e.role != Role.COLLECT and e.busy_s > 0]
    if not shares:
        return None
    share, element = max(shares, key=lambda each: (each[0], each[1].busy_s))
    if share < LEAST:
        return None
    return Busiest(
        element.name, f"bottleneck: {_whose(summary, element)} {percent(min(1.0, share))} of the time"
    )


def _in_pool(summary: Summary, element: ElementFigures) -> bool:
    return summary.ranks > 1 and element.role == Role.POOL


def _share(summary: Summary, element: ElementFigures) -> float:
    """Part of the time that its ranks were inside elements, with all that runs there besides."""
    if _in_pool(summary, element):
        of_pool = sum(e.busy_s for e in summary.elements if _in_pool(summary, e))
        return of_pool / summary.process_time_s if summary.process_time_s > 0 else 0.0
    return element.busy_s / (summary.elapsed_s * _places(summary, element))


def _places(summary: Summary, element: ElementFigures) -> int:
    """How many ranks could be inside it at a time."""
    if summary.ranks == 1 or element.role == Role.ROOT:
        return 1
    holders = sum("stateful" in rank.role for rank in summary.ranks_figures) or 1
    return max(1, min(element.instances, holders))


def _whose(summary: Summary, element: ElementFigures) -> str:
    if _in_pool(summary, element):
        return "it took most of the pool, whose ranks were inside elements"
    return "it was at work" if _places(summary, element) == 1 else "the ranks that hold it were inside it"
