"""When failing tuples end the run. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hpcd4p.plan.model import ElementPlan, Plan
from hpcd4p.wire.statistics import Statistics

if TYPE_CHECKING:
    from hpcd4p.plan.settings import EngineSettings


def too_many(
    plan: Plan, settings: EngineSettings, stats: Statistics, among: Iterable[int] | None = None
) -> str | None:
    """Why the run should stop for its failures, or None.

    Parameters
    ----------
    among
        Elements to judge, of which a tuple has failed; None: all.
    """
    total = stats.failed
    for element in plan.elements if among is None else map(plan.elements.__getitem__, among):
        reason = _hopeless(element, settings.hopeless_after, stats)
        if reason:
            return reason
    if total > settings.max_dead_letters:
        return (
            f"{total} tuples have failed, more than max_dead_letters = {settings.max_dead_letters}; "
            "mend the element (the dead letters have the traceback), or raise --max-dead-letters"
        )
    return None


def _hopeless(element: ElementPlan, most: int, stats: Statistics) -> str | None:
    """Why `element` will never work, or None. Tuples that failed only because of others do not count."""
    _, raised, unsent, unread = failures = stats.failures(element.index)
    if max(failures) < most:
        return None
    work = stats.work(element.index)
    if raised >= most and raised >= work.tuples:
        return (
            f"element {element.name} has failed for every one of its first {raised} tuples; "
            "mend it (the dead letters have the traceback) and run again"
        )
    if unsent >= most and unsent >= work.outputs:
        return (
            f"none of the first {unsent} tuples that element {element.name} wrote could be sent to another "
            "rank; mend it (the dead letters say why) and run again"
        )
    if unread >= most and not work.tuples:
        return (
            f"none of the first {unread} tuples for element {element.name} has reached it; "
            "mend them (the dead letters say why) and run again"
        )
    return None
