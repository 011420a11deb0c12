"""What all figures of a report share: panels, colours, scales, legends."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from hpcd4p.record.picture import STYLE
from hpcd4p.study.report.cells import (
    RANKS,
    Cell,
    Series,
    Shape,
    Value,
    label_of,
    line_axis,
    series_of,
    text_of,
)

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C510A")
"""Okabe and Ito's, with a brown for their yellow, which is not seen on white."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")

IDEAL = "#888888"

COLUMN_IN, PAGE_IN = 3.5, 7.1
"""Widths of a figure: of a column and of the text, in most journals."""

PANELS = 12
"""In one figure; more make further figures."""

ACROSS = 3

LOG_SPAN, SOME_SPAN, UNEVEN = 32, 8, 4
"""x from one to so many times that is on a logarithmic scale; with less, if some steps are so much wider."""

TICKS = 9

TITLE = 36
"""Letters in a line above a panel."""

LETTERS_PER_INCH = 15
LINE_IN = 0.15
"""Of a legend: letters across, height of a line."""


@dataclass
class Panel:
    """Lines under a title."""

    title: str
    lines: list[Series]


@dataclass
class View:
    """How a study is shown: which axis makes lines, which make panels; the same in all figures."""

    shape: Shape
    baseline: dict[str, Value]
    line: str | None
    panels: list[Panel] = field(default_factory=list)

    @property
    def xs(self) -> list[Value]:
        """Values of x."""
        return self.shape.values[self.shape.x]

    def at(self, x: Value) -> float:
        """Give where a value stands on the scale of x."""
        return float(x) if self.shape.numeric else float(self.xs.index(x))

    def style(self, line: Series) -> dict[str, Any]:
        """Give colour and marker of a line, the same in all figures."""
        values = self.shape.values[self.line] if self.line else [None]
        return style_of(values.index(line.axes[self.line]) if self.line else 0, len(values))


def style_of(place: int, many: int) -> dict[str, Any]:
    """Give colour and marker of number `place` of `many`."""
    marker = MARKERS[place % len(MARKERS)]
    if many <= len(PALETTE):
        return {"color": PALETTE[place], "marker": marker}
    from matplotlib import colormaps

    return {"color": colormaps["viridis"](0.95 * place / (many - 1)), "marker": marker}


def view_of(cells: Sequence[Cell], shape: Shape, baseline: dict[str, Value], named: dict[str, Value]) -> View:
    """Give the view of a study; the axis that is `named` as a baseline makes the lines."""
    line = line_axis(shape, named)
    others = [n for n in shape.varied if n != line]
    view = View(shape, baseline, line)
    panels: dict[str, list[Series]] = {}
    for series in series_of(cells, shape):
        panels.setdefault(label_of(series.axes, others), []).append(series)
    view.panels = [Panel(title, lines) for title, lines in panels.items()]
    return view


