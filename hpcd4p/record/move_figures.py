"""The hand-overs of a run in short, and what they did to the loads of its ranks. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from hpcd4p.record.moves import MoveFigures, Moves, RankLoad
from hpcd4p.record.scaling import RankTimeline

AROUND_S = 2.0
"""Loads are those of so long before the first hand-over was ordered and after it was done, or what there is
of that: after later ones a run is often near its end."""


def figures_of(moves: Moves, timelines: Iterable[RankTimeline], elapsed_s: float) -> MoveFigures | None:
    """Give the hand-overs in short; None if there were none."""
    if not moves.made:
        return None
    made = moves.made
    first = min(made, key=lambda m: m.ordered_s)
    sources, targets = sorted({m.source for m in made}), sorted({m.target for m in made})
    loads = []
    for line in timelines:
        if line.rank in sources or line.rank in targets:
            before = load_of(line, first.ordered_s - AROUND_S, first.ordered_s)
            after = load_of(line, first.time_s, min(first.time_s + AROUND_S, elapsed_s))
            if before is not None and after is not None:
                loads.append(RankLoad(line.rank, before, after))
    moved = len({(m.element, m.partition) for m in made})
    return MoveFigures(
        made=len(made),
        partitions=moved,
        size=sum(m.size for m in made),
        first_s=first.ordered_s,
        last_s=max(m.time_s for m in made),
        sources=sources,
        targets=targets,
        first_source=first.source,
        busy=first.busy,
        line_s=first.line_s,
        loads=loads,
    )


def load_of(line: RankTimeline, begin_s: float, end_s: float) -> float | None:
    """Part of a time in which a rank was inside elements; None if it is shorter than half a bin."""
    begin_s = max(begin_s, line.began_s)
    if end_s - begin_s < line.width_s / 2:
        return None
    busy_s = 0.0
    for number, busy in enumerate(line.busy):
        left = line.began_s + number * line.width_s
        both = min(end_s, left + line.width_s) - max(begin_s, left)
        busy_s += busy * max(0.0, both) / line.width_s
    return min(1.0, busy_s / (end_s - begin_s))
