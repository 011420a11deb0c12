"""The graph of a workflow as a drawing: elements as boxes, in layers from the sources on. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hpcd4p.record.page.layers import Edge, Layers, Node, layers_of
from hpcd4p.record.page.markup import Markup, joined, label, svg, tag
from hpcd4p.record.table import shortened

WIDE = 168.0
"""Of a box, in pixels; a name of 20 letters fits."""
HIGH = 62.0
GAP = 26.0
"""Between two boxes of a layer."""
WAY = 14.0
"""Of an edge that passes a layer."""
LONG = 96.0
"""Between two layers: there the edges say how many tuples they carried."""
TALL = 58.0
"""The same from top to bottom."""
MARGIN = 10.0

MOST_WIDE = 1180.0
"""A graph that would be wider is drawn from top to bottom."""

NAME_CHARS = 20
LINE_CHARS = 26


class Box(NamedTuple):
    """One element."""

    name: str
    role: str  # a value or word of `plan.model.Role`; or "output"
    lines: tuple[str, ...] = ()
    """What it has done, at most two short ones."""
    title: str = ""
    """More of it, shown when the pointer is there."""
    share: float = 0.0
    """Part of the time inside elements that was inside this one: how full its bar is."""
    marked: str = ""
    """Why it is drawn in the colour of warnings; empty: it is not."""


class Arrow(NamedTuple):
    """Tuples from one box to another, by number."""

    source: int
    target: int
    words: str = ""
    title: str = ""


class _Sizes(NamedTuple):
    """Along the layers, and across them."""

    along: float
    across: float
    step: float
    down: bool


def graph(boxes: Sequence[Box], arrows: Sequence[Arrow], title: str) -> Markup:
    """The drawing; `arrows` between boxes that are not there are left out."""
    arrows = [a for a in arrows if a.source != a.target and max(a.source, a.target) < len(boxes)]
    layers = layers_of(len(boxes), [Edge(a.source, a.target) for a in arrows])
    down = len(layers.nodes) * (WIDE + LONG) > MOST_WIDE
    sizes = _Sizes(HIGH, WIDE, HIGH + TALL, True) if down else _Sizes(WIDE, HIGH, WIDE + LONG, False)
    places, breadth = _places(layers, sizes)
    length = (len(layers.nodes) - 1) * sizes.step + sizes.along
    width, height = (breadth, length) if down else (length, breadth)
    drawn = [_arrow(a, [places[n] for n in way], sizes) for a, way in zip(arrows, layers.ways, strict=True)]
    # words come last, so that no other edge goes through them
    lines, words = [line for line, _ in drawn], [word for _, word in drawn]
    children = [*lines, *(_box(box, *places[n]) for n, box in enumerate(boxes)), *words]
    shifted = tag("g", *children, transform=f"translate({MARGIN:g} {MARGIN:g})")
    return svg(width + 2 * MARGIN, height + 2 * MARGIN, title, _arrow_head(), shifted, class_="graph")


def _places(layers: Layers, sizes: _Sizes) -> tuple[dict[Node, tuple[float, float]], float]:
    """The upper left corner of each node, and how much room they take across."""
    spans = [[sizes.across if isinstance(node, int) else WAY for node in line] for line in layers.nodes]
    needed = [sum(span) + GAP * (len(span) - 1) for span in spans]
    breadth = max(needed, default=0.0)
    places: dict[Node, tuple[float, float]] = {}
    for number, (line, span) in enumerate(zip(layers.nodes, spans, strict=True)):
        at, along = (breadth - needed[number]) / 2, number * sizes.step
        for node, size in zip(line, span, strict=True):
            places[node] = (at, along) if sizes.down else (along, at)
            at += size + GAP
    return places, breadth


def _arrow(
    arrow: Arrow, places: Sequence[tuple[float, float]], sizes: _Sizes
) -> tuple[Markup, Markup | None]:
    """An edge through the places of its way, and its words in the middle."""
    begin, end = _ends(places[0], sizes)[1], _ends(places[-1], sizes)[0]
    path, at = f"M{begin[0]:.1f} {begin[1]:.1f}", begin
    for x, y in places[1:-1]:
        first = (x + WAY / 2, y) if sizes.down else (x, y + WAY / 2)
        then = (first[0], y + sizes.along) if sizes.down else (x + sizes.along, first[1])
        path += _curve(at, first, sizes.down) + f"L{then[0]:.1f} {then[1]:.1f}"
        at = then
    path += _curve(at, end, sizes.down)
    title = tag("title", arrow.title or arrow.words) if arrow.title or arrow.words else None
    line = tag("path", title, d=path, class_="edge", marker_end="url(#head)")
    if not arrow.words:
        return line, None
    x, y = (at[0] + end[0]) / 2, (at[1] + end[1]) / 2
    return line, label(x, y + (4 if sizes.down else -4), arrow.words, "rate", "middle")


def _ends(corner: tuple[float, float], sizes: _Sizes) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where edges come into a box, and where they leave it."""
    x, y = corner
    if sizes.down:
        return (x + WIDE / 2, y - 2), (x + WIDE / 2, y + HIGH)
    return (x - 2, y + HIGH / 2), (x + WIDE, y + HIGH / 2)


def _curve(begin: tuple[float, float], end: tuple[float, float], down: bool) -> str:
    (x, y), (u, v) = begin, end
    if down:
        return f"C{x:.1f} {(y + v) / 2:.1f} {u:.1f} {(y + v) / 2:.1f} {u:.1f} {v:.1f}"
    return f"C{(x + u) / 2:.1f} {y:.1f} {(x + u) / 2:.1f} {v:.1f} {u:.1f} {v:.1f}"


def _box(box: Box, x: float, y: float) -> Markup:
    kind = "output" if box.role == "output" else "marked" if box.marked else box.role
    words = [label(10.0, 19.0, shortened(box.name, NAME_CHARS), "name")]
    words += [
        label(10.0, 35.0 + 14.0 * at, shortened(line, LINE_CHARS), "small")
        for at, line in enumerate(box.lines)
    ]
    shape = tag("rect", x=0, y=0, width=WIDE, height=HIGH, rx=16 if kind == "output" else 5)
    bar = None
    if box.share > 0:
        bar = tag("rect", x=1.0, y=HIGH - 5, width=max(1.0, (WIDE - 2) * box.share), height=4, class_="bar")
    title = "\n".join(filter(None, (box.name, box.role, box.title, box.marked)))
    return tag(
        "g", tag("title", title), shape, bar, joined(words), transform=f"translate({x:.1f} {y:.1f})",
        class_=f"box {kind}",
    )  # fmt: skip


def _arrow_head() -> Markup:
    shape = tag("path", d="M0 0L8 4L0 8z", class_="head")
    marker = tag(
        "marker", shape, id="head", markerWidth=8, markerHeight=8, refX=7, refY=4, orient="auto",
        markerUnits="userSpaceOnUse",
    )  # fmt: skip
    return tag("defs", marker)
