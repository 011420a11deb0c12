"""The figure of a comparison: ratios of run time and of process time with their intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from hpcd4p.record.picture import load_matplotlib, rendered
from hpcd4p.study.report.compare import FEWEST_REPEATS, LEVEL, Ratio
from hpcd4p.study.report.figures import Picture, repeats_words
from hpcd4p.study.report.panels import (
    IDEAL,
    PAGE_IN,
    View,
    legend,
    named,
    scale_x,
    scale_y,
    style_of,
    styled,
    title_of,
    x_name,
    x_words,
)
from hpcd4p.study.report.ratios import FILE, Comparison, Entry
from hpcd4p.study.report.tables import file_name

MOST_CONTEXTS = 4
"""Rows of panels in one figure; more make further figures."""

SPREAD = 0.2
"""Of the distance between two x, over which the values at one x are spread: intervals must not overlap."""

ENOUGH = 5
"""Repeats from which on an interval holds the truth as often as it says; with 3 it is 9 times in 10."""

LOG_RATIO = 5
"""Ratios that differ by more than this are on a logarithmic scale."""


def ratio_pictures(view: View, comparison: Comparison, kinds: Sequence[str]) -> Iterator[Picture]:
    """Draw a comparison, in as many figures as its contexts need."""
    matplotlib = load_matplotlib()
    contexts = comparison.contexts
    for i in range(0, len(contexts), MOST_CONTEXTS):
        part = contexts[i : i + MOST_CONTEXTS]
        with styled(matplotlib):
            figure = _drawn(matplotlib, view, comparison, part)
            files = {kind: rendered(figure, kind) for kind in kinds}
        name = f"ratios-{file_name(comparison.axis)}" + (
            f"-{i // MOST_CONTEXTS + 1}" if len(contexts) > MOST_CONTEXTS else ""
        )
        yield Picture(name, _caption(view, comparison, part), True, files)


def _drawn(matplotlib: Any, view: View, comparison: Comparison, contexts: Sequence[str]) -> Any:
    from matplotlib.lines import Line2D

    rows = len(contexts)
    figure = matplotlib.figure.Figure(figsize=(PAGE_IN, 0.5 + 2.1 * rows), layout="constrained")
    axes = figure.subplots(rows, 2, sharex=True, sharey="col", squeeze=False)
    values = comparison.values
    base = comparison.base if comparison.axis == FILE else f"{comparison.base} (baseline)"
    for row, context in zip(axes, contexts, strict=True):
        for axis, pick, what in ((row[0], _run, "run time"), (row[1], _process, "process time")):
            log = scale_x(axis, view)
            axis.axhline(1, color=IDEAL, lw=0.9, ls="--", zorder=1)
            here = [e for e in comparison.entries if e.context == context]
            for place, value in enumerate(values):
                entries = [e for e in here if e.value == value]
                shift = SPREAD * (place - (len(values) - 1) / 2) / max(1, len(values) - 1)
                _draw(
                    axis,
                    view,
                    entries,
                    [pick(e) for e in entries],
                    _style(view, comparison, value),
                    shift,
                    log,
                )
            axis.set_ylabel(f"{what} (ratio to {comparison.base})")
            axis.set_title(title_of(context), fontsize=8)
    for column, pick in zip(axes.T, (_run, _process), strict=True):
        column[-1].set_xlabel(x_name(view.shape))
        _scale(column, [pick(e) for e in comparison.entries if e.context in contexts])
    handles = [Line2D([], [], lw=1.0, ms=3.5, label=named(v), **_style(view, comparison, v)) for v in values]
    others = [Line2D([], [], color=IDEAL, lw=0.9, ls="--", label=base)]
    legend(figure, handles, others, None if comparison.axis == FILE else comparison.axis)
    return figure


def _run(entry: Entry) -> Ratio:
    return entry.run


def _process(entry: Entry) -> Ratio:
    return entry.process


def _style(view: View, comparison: Comparison, value: str) -> dict[str, Any]:
    """Of a value: that of its line in the other figures."""
    from hpcd4p.study.report.cells import text_of

    known = [text_of(v) for v in view.shape.values.get(comparison.axis, [])] or comparison.values
    return style_of(known.index(value), len(known))


def _draw(
    axis: Any,
    view: View,
    entries: Sequence[Entry],
    ratios: Sequence[Ratio],
    style: dict[str, Any],
    shift: float,
    log: bool,
) -> None:
    step = _step(view)
    at = {e.x: r for e, r in zip(entries, ratios, strict=True) if r.known}
    xs = [view.at(x) * 2**shift if log else view.at(x) + shift * step for x in view.xs]
    # a gap where there is no ratio
    ys = [at[x].value if x in at else math.nan for x in view.xs]
    axis.plot(xs, ys, lw=1.0 if view.shape.numeric else 0, ms=3.5, mew=0, zorder=3, **style)
    known = [(x, at[value]) for x, value in zip(xs, view.xs, strict=True) if value in at]
    ends = [(x, r.value, r.interval) for x, r in known if r.interval]
    axis.errorbar(
        [x for x, _, _ in ends], [y for _, y, _ in ends],
        yerr=[[max(0.0, y - i.low) for _, y, i in ends], [max(0.0, i.high - y) for _, y, i in ends]],
        fmt="none", ecolor=style["color"], elinewidth=1.0, capsize=2.0, capthick=1.0, zorder=3,
    )  # fmt: skip


def _step(view: View) -> float:
    at = sorted(view.at(x) for x in view.xs)
    return min((b - a for a, b in pairwise(at)), default=1.0)


def _scale(axes: Sequence[Any], ratios: Sequence[Ratio]) -> None:
    """Give the panels of one column one scale, on which a few per cent do not look like much."""
    from matplotlib.ticker import MaxNLocator

    known = [y for r in ratios if r.known for y in (r.value, *(r.interval or ()))]
    low, high = min([0.9, *known]), max([1.1, *known])
    log = high / low > LOG_RATIO
    edge = (high / low) ** 0.03 if log else 0.03 * (high - low)
    for axis in axes:
        axis.set_ylim(*((low / edge, high * edge) if log else (low - edge, high + edge)))
        if log:
            scale_y(axis, 10)
        else:
            axis.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))


def _caption(view: View, comparison: Comparison, contexts: Sequence[str]) -> str:
    entries = [e for e in comparison.entries if e.context in contexts]
    few = sum(1 for e in entries if e.run.interval is None)
    some = few < len(entries)
    words = [
        f"Run time (left) and process time (right) divided by those of {comparison.base_words}, against "
        f"{x_words(view.shape)}: ratios of medians ({repeats_words([e.cell for e in entries])})"
        + (f" with {LEVEL:.0%} bootstrap intervals over the repeats." if some else ".")
    ]
    if few:
        which = "No interval can be" if not some else f"{few} of {len(entries)} intervals cannot be"
        words.append(f"{which} given: there are fewer than {FEWEST_REPEATS} repeats.")
    elif min(min(e.run.n, e.run.base_n) for e in entries) < ENOUGH:
        words.append(f"With fewer than {ENOUGH} repeats intervals are a little too short.")
    if len(comparison.values) > 1:
        words.append("Values at one x stand side by side.")
    if comparison.unmatched:
        words.append(f"Left out, without a partner: {len(comparison.unmatched)}.")
    return " ".join(words)
