"""The parts of the page that go over the time of a run: its ranks, and what its pool had to do. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hpcd4p.record.page.lines import Line, lines
from hpcd4p.record.page.markup import Child, tag
from hpcd4p.record.page.page import Section, figure, folded, keys, table
from hpcd4p.record.page.strips import Moment, Strip, cells_of, strips, title_of
from hpcd4p.record.summary import RankFigures, Summary
from hpcd4p.record.survival import Survival
from hpcd4p.record.table import seconds, shortened, size

if TYPE_CHECKING:
    from hpcd4p.record.history import Timelines
    from hpcd4p.record.scaling import Scaling
    from hpcd4p.record.summary import Event

MOST_ROWS = 200

MOST_MOMENTS = 60
"""Lines through the strips; more of them would hide what they stand for."""


def ranks(
    summary: Summary, timelines: Timelines | None, events: Sequence[Event], survival: Survival
) -> Section:
    """What each rank did, when and where."""
    known = {rank.rank: rank for rank in summary.ranks_figures}
    parts: list[Child] = []
    if timelines is not None and timelines.ranks:
        rows = [
            _strip(at, rank, timelines, known.get(rank, RankFigures(rank)), summary.elapsed_s)
            for at, rank in enumerate(timelines.ranks)
        ]
        drawing = strips(
            rows,
            summary.elapsed_s,
            _moments(events, survival, summary.elapsed_s),
            "What each rank did, over time",
        )
        caption = keys(
            ("busy", "inside elements"),
            ("lent", "with a task beside its own work"),
            ("idle", "idle"),
            ("parked", "parked"),
        )
        parts.append(figure(drawing, caption, " Lines: a checkpoint (dashed), a rank lost."))
    head = [
        "rank",
        "host",
        "runs",
        "state",
        "tasks",
        "tuples",
        "busy",
        "idle",
        "parked",
        "lent",
        "CPU",
        "memory",
    ]
    cells: list[list[Child]] = [
        [
            f"{r.rank}", r.host, r.role, r.state, f"{r.tasks:,}", f"{r.tuples:,}", seconds(r.busy_s),
            seconds(r.idle_s), seconds(r.parked_s), seconds(r.lent_s), seconds(r.cpu_s),
            size(r.peak_rss_bytes) if r.peak_rss_bytes else "",
        ]
        for r in summary.ranks_figures[:MOST_ROWS]
    ]  # fmt: skip
    made = table(head, cells, 4, "memory: its highest")
    if made is not None:
        parts.append(folded("All ranks in figures", made) if len(cells) > 8 else made)
    return Section("Ranks", parts)


def _strip(at: int, rank: int, timelines: Timelines, figures: RankFigures, elapsed_s: float) -> Strip:
    began = timelines.began_s[at]
    kinds = [
        cells_of([float(v) for v in of[at]], began, timelines.bin_s, elapsed_s)
        for of in (timelines.busy, timelines.parked, timelines.lent)
    ]
    title = title_of(
        rank, figures.host, figures.role, figures.busy_s + figures.lent_s, elapsed_s, figures.state
    )
    return Strip(str(rank), title, *kinds)


def _moments(events: Sequence[Event], survival: Survival, elapsed_s: float) -> list[Moment]:
    """Checkpoints and deaths of this incarnation."""
    before_s = survival.before_s
    made = [
        Moment(row.began_s - before_s, f"checkpoint {row.epoch}", "checkpoint")
        for row in survival.checkpoints
        if not row.why_not and 0 <= row.began_s - before_s <= elapsed_s
    ]
    lost = [Moment(e.time_s, shortened(e.text, 200), "lost") for e in events if e.kind == "lost"]
    return [*made[:: 1 + len(made) // MOST_MOMENTS], *lost[:MOST_MOMENTS]]


def pool(summary: Summary, scaling: Scaling | None) -> Section:
    """What waited for the pool, how many ranks were to be active, and why."""
    if scaling is None or not scaling.ticks:
        return Section("Pool and auto-scaler", [])
    ticks, elapsed_s = scaling.ticks, summary.elapsed_s
    at = [tick.time_s for tick in ticks]
    active = lines(
        at,
        [
            Line("ranks that were active", [float(t.active) for t in ticks], "first"),
            Line("ranks that were to be", [float(t.target) for t in ticks], "second"),
            Line("ranks inside elements", [t.busy for t in ticks], "third"),
        ],
        elapsed_s,
        "Ranks of the pool over time",
    )
    waits = lines(
        at,
        [Line("seconds of work of one rank that waited", [t.backlog_s for t in ticks], "first")],
        elapsed_s,
        "Backlog over time",
        seconds,
    )
    speed = lines(
        at,
        [
            Line("tuples/s that were done", [t.done for t in ticks], "first"),
            Line("tuples/s that arrived", [t.arrived for t in ticks], "second"),
        ],
        elapsed_s,
        "Tuples a second over time",
    )
    changes: list[list[Child]] = [
        [seconds(c.time_s), f"{c.before}", f"{c.after}", shortened(c.reason, 300)]
        for c in scaling.changes[:MOST_ROWS]
    ]
    head = ["after", "ranks before", "after it", "why"]
    told = table(head, changes, 0, f"Changes by the policy {scaling.policy}", True)
    return Section(
        "Pool and auto-scaler",
        [
            figure(active, keys(("first", "active"), ("second", "target"), ("third", "inside elements"))),
            figure(waits, "Backlog: seconds of work of one rank that waited"),
            figure(speed, keys(("first", "tuples/s done"), ("second", "arrived"))),
            folded("When their number changed, and why", told) if told is not None else None,
            tag("pre", scaling.failure) if scaling.failure else None,
        ],
    )  # fmt: skip
