"""Points compared with their baselines: values of an axis, or two results files. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hpcd4p.errors import SettingsError
from hpcd4p.study.report.cells import Cell, Shape, Value, label_of, series_of, text_of, x_of
from hpcd4p.study.report.compare import Ratio, mean_ratio, ratio

FILE = "file"
"""The axis of a comparison of two files."""

RUN, PROCESS = "elapsed_s", "process_time_s"


class Entry(NamedTuple):
    """One point beside its baseline."""

    context: str  # the other axes that vary, in words
    value: str  # what is compared with the baseline
    x: Value
    cell: Cell
    base: Cell
    run: Ratio
    process: Ratio


class Mean(NamedTuple):
    """Geometric means over x of the ratios of one value in one context."""

    context: str
    value: str
    points: int
    run: Ratio
    process: Ratio


@dataclass
class Comparison:
    """All points of some values beside those of one baseline.

    Attributes
    ----------
    axis : str
        What is compared: an axis, or ``file``.
    base : str
        The baseline in words.
    entries : list[Entry]
        In the order of contexts, values, x.
    means : list[Mean]
    unmatched : list[str]
        Points that have no partner, in words.
    """

    axis: str
    base: str
    entries: list[Entry] = field(default_factory=list)
    means: list[Mean] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)

    @property
    def base_words(self) -> str:
        """The baseline with its axis, ``autoscale = none``."""
        return self.base if self.axis == FILE else f"{self.axis} = {self.base}"

    @property
    def contexts(self) -> list[str]:
        """The contexts, in order."""
        return list(dict.fromkeys(e.context for e in self.entries))

    @property
    def values(self) -> list[str]:
        """The compared values, in order."""
        return list(dict.fromkeys(e.value for e in self.entries))


def compared(cells: Sequence[Cell], shape: Shape, axis: str, base: Value) -> Comparison:
    """Compare the values of an axis with `base`, at equal other axes."""
    comparison = Comparison(axis, text_of(base))
    if axis == shape.x:
        return _along(comparison, cells, shape, base)
    others = [n for n in shape.varied if n != axis]
    lines = series_of(cells, shape, others)
    partners = {
        (s.label, str(x_of(c, shape))): c for s in lines if s.axes[axis] == base for c in s.cells if c.runs
    }
    lines.sort(key=lambda s: [shape.values[n].index(s.axes[n]) for n in others])
    for line in lines:
        if line.axes[axis] == base:
            continue
        pairs = [(c, partners.get((line.label, str(x_of(c, shape))))) for c in line.cells]
        _add(comparison, shape, line.label, text_of(line.axes[axis]), pairs)
    return comparison


def _along(comparison: Comparison, cells: Sequence[Cell], shape: Shape, base: Value) -> Comparison:
    """Compare the values that are x itself: there is no other axis to run along."""
    for line in series_of(cells, shape):
        partner = next((c for c in line.cells if x_of(c, shape) == base and c.runs), None)
        for cell in line.cells:
            if x_of(cell, shape) != base:
                _add(comparison, shape, line.label, text_of(x_of(cell, shape)), [(cell, partner)])
    return comparison


def against(
    cells: Sequence[Cell],
    others: Sequence[Cell],
    shape: Shape,
    names: tuple[str, str],
    line: str | None = None,
) -> Comparison:
    """Compare two results files, point by point where all axes are equal.

    Parameters
    ----------
    cells, others
        Of the file of the report, and of the one that it is compared with.
    names
        What the two are called.
    line
        The axis whose values are lines in figures.

    Raises
    ------
    SettingsError
        An axis of one file only has several values.
    """
    comparison = Comparison(FILE, names[1])
    common = _common(cells, others)
    partners = {_identity(c, common): c for c in others}
    seen = {_identity(c, common) for c in cells}
    apart = [n for n in shape.varied if n != line]
    for series in series_of(cells, shape):
        pairs = []
        for cell in series.cells:
            partner = partners.get(_identity(cell, common))
            if partner is None:
                comparison.unmatched.append(f"only in {names[0]}: {label_of(cell.axes) or 'the point'}")
            else:
                pairs.append((cell, partner))
        context, value = label_of(series.axes, apart), label_of(series.axes, [line] if line else [])
        _add(comparison, shape, context, value or names[0], pairs)
    comparison.unmatched += [
        f"only in {names[1]}: {label_of(c.axes) or 'the point'}"
        for c in others
        if _identity(c, common) not in seen
    ]
    return comparison


def _common(cells: Sequence[Cell], others: Sequence[Cell]) -> list[str]:
    """The axes of both; one that only one file has must have one value, or points could not be told apart."""
    mine, theirs = ({n for c in side for n in c.axes} for side in (cells, others))
    for name in sorted(mine ^ theirs) if cells and others else ():
        side = cells if name in mine else others
        if len({text_of(c.axes.get(name)) for c in side}) > 1:
            raise SettingsError(
                f"--against: only one of the two files has the axis {name}, with several values, so its "
                "points have no single partner in the other"
            )
    return sorted(mine & theirs)


def _identity(cell: Cell, names: Sequence[str]) -> tuple[str, ...]:
    return (str(cell.ranks), *(text_of(cell.axes.get(n)) for n in names))


def _add(
    comparison: Comparison, shape: Shape, context: str, value: str, pairs: Sequence[tuple[Cell, Cell | None]]
) -> None:
    entries = []
    for cell, base in pairs:
        if not cell.runs or base is None or not base.runs:
            where = ", ".join(
                w
                for w in (
                    context,
                    f"{comparison.axis} = {value}",
                    f"{shape.x} = {text_of(x_of(cell, shape))}",
                )
                if w
            )
            comparison.unmatched.append(f"no completed run to compare at {where}")
            continue
        run, process = (ratio(cell.values(c), base.values(c)) for c in (RUN, PROCESS))
        entries.append(Entry(context, value, x_of(cell, shape), cell, base, run, process))
    comparison.entries += entries
    if len(entries) > 1:
        run, process = (
            mean_ratio([(e.cell.values(c), e.base.values(c)) for e in entries]) for c in (RUN, PROCESS)
        )
        comparison.means.append(Mean(context, value, len(entries), run, process))
