"""How long tuples took, and how old they were when they left, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcd4p.plan.rows import chosen_rows, with_gaps
from hpcd4p.record.table import count, seconds, table

if TYPE_CHECKING:
    from hpcd4p.record.summary import Summary
    from hpcd4p.record.times import Times

TAIL = 5.0
"""What takes so many times as long as most is worth a word."""

LEAST_PART = 0.1
"""An element that takes less of the time inside elements than this is not."""

LEAST_TUPLES = 100
"""Of fewer tuples, one in a hundred says nothing."""


def times_lines(summary: Summary) -> list[str]:
    """Tables of service times and latencies; none if the record is older than they are."""
    lines = _rows(
        summary.service,
        "element",
        "Service times (seconds inside the element: so many of 100 tuples took so long at most)",
    )
    more = _rows(
        summary.latency,
        "output",
        "Latency (from when rank 0 had it of the source until it left: so many of 100 tuples took as long)",
    )
    return [*lines, *([""] if lines and more else []), *more]


def _rows(of: dict[str, Times], what: str, title: str) -> list[str]:
    if not of:
        return []
    names = list(of)
    places = chosen_rows([of[name].p99_s for name in names])
    rows = [
        [name, f"{of[name].tuples:,}", *map(seconds, (of[name].p50_s, of[name].p95_s, of[name].p99_s))]
        for name in (names[place] for place in places)
    ]
    head, *lines = table([what, "tuples timed", "50", "95", "99"], rows)
    return [title, head, *with_gaps(lines, places, len(names))]


def tails(summary: Summary) -> list[str]:
    """A sentence for each element that matters and of which a few tuples take much longer than most."""
    busy = sum(e.busy_s for e in summary.elements)
    said = []
    for e in summary.elements:
        times = summary.service.get(e.name)
        if times is None or times.tuples < LEAST_TUPLES or e.busy_s < LEAST_PART * busy:
            continue
        if times.p99_s >= TAIL * times.p50_s > 0:
            said.append(
                f"{e.name}: half of its tuples took {seconds(times.p50_s)} at most, but 1 of 100 took "
                f"{seconds(times.p99_s)} or more ({times.p99_s / times.p50_s:.0f} times as long; "
                f"{count(times.tuples, 'tuple')} timed). Such tuples keep a rank when the others have "
                "nothing left; have the source give them first, or make smaller tuples of them."
            )
    return said
