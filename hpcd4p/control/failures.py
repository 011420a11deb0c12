"""When failing tuples end the run. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hpcd4p.plan.model import ElementPlan, Plan
from hpcd4p.wire.keys import Cause

if TYPE_CHECKING:
    from hpcd4p.plan.settings import EngineSettings


def too_many(
    plan: Plan, settings: EngineSettings, stats: dict[str, int], among: Iterable[int] | None = None
) -> str | None:
    """Why the run should stop for its failures, or None.

    Parameters
    ----------
    stats
        ``n:E`` tuples run, ``o:E`` written and ``f:E`` failed, by element; and of them, by cause.
    among
        Elements of which a tuple has failed; None: any.
    """
    total = sum(tuples for name, tuples in stats.items() if name.startswith("f:"))
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


def _hopeless(element: ElementPlan, most: int, stats: dict[str, int]) -> str | None:
    """Why `element` will never do anything; tuples that only had bad company say nothing of it."""

    def of(name: str) -> int:
        return stats.get(f"{name}:{element.index}", 0)

    raised, unsent, unread = of(Cause.RAISED), of(Cause.UNSENT), of(Cause.UNREAD)
    if raised >= most and raised >= of("n"):
        return (
            f"element {element.name} has failed for every one of its first {raised} tuples; "
            "mend it (the dead letters have the traceback) and run again"
        )
    if unsent >= most and unsent >= of("o"):
        return (
            f"none of the first {unsent} tuples that element {element.name} wrote could be sent to another "
            "rank; mend it (the dead letters say why) and run again"
        )
    if unread >= most and not of("n"):
        return (
            f"none of the first {unread} tuples for element {element.name} has reached it; "
            "mend them (the dead letters say why) and run again"
        )
    return None
