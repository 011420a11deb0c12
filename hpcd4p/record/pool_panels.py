"""Panels of the picture of a run for the pool as a whole: what the auto-scaler saw and wanted.

Draws on axes that it is given; imports no matplotlib.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpcd4p.plan.model import Role
from hpcd4p.record.scaling import Scaling, Tick
from hpcd4p.record.summary import Summary

if TYPE_CHECKING:
    from hpcd4p.record.history import Table, Timelines

TARGET, DONE, ARRIVED, BACKLOG = "#000000", "#009E73", "#D55E00", "#555555"
ACTIVE, WORKING = "#B8B8B8", "#CC79A7"

MOST_POINTS = 400
"""Points of a curve: more looks than this are averaged."""

SEVERAL = 4
"""Least tasks over which a point of the throughput is averaged: with fewer, each task would show."""

PEAK = 2.5
"""A peak of tuples written that is this many times the tuples done is cut off, and given in words."""


def _curve(ticks: list[Tick], values: list[float], unit_s: float) -> tuple[Table, Table]:
    """(times, values), averaged where there are more than `MOST_POINTS`."""
    import numpy as np

    step = -(-len(ticks) // MOST_POINTS)
    times, heights = np.array([t.time_s for t in ticks]) / unit_s, np.array(values, float)
    if step > 1:
        starts = np.arange(0, len(times), step)
        sizes = np.diff([*starts, len(times)])
        times, heights = times[starts], np.add.reduceat(heights, starts) / sizes
    return times, heights


def draw_active(
    axis: Any, summary: Summary, scaling: Scaling, timelines: Timelines | None, unit_s: float
) -> None:
    """Draw what the policy wanted beside what there was to do, as numbers; panel a has each rank."""
    ticks = scaling.ticks
    times, active = _curve(ticks, [float(t.active) for t in ticks], unit_s)
    _, working = _curve(ticks, [t.active - t.idle for t in ticks], unit_s)
    edges = [0.0, *times]
    # what was seen is the time before a look, what was wanted the time after it
    axis.stairs(active, edges, baseline=None, color=ACTIVE, lw=3.0, label="active")
    axis.stairs(working, edges, baseline=None, color=WORKING, lw=1.1, label="with work")
    end = max(summary.elapsed_s, ticks[-1].time_s) / unit_s
    axis.stairs(
        [t.target for t in ticks], [*(t.time_s / unit_s for t in ticks), end], baseline=None,
        color=TARGET, lw=1.0, label="target of the policy",
    )  # fmt: skip
    axis.set_ylim(0, 1.08 * max(scaling.ranks, 1))
    axis.yaxis.get_major_locator().set_params(integer=True)
    axis.set_ylabel("ranks of\nthe pool")
    legend(axis)


def draw_backlog(
    axis: Any, summary: Summary, scaling: Scaling, timelines: Timelines | None, unit_s: float
) -> None:
    """Draw the tasks that waited."""
    ticks = scaling.ticks
    times, tasks = _curve(ticks, [float(t.backlog_tasks) for t in ticks], unit_s)
    axis.fill_between(times, tasks, color=BACKLOG, alpha=0.25, linewidth=0)
    axis.plot(times, tasks, color=BACKLOG, lw=0.9)
    axis.set_ylim(bottom=0)
    axis.yaxis.get_major_locator().set_params(integer=True)
    axis.set_ylabel("backlog\n(tasks)")
    axis.yaxis.set_major_formatter("{x:,g}")


def draw_rates(
    axis: Any, summary: Summary, scaling: Scaling, timelines: Timelines | None, unit_s: float
) -> None:
    """Draw tuples written and done per second."""
    ticks = scaling.ticks
    width_s = _window_s(summary, ticks)
    edges, arrived = _averages(ticks, [t.arrived for t in ticks], width_s)
    _, done = _averages(ticks, [t.done for t in ticks], width_s)
    peak, most = float(arrived.max()), float(done.max())
    cut = most > 0 and peak > PEAK * most
    label = f"written (up to {peak:,.0f}/s)" if cut else "written"
    axis.stairs(arrived, edges / unit_s, baseline=None, color=ARRIVED, lw=0.9, label=label)
    axis.stairs(done, edges / unit_s, baseline=None, color=DONE, lw=1.3, label="done")
    axis.set_ylim(0, 1.3 * most if cut else None)
    axis.set_ylabel("throughput\n(tuples/s)")
    axis.yaxis.set_major_formatter("{x:,g}")
    legend(axis)


def _window_s(summary: Summary, ticks: list[Tick]) -> float:
    """Seconds that a rate is averaged over: `SEVERAL` tasks long, and long enough for as many to be done.

    A tuple of a slow element is a task of its own; of quick ones many are done between two looks.
    """
    end = ticks[-1].time_s
    pool = [e for e in summary.elements if e.role in (Role.POOL, Role.PINNED) and e.tuples_in]
    longest_s = max((e.busy_s / e.tuples_in for e in pool), default=0.0)
    tasks = max((e.tuples_in for e in pool), default=0)
    return max(end / MOST_POINTS, SEVERAL * longest_s, SEVERAL * end / tasks if tasks else 0.0)


def _averages(ticks: list[Tick], rates: list[float], width_s: float) -> tuple[Table, Table]:
    """(edges in seconds, rates between them): as many whole looks as last `width_s` or more."""
    import numpy as np

    times = [0.0, *(t.time_s for t in ticks)]
    first = [0]
    for i, time_s in enumerate(times):
        if time_s - times[first[-1]] >= width_s and times[-1] - time_s >= width_s:  # what is left at the end
            first.append(i)  # is not a window of its own
    lasted = np.maximum(np.diff(times), 1e-9)
    counts = np.add.reduceat(np.array(rates, float) * lasted, first)
    return np.array([*(times[i] for i in first), times[-1]]), counts / np.add.reduceat(lasted, first)


def legend(axis: Any, handles: list[Any] | None = None) -> None:
    """Say what is what, above the panel."""
    axis.legend(
        handles=handles, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=4, borderaxespad=0.2,
        handlelength=1.3, columnspacing=1.4,
    )  # fmt: skip