@contextmanager
def styled(matplotlib: Any) -> Iterator[None]:
    """Draw in the style of all pictures of hpcd4p; names of a study are text, whatever signs are in them."""
    with matplotlib.rc_context({**STYLE, "text.parse_math": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        yield


def named(text: str) -> str:
    """Give a label as matplotlib shows it: one that begins with _ would be left out of the legend."""
    return f" {text}" if text.startswith("_") else text


def grid(matplotlib: Any, count: int, across: int = ACROSS, height: float = 2.1) -> tuple[Any, list[Any]]:
    """Give (figure, its `count` axes)."""
    columns = min(across, count)
    rows = -(-count // columns)
    size = (COLUMN_IN, 2.7) if count == 1 else (PAGE_IN, 0.5 + height * rows)
    figure = matplotlib.figure.Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axis in axes[count:]:
        axis.set_visible(False)
    for i, axis in enumerate(axes[:count]):  # the lowest of each column has the numbers
        axis.tick_params(labelbottom=i + columns >= count)
    return figure, list(axes[:count])


def is_log(values: Sequence[Value], numeric: bool) -> bool:
    """Whether x is on a logarithmic scale: its values are powers of two apart, far apart, or ever further."""
    if not numeric or len(values) < 3 or min(values) <= 0:
        return False
    ordered = sorted(map(float, values))
    steps = [math.log2(v / ordered[0]) for v in ordered]
    if all(abs(s - round(s)) < 1e-9 for s in steps):
        return True
    gaps = [b - a for a, b in pairwise(ordered)]
    span = ordered[-1] / ordered[0]
    return span >= LOG_SPAN or (span >= SOME_SPAN and max(gaps) >= UNEVEN * min(gaps))


def scale_x(axis: Any, view: View) -> bool:
    """Set the scale and the ticks of x; gives whether it is logarithmic."""
    from matplotlib.ticker import FixedLocator, NullLocator

    log = is_log(view.xs, view.shape.numeric)
    if not view.shape.numeric:
        axis.set_xticks(range(len(view.xs)), [text_of(x) for x in view.xs])
        axis.set_xlim(-0.5, len(view.xs) - 0.5)
        return False
    if log:
        axis.set_xscale("log", base=2)
        axis.xaxis.set_minor_locator(NullLocator())
        axis.xaxis.set_major_locator(FixedLocator(thinned(view.xs)))
        axis.set_xlim(min(view.xs) / 2**0.25, max(view.xs) * 2**0.25)
    elif len(view.xs) <= TICKS:
        axis.xaxis.set_major_locator(FixedLocator(view.xs))
    axis.xaxis.set_major_formatter("{x:,g}")
    return log


def thinned(values: Sequence[Value]) -> list[Value]:
    """Give at most `TICKS` of the values, evenly, with the last."""
    step = -(-len(values) // TICKS)
    return list(values[::-1][::step][::-1])


def scale_y(axis: Any, base: int) -> None:
    """Make y logarithmic, with plain numbers; to be called when all is drawn."""
    from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

    axis.set_yscale("log", base=base)
    low, high = axis.get_ylim()
    if high / low < 2:  # a few per cent must not look like much
        low, high = low / 1.5, high * 1.5
        axis.set_ylim(low, high)
    if base == 2:
        axis.yaxis.set_major_locator(LogLocator(base=2, numticks=TICKS))
        axis.yaxis.set_minor_locator(NullLocator())
    else:
        few = high / low < 10
        axis.yaxis.set_major_locator(
            LogLocator(base=10, subs=(1, 2, 3, 5, 7) if few else (1, 2, 5), numticks=99)
        )
        axis.yaxis.set_minor_locator(LogLocator(base=10, subs=range(1, 10), numticks=99))
        axis.yaxis.set_minor_formatter(NullFormatter())
    axis.yaxis.set_major_formatter("{x:,g}")


def name_x(figure: Any, axes: Sequence[Any], shape: Shape) -> None:
    """Name x below the lowest panels."""
    for axis in axes:
        axis.set_xlabel(x_name(shape) if axis.xaxis.get_tick_params()["labelbottom"] else "")


def x_name(shape: Shape) -> str:
    """Give the name of x with its unit, as far as its name tells one."""
    if shape.x == RANKS:
        return "number of ranks"
    name = shape.x.removesuffix("_s").removesuffix("_bytes").replace("_", " ")
    unit = " (s)" if shape.x.endswith("_s") else " (bytes)" if shape.x.endswith("_bytes") else ""
    return name + unit


def x_words(shape: Shape) -> str:
    """Give x as a caption names it."""
    return "the number of ranks" if shape.x == RANKS else shape.x


def title_of(text: str) -> str:
    """Give the title of a panel, in lines that fit."""
    return text.replace(", ", "\n") if len(text) > TITLE else text


def legend(figure: Any, lines: Sequence[Any], others: Sequence[Any] = (), title: str | None = None) -> None:
    """Put a legend above all panels: the lines row by row, then what they are compared with."""
    from matplotlib.lines import Line2D

    handles = [*lines, *others]
    if not handles:
        return
    room = figure.get_figwidth() * LETTERS_PER_INCH
    blank = Line2D([], [], lw=0, label="")
    tried = [_rows([*lines, *others], len(handles), blank)]
    tried += [_rows(lines, n, blank) + _rows(others, n, blank) for n in range(len(handles) - 1, 0, -1)]
    rows = next((rows for rows in tried if _width(rows) <= room), tried[-1])
    # matplotlib fills column by column
    handles = [row[i] for i in range(len(rows[0])) for row in rows]
    columns = len(rows[0])
    figure.set_figheight(figure.get_figheight() + LINE_IN * (len(rows) - 1 + (title is not None)))
    figure.legend(
        handles=handles, loc="outside upper center", ncols=columns, title=title, title_fontsize=7.5,
        handlelength=1.8, columnspacing=1.3, borderaxespad=0.2,
    )  # fmt: skip


def _rows(handles: Sequence[Any], columns: int, blank: Any) -> list[list[Any]]:
    padded = [*handles, *[blank] * (-len(handles) % columns)]
    return [padded[i : i + columns] for i in range(0, len(padded), columns)]


def _width(rows: Sequence[Sequence[Any]]) -> int:
    """Letters across: of each column the longest, and its sign."""
    return sum(max(len(str(h.get_label())) for h in column) + 6 for column in zip(*rows, strict=True))
