"""Accounts of auto-scalers, made up."""

from __future__ import annotations

from typing import Any

from hpcd4p.record.scaling import Change, RankTimeline, Scaling, Tick
from hpcd4p.record.summary import RankFigures, Summary

CORES = "2 ranks did as much as 15: of 15 active ranks 1.8 had a core, the others waited for one"


def tick(time_s: float, **given: Any) -> Tick:
    plain = Tick(
        time_s=time_s, target=15, active=15, parked=0, idle=0.0, busy=15.0, waiting=0.0, backlog_tasks=100,
        backlog_s=1.0, arrived=300.0, done=300.0, reason="all that may be active",
    )  # fmt: skip
    return plain._replace(**given)


def contended() -> tuple[Summary, Scaling]:
    """15 ranks on 2 cores: all for 1 s, then 2 for 9 s."""
    scaling = Scaling("knee", 15)
    for i in range(1, 11):
        scaling.keep(tick(i / 10, waiting=0.8))
    scaling.ticks[-1] = scaling.ticks[-1]._replace(target=2, reason=CORES)
    scaling.changed(Change(1.0, 15, 2, CORES))
    for i in range(11, 101):
        scaling.keep(tick(i / 10, target=2, active=2, parked=13, busy=2.0, reason=CORES))
    scaling.timelines = [RankTimeline(r, -0.1, 0.5, [0.4] * 3, [0.0] * 3 + [0.5] * 17) for r in range(1, 16)]
    figures = [RankFigures(r, "n1", role="pool" if r else "head") for r in range(16)]
    summary = Summary(
        "crunch", ranks=16, elapsed_s=10.0, process_time_s=33.0, parked_s=117.0, efficiency=0.93, cpu_s=19.0,
        ranks_figures=figures, scaler=scaling.figures(), scaling=scaling,
    )  # fmt: skip
    return summary, scaling
