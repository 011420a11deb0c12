"""A study in words: its points before the start, and where they are. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from hpcd4p.record.table import core_hours, count, seconds, shortened, table
from hpcd4p.study.definition.points import Point
from hpcd4p.study.definition.study import NODES, RANKS, Study
from hpcd4p.study.running.states import COMPLETED, ENDED, PointState, counted

MOST_LINES = 60
"""Of points that are listed one by one; more are cut in the middle."""


def points_text(study: Study, points: Sequence[Point]) -> list[str]:
    """Give the points, and what they cost at most."""
    shown = _cut(
        [[p.key, str(p.ranks), str(p.nodes), "python -m hpcd4p " + " ".join(p.words)] for p in points]
    )
    most_s = sum(p.ranks * study.launch.cpus_per_task * study.time_s for p in points)
    repeats = f" ({len(points) // study.repeats} with {study.repeats} repeats)" if study.repeats > 1 else ""
    return [
        f"{study.name}: {count(len(points), 'point')}{repeats} of {study.workflow}, {study.scaling} scaling",
        *table(["point", RANKS, NODES, "command"], shown, left=4),
        f"At most {core_hours(most_s)} core-hours: each point may take {seconds(study.time_s)}",
    ]


def states_text(study: Study, states: Sequence[PointState]) -> list[str]:
    """Give where every point is."""
    rows = [
        [
            s.point.key,
            s.state,
            str(s.attempt or ""),
            seconds(s.end["elapsed_s"]) if isinstance(s.end.get("elapsed_s"), int | float) else "",
            str(s.end.get("job") or s.plan.get("job") or ""),
            shortened(str(s.end.get("reason") or ""), 80),
        ]
        for s in states
    ]
    head = ["point", "state", "attempt", "took", "job", "why"]
    return [*table(head, _cut(rows), left=6), f"{study.name}: {counted(states)}"]


def result_text(study: Study, states: Sequence[PointState]) -> list[str]:
    """Give the results of the points at the end, without those that completed: they were shown one by one."""
    rest = [s for s in states if s.state != COMPLETED]
    return [*(states_text(study, rest)[:-1] if rest else []), f"{study.name}: {counted(states)}"]


def ended_text(now: PointState, done: int, of: int) -> str:
    """Give one line for a point that has ended."""
    took = now.end.get("elapsed_s")
    text = f"[{done}/{of}] {now.point.key}: {now.state}"
    if isinstance(took, int | float):
        text += f" after {seconds(took)}"
    return text + (f"; {shortened(str(now.end.get('reason')), 160)}" if now.end.get("reason") else "")


def status_of(states: Sequence[PointState]) -> int:
    """Give the exit status: 0 all points completed, 1 some did not, 3 some have not ended."""
    if any(s.state not in ENDED for s in states):
        return 3
    return 0 if all(s.state == COMPLETED for s in states) else 1


def _cut(rows: list[list[str]]) -> list[list[str]]:
    if len(rows) <= MOST_LINES:
        return rows
    half = MOST_LINES // 2
    gap = [f"... {len(rows) - 2 * half:,} more", *[""] * (len(rows[0]) - 1)]
    return [*rows[:half], gap, *rows[-half:]]
