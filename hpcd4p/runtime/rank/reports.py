"""What ranks report of themselves at the end, put into the time of the run. Rank 0 only; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcd4p.record.scaling import RankTimeline
from hpcd4p.record.summary import RankFigures

if TYPE_CHECKING:
    from hpcd4p.wire.reports import Bins, Usage

CLOCKS_S = 30.0
"""A rank that says it began this long before or after the head has a clock that is wrong: ranks come up
within seconds of each other. It is taken to have begun with the head."""


def in_run_time(usage: Usage, bins: Bins, started: float) -> tuple[RankFigures, RankTimeline]:
    """Figures and timeline of a rank in the time of the run: what was before its start is left out.

    Parameters
    ----------
    started
        `Clock.instant` of the start of the run.
    """
    began_s = bins.began - started
    if abs(began_s) > CLOCKS_S:
        began_s = 0.0
    made = RankFigures(**usage.named())
    early_s = max(0.0, -began_s)
    made.active_s = max(0.0, made.active_s - early_s)
    made.idle_s = max(0.0, made.active_s - made.busy_s)
    return made, RankTimeline(made.rank, began_s, bins.width_s, bins.busy_s, bins.parked_s, bins.lent_s)
