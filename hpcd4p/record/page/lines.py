"""What grew and shrank over the time of a run, as a drawing: lines over one axis. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from hpcd4p.record.page.axis import LEFT, WIDE, ticks_below
from hpcd4p.record.page.markup import Markup, label, svg, tag

HIGH = 110.0
HEAD = 12.0

MOST_POINTS = 400
"""Of a line: more than half of its pixels show nothing more."""


class Line(NamedTuple):
    """One quantity."""

    name: str
    values: Sequence[float]
    kind: str
    """A class of the style."""


def lines(
    times_s: Sequence[float],
    drawn: Sequence[Line],
    elapsed_s: float,
    title: str,
    words: Callable[[float], str] = lambda value: f"{value:,.3g}",
) -> Markup:
    """The drawing of quantities that were seen at `times_s`; `words` tells a value of the axis."""
    most = max((max(line.values, default=0.0) for line in drawn), default=0.0) or 1.0
    chosen = _chosen(times_s, drawn)

    def place(time_s: float, value: float) -> tuple[float, float]:
        x = LEFT + WIDE * (min(1.0, time_s / elapsed_s) if elapsed_s > 0 else 0.0)
        return x, HEAD + HIGH * (1 - value / most)

    paths = [_path(line, times_s, chosen, place) for line in drawn]
    foot, height = ticks_below(elapsed_s, HEAD + HIGH)
    scale = [
        label(LEFT - 6, HEAD + 4, words(most), "tick", "end"),
        label(LEFT - 6, HEAD + HIGH, words(0.0), "tick", "end"),
        tag("path", d=f"M{LEFT:.1f} {HEAD:.1f}h{WIDE:.1f}", class_="grid"),
    ]
    return svg(LEFT + WIDE + 10, height, title, *scale, *paths, *foot, class_="lines")


def _chosen(times_s: Sequence[float], drawn: Sequence[Line]) -> list[int]:
    """The looks that are drawn: of many those with the highest values of the first line, and the ends."""
    count = len(times_s)
    if count <= MOST_POINTS or not drawn:
        return list(range(count))
    step = -(-count // MOST_POINTS)
    values = drawn[0].values
    groups = [range(at, min(count, at + step)) for at in range(0, count, step)]
    return sorted({0, count - 1, *(max(group, key=lambda n: values[n]) for group in groups)})


def _path(
    line: Line,
    times_s: Sequence[float],
    chosen: Sequence[int],
    place: Callable[[float, float], tuple[float, float]],
) -> Markup:
    """A line that keeps its value until the next look."""
    parts: list[str] = []
    for at in chosen:
        x, y = place(times_s[at], line.values[at])
        parts.append(f"H{x:.1f}V{y:.1f}" if parts else f"M{x:.1f} {y:.1f}")
    highest = max(line.values, default=0.0)
    title = tag("title", f"{line.name}, {highest:,.3g} at most")
    return tag("path", title, d="".join(parts), class_=f"line {line.kind}")
