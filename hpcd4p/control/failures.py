"""When failing tuples end the run. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcd4p.plan.model import Plan

if TYPE_CHECKING:
    from hpcd4p.plan.settings import EngineSettings


def too_many(plan: Plan, settings: EngineSettings, stats: dict[str, int]) -> str | None:
    """Why the run should stop for its failures, or None.

    Parameters
    ----------
    stats
        ``n:E`` tuples run and ``f:E`` tuples failed, by element.
    """
    total = 0
    for element in plan.elements:
        failed = stats.get(f"f:{element.index}", 0)
        run = stats.get(f"n:{element.index}", 0)
        total += failed
        if failed >= settings.hopeless_after and failed >= run:
            return (
                f"element {element.name} has failed for every one of its first {failed} tuples; "
                "mend it (the dead letters have the traceback) and run again"
            )
    if total > settings.max_dead_letters:
        return (
            f"{total} tuples have failed, more than max_dead_letters = {settings.max_dead_letters}; "
            "mend the element (the dead letters have the traceback), or raise --max-dead-letters"
        )
    return None
