"""The marks at which work stops being made because enough of it waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcd4p.plan.model import Plan

if TYPE_CHECKING:
    from hpcd4p.plan.settings import EngineSettings


def high_marks(plan: Plan, settings: EngineSettings) -> tuple[int, int]:
    """Tasks, and bytes, above which nobody starts to make more."""
    return max(32, settings.high_tasks_per_rank * len(plan.pool_ranks)), settings.high_bytes
