"""How times are spread, as a drawing: bars over a scale on which each step is ten times the last. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, floor, log10

from hpcd4p.histogram import lower_edge
from hpcd4p.record.page.markup import Markup, label, svg, tag
from hpcd4p.record.table import percent, seconds
from hpcd4p.record.times import Times

WIDE = 330.0
HIGH = 96.0
FOOT = 20.0
"""Below the bars, for the scale."""
HEAD = 14.0
"""Above them, for the words at the marks."""

_Bar = tuple[float, float, float, float, int]

BARS = 48
"""At most: narrower ones could not be pointed at."""


def spread(times: Times, title: str) -> Markup:
    """A drawing of times, with their median and their 99th percentile."""
    pairs = times.histogram.pairs()
    low, high = lower_edge(pairs[0][0]), lower_edge(pairs[-1][0] + 1)
    first, last = floor(log10(low)), ceil(log10(high))
    if last - first < 2:
        first, last = last - 2, last

    def at(value: float) -> float:
        return WIDE * (min(max(log10(value), first), last) - first) / (last - first)

    bars = _bars(pairs, at)
    most = max(tuples for _, _, _, _, tuples in bars)
    floor_y = HEAD + HIGH
    drawn = [_bar(bar, most, times.tuples, floor_y) for bar in bars]
    scale = [
        mark
        for power in range(first, last + 1)
        for mark in (
            tag("path", d=f"M{at(10.0**power):.1f} {floor_y:.1f}v4", class_="axis"),
            label(
                at(10.0**power), floor_y + 16, seconds(10.0**power), "tick",
                "start" if power == first else "end" if power == last else "middle",
            ),
        )
        if last - first <= 5 or (power - first) % 2 == 0
    ]  # fmt: skip
    marks = [_mark(at(value), name, value, floor_y) for name, value in _percentiles(times)]
    line = tag("path", d=f"M0 {floor_y:.1f}H{WIDE:.0f}", class_="axis")
    return svg(WIDE, floor_y + FOOT, title, *drawn, line, *scale, *marks, class_="spread")


def _percentiles(times: Times) -> list[tuple[str, float]]:
    return [("p50", times.p50_s), ("p99", times.p99_s)]


def _bars(pairs: Sequence[tuple[int, int]], at: Callable[[float], float]) -> list[_Bar]:
    """From where to where, in seconds and in pixels, and how many: many neighbours are joined."""
    first, last = pairs[0][0], pairs[-1][0]
    joined = max(1, ceil((last - first + 1) / BARS))
    sums: dict[int, int] = {}
    for bucket, tuples in pairs:
        step = (bucket - first) // joined
        sums[step] = sums.get(step, 0) + tuples
    edges = [
        (lower_edge(first + s * joined), lower_edge(first + (s + 1) * joined), n) for s, n in sums.items()
    ]
    return [(low, high, at(low), at(high), tuples) for low, high, tuples in sorted(edges)]


def _bar(bar: _Bar, most: int, all_of: int, floor_y: float) -> Markup:
    low, high, left, right, tuples = bar
    height = max(1.5, HIGH * tuples / most)
    title = f"{seconds(low)} to {seconds(high)}: {percent(tuples / all_of)}, {tuples:,} tuples"
    width = max(1.5, right - left - 0.5)
    return tag(
        "rect", tag("title", title), x=left, y=floor_y - height, width=width, height=height, class_="bar"
    )


def _mark(x: float, name: str, value: float, floor_y: float) -> Markup:
    """A line at a percentile, with its name beside it."""
    line = tag(
        "path",
        tag("title", f"{name} {seconds(value)}"),
        d=f"M{x:.1f} {HEAD:.1f}V{floor_y:.1f}",
        class_="mark",
    )
    anchor = "end" if x > WIDE - 70 else "start" if x < 40 else "middle"
    # two marks that are close must not write over each other
    return tag("g", line, label(x, HEAD - 4 if name == "p50" else HEAD + 8, name, "tick", anchor))
