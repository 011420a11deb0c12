"""What each rank did over time, as a drawing: a strip for each, darker where it was busier. Pure.

A path for each shade holds all of it, in all strips: so the page of 64 ranks is small.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hpcd4p.record.page.axis import LEFT, WIDE, ticks_below
from hpcd4p.record.page.markup import Markup, label, svg, tag
from hpcd4p.record.table import percent, seconds

HIGH = 13.0
"""Of a strip, with the gap to the next."""
STRIP = 11.0
LEAST_HIGH = 4.0
"""With many ranks strips are lower, and not all have a name."""
MOST_HIGH = 900.0
"""Of all strips together: then several ranks share one."""

CELLS = 120
"""In a strip; a cell of fewer pixels shows nothing more."""

SHADES = 8
"""Steps from idle to busy that an eye tells apart."""


class Strip(NamedTuple):
    """One rank, or several."""

    name: str
    title: str
    busy: Sequence[float]
    """Part of the time in each cell that it was inside elements, 0 to 1."""
    parked: Sequence[float]
    lent: Sequence[float]


class Moment(NamedTuple):
    """What happened at one time: a line through all strips."""

    time_s: float
    title: str
    kind: str
    """A class of the style: checkpoint, lost or went-on."""


def strips(rows: Sequence[Strip], elapsed_s: float, moments: Sequence[Moment], title: str) -> Markup:
    """The drawing of `rows`; all have as many cells, over the whole time of the run."""
    rows = _joined(rows)
    high = max(LEAST_HIGH, min(HIGH, MOST_HIGH / max(1, len(rows))))
    every = max(1, round(HIGH / high))
    strip = high * STRIP / HIGH
    paths: dict[str, list[str]] = {}
    children: list[Markup] = []
    for number, row in enumerate(rows):
        y = number * high
        _cells(row, y, strip, paths)
        if number % every == 0:
            children.append(label(LEFT - 6, y + strip - 2, row.name, "tick", "end"))
    drawn = [tag("path", d="".join(parts), class_=kind) for kind, parts in sorted(paths.items())]
    hover = [
        tag("rect", tag("title", row.title), x=LEFT, y=n * high, width=WIDE, height=strip, class_="hover")
        for n, row in enumerate(rows)
    ]
    bottom = len(rows) * high
    marks = [
        tag(
            "path",
            tag("title", each.title),
            d=f"M{_at(each.time_s, elapsed_s):.1f} 0V{bottom:.1f}",
            class_=each.kind,
        )
        for each in moments
    ]
    foot, height = ticks_below(elapsed_s, bottom)
    return svg(LEFT + WIDE + 10, height, title, *drawn, *children, *hover, *marks, *foot, class_="strips")


def _at(time_s: float, elapsed_s: float) -> float:
    return LEFT + WIDE * min(1.0, max(0.0, time_s / elapsed_s)) if elapsed_s > 0 else LEFT


def _cells(row: Strip, y: float, high: float, paths: dict[str, list[str]]) -> None:
    """Add what one strip shows; equal cells that touch are one."""
    kinds = [_kind(*each) for each in zip(row.busy, row.parked, row.lent, strict=True)]
    width, begin = WIDE / max(1, len(kinds)), 0
    for at in range(1, len(kinds) + 1):
        if at == len(kinds) or kinds[at] != kinds[begin]:
            x, long = LEFT + begin * width, (at - begin) * width
            paths.setdefault(kinds[begin], []).append(f"M{x:.1f} {y:.1f}h{long:.1f}v{high:.1f}h-{long:.1f}z")
            begin = at


def _kind(busy: float, parked: float, lent: float) -> str:
    """The class of a cell: what it did most of the time."""
    if parked > 0.5:
        return "parked"
    shade = min(SHADES, round(SHADES * (busy + lent)))
    return f"lent s{shade}" if lent > busy else f"busy s{shade}"


def _joined(rows: Sequence[Strip]) -> Sequence[Strip]:
    """Rows that there is room for: each is the average of several, if there are many."""
    many = -(-len(rows) // int(MOST_HIGH / LEAST_HIGH))
    if many <= 1:
        return rows
    groups = [rows[at : at + many] for at in range(0, len(rows), many)]
    return [
        Strip(
            f"{group[0].name}-{group[-1].name}",
            "\n".join((f"ranks {group[0].name} to {group[-1].name}, on average", group[0].title)),
            *(
                [sum(cells) / len(group) for cells in zip(*kind, strict=True)]
                for kind in ([r.busy for r in group], [r.parked for r in group], [r.lent for r in group])
            ),
        )
        for group in groups
    ]


def cells_of(
    seconds_of: Sequence[float], began_s: float, bin_s: float, elapsed_s: float, cells: int = CELLS
) -> list[float]:
    """Parts of the time of equal cells over a run, from seconds in bins of its timeline."""
    width = elapsed_s / cells if elapsed_s > 0 else 1.0
    made = [0.0] * cells
    for number, value in enumerate(seconds_of):
        if not value:
            continue
        begin = began_s + number * bin_s
        end = begin + bin_s
        first, last = max(0, int(begin / width)), min(cells - 1, int(end / width))
        for cell in range(first, last + 1):
            inside = min(end, (cell + 1) * width) - max(begin, cell * width)
            if inside > 0:
                made[cell] += value * inside / bin_s
    return [min(1.0, value / width) for value in made]


def title_of(rank: int, host: str, role: str, busy_s: float, elapsed_s: float, state: str) -> str:
    """What is said of a rank when the pointer is on its strip."""
    where = f" on {host}" if host else ""
    share = f", inside elements {percent(busy_s / elapsed_s)} of the time" if elapsed_s > 0 else ""
    lost = f", {state}" if state != "finished" else ""
    return f"rank {rank}{where} ({role or 'no role'}): {seconds(busy_s)}{share}{lost}"
