"""The figures of a report: what was measured against ranks, ratios, laws. Each with its caption."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hpcd4p.record.picture import load_matplotlib, rendered
from hpcd4p.study.report.cells import Cell, Series, text_of, x_of
from hpcd4p.study.report.panels import (
    IDEAL,
    PANELS,
    Panel,
    View,
    grid,
    legend,
    name_x,
    named,
    scale_x,
    scale_y,
    styled,
    title_of,
    x_words,
)


@dataclass
class Picture:
    """A figure, drawn: name (of its files), caption, whether it is as wide as the page, files by kind."""

    name: str
    caption: str
    wide: bool
    files: dict[str, bytes]


class Metric(NamedTuple):
    """A column of the results that is drawn against x."""

    name: str
    column: str
    label: str  # of y, with the unit
    title: str  # first words of the caption
    ideal: Callable[[float, float], float] | None = None  # (x ÷ first x, first y) → y
    log: int = 0  # base of a logarithmic y where x is one
    ideal_words: str = ""


def metrics(weak: bool, along_ranks: bool) -> list[Metric]:
    """Give what is drawn for a study of strong or weak scaling."""
    falls = Metric(
        "run-time", "elapsed_s", "run time (s)", "Run time",
        (lambda m, y: y) if weak else (lambda m, y: y / m), 0 if weak else 10,
        "as long as with the fewest ranks" if weak else "shorter by the number of ranks",
    )  # fmt: skip
    grows = Metric(
        "speed-up", "speed_up", "scaled speed-up (ratio)" if weak else "speed-up (ratio)",
        "Scaled speed-up (Gustafson: the work grows with the ranks)" if weak else "Speed-up",
        lambda m, y: m, 2, "the number of ranks over the fewest",
    )  # fmt: skip
    level = Metric(
        "efficiency", "parallel_efficiency",
        "weak-scaling efficiency (ratio)" if weak else "parallel efficiency (ratio)",
        "Efficiency of weak scaling, run time with the fewest ranks over run time" if weak
        else "Parallel efficiency, speed-up over ranks",
        lambda m, y: 1.0,
    )  # fmt: skip
    process = Metric(
        "process-time",
        "process_time_s",
        "process time (s)",
        "Process time (time not parked, summed over the ranks)",
    )
    through = Metric(
        "throughput", "throughput", "throughput (tuples/s)", "Throughput",
        lambda m, y: y * m, 10, "growing with the number of ranks",
    )  # fmt: skip
    if along_ranks:
        return [falls, grows, level, process, through]
    return [m._replace(ideal=None, log=0) for m in (falls, process, through)]


def pictures(view: View, metric: Metric, kinds: Sequence[str]) -> Iterator[Picture]:
    """Draw one column against x, in as many figures as its panels need; none if nothing is known of it."""
    matplotlib = load_matplotlib()
    known = [
        Panel(p.title, p.lines) for p in view.panels
        if any(c.values(metric.column) for line in p.lines for c in line.cells)
    ]  # fmt: skip
    for i in range(0, len(known), PANELS):
        part = known[i : i + PANELS]
        with styled(matplotlib):
            figure = _lines(matplotlib, view, metric, part)
            files = {kind: rendered(figure, kind) for kind in kinds}
        name = metric.name + (f"-{i // PANELS + 1}" if len(known) > PANELS else "")
        yield Picture(name, _caption(view, metric, part), len(part) > 1, files)


def _lines(matplotlib: Any, view: View, metric: Metric, panels: Sequence[Panel]) -> Any:
    from matplotlib.lines import Line2D

    figure, axes = grid(matplotlib, len(panels))
    handles: dict[str, Any] = {}
    failed = ideal = False
    log = False
    for axis, panel in zip(axes, panels, strict=True):
        log = scale_x(axis, view)
        ideal |= _draw_ideal(axis, view, metric, panel)
        for place, line in enumerate(panel.lines):
            style = view.style(line)
            _draw_line(axis, view, metric, line, style)
            failed |= _mark_failures(axis, view, line, style, place)
            label = named(text_of(line.axes[view.line])) if view.line else ""
            handles.setdefault(label, Line2D([], [], lw=1.3, ms=3.5, label=label, **style))
        axis.set_title(title_of(panel.title), fontsize=8)
    if log and metric.log:
        for axis in axes:
            scale_y(axis, metric.log)
    else:
        _from_zero(axes, metric)
    for axis in axes:
        if axis.get_subplotspec().is_first_col():
            axis.set_ylabel(metric.label)
    name_x(figure, axes, view.shape)
    others = []
    if ideal:
        others.append(Line2D([], [], color=IDEAL, lw=0.9, ls="--", label="ideal"))
    if failed:
        others.append(Line2D([], [], color="black", marker="x", ms=4.5, lw=0, label="none completed"))
    legend(figure, list(handles.values()) if view.line else [], others, view.line)
    return figure


def _from_zero(axes: Sequence[Any], metric: Metric) -> None:
    top = 1.03 * max(axis.get_ylim()[1] for axis in axes)
    if metric.column == "parallel_efficiency":
        top = max(top, 1.08)
    for axis in axes:
        axis.set_ylim(0, top)
        if top >= 1000:
            axis.yaxis.set_major_formatter("{x:,g}")


def _draw_line(axis: Any, view: View, metric: Metric, line: Series, style: dict[str, Any]) -> None:
    single = [(view.at(x_of(c, view.shape)), v) for c in line.cells for v in c.values(metric.column)]
    several = any(len(c.runs) > 1 for c in line.cells)
    size, alpha = (2.6, 0.5) if several else (3.5, 1.0)
    axis.plot(
        [x for x, _ in single], [y for _, y in single], lw=0, ms=size, mew=0, alpha=alpha, zorder=3,
        clip_on=False, **style,
    )  # fmt: skip
    medians = [c.median(metric.column) for c in line.cells]
    xs = [view.at(x_of(c, view.shape)) for c in line.cells]
    if view.shape.numeric:
        axis.plot(xs, medians, lw=1.3, color=style["color"], zorder=4)
        alone = [i for i, m in enumerate(medians) if math.isfinite(m) and _is_alone(medians, i)]
        axis.plot([xs[i] for i in alone], [medians[i] for i in alone], lw=0, ms=3.5, zorder=4, **style)
    else:
        axis.plot(xs, medians, lw=0, marker="_", ms=13, mew=1.6, color=style["color"], zorder=4)


def _is_alone(medians: list[float], i: int) -> bool:
    """Whether no line leads to the median: it would not be seen."""
    beside = medians[max(0, i - 1) : i] + medians[i + 1 : i + 2]
    return not any(map(math.isfinite, beside))


def _mark_failures(axis: Any, view: View, line: Series, style: dict[str, Any], place: int) -> bool:
    xs = [view.at(x_of(c, view.shape)) for c in line.cells if not c.runs]
    if not xs:  # the layout would make room for a line of no points
        return False
    axis.plot(
        xs, [0.03 + 0.05 * place] * len(xs), lw=0, marker="x", ms=4.5, mew=1.2, color=style["color"],
        transform=axis.get_xaxis_transform(), clip_on=False, zorder=5,
    )  # fmt: skip
    return True


def _draw_ideal(axis: Any, view: View, metric: Metric, panel: Panel) -> bool:
    """Draw the ideal from the first point on; gives whether there is one."""
    if metric.ideal is None:
        return False
    first = _first(view, panel, metric.column)
    xs = {x_of(c, view.shape) for s in panel.lines for c in s.cells if c.values(metric.column)}
    if first is None or len(xs) < 2:
        return False
    x0, y0 = float(x_of(first, view.shape)), first.median(metric.column)
    along = [x0 + (max(view.xs) - x0) * i / 50 for i in range(51)]
    axis.plot(along, [metric.ideal(x / x0, y0) for x in along], color=IDEAL, lw=0.9, ls="--", zorder=2)
    return True


def _first(view: View, panel: Panel, column: str) -> Cell | None:
    """The cell that the ideal starts from: with the fewest ranks, of the baseline."""
    base = view.baseline.get(view.line) if view.line else None
    lines = sorted(panel.lines, key=lambda s: view.line is not None and s.axes[view.line] != base)
    cells = [c for s in lines[:1] for c in s.cells if c.values(column)]
    cells = cells or [c for s in lines for c in s.cells if c.values(column)]
    return min(cells, key=lambda c: float(x_of(c, view.shape)), default=None)


def _caption(view: View, metric: Metric, panels: Sequence[Panel]) -> str:
    cells = [c for p in panels for s in p.lines for c in s.cells]
    words = [f"{metric.title} against {x_words(view.shape)}."]
    words.append(
        f"Points: single runs ({repeats_words(cells)}); "
        f"{'line' if view.shape.numeric else 'bar'}: their median."
    )
    if metric.ideal is not None:
        of = (
            f" from {view.line} = {text_of(view.baseline[view.line])}"
            if view.line and metric.name in ("run-time", "throughput")
            else ""
        )
        words.append(f"Dashed: ideal{of}{', ' if metric.ideal_words else ''}{metric.ideal_words}.")
    if any(not c.runs for c in cells):
        words.append("×: no run of this point completed.")
    few = sum(1 for c in cells if c.runs and c.missing)
    if few:
        words.append(f"{few} point{'s have' if few > 1 else ' has'} fewer runs, as some did not complete.")
    if metric.column == "parallel_efficiency" and any(c.median(metric.column) > 1.05 for c in cells):
        words.append("Above 1: with few ranks the head, which takes no tuples, weighs more.")
    return " ".join(words)


def repeats_words(cells: Sequence[Cell]) -> str:
    """Give how many repeats the points have, ``n = 3 to 5 of each point``."""
    counts = sorted({len(c.runs) for c in cells if c.runs})
    if not counts:
        return "n = 0"
    return f"n = {counts[0]}" + (f" to {counts[-1]}" if len(counts) > 1 else "") + " of each point"
