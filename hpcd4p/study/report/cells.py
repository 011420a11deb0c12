"""The rows of a results file in order for the report: points, what varies, what is compared. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hpcd4p.errors import SettingsError
from hpcd4p.study.running.states import COMPLETED

Row = dict[str, Any]
Value = Any
"""Of an axis: int, float, str or bool."""

RANKS = "ranks"

NEUTRAL = {"autoscale": "none", "mapping": "dynamic"}
"""Default baselines by axis; for other axes it is the first value."""

MOST_LINES = 8
"""Lines in one panel; there are so many colours."""


@dataclass
class Cell:
    """A point of the study with all its repeats.

    Attributes
    ----------
    axes : dict[str, Value]
        The axes of the point; the repeat is not one.
    ranks : int
    runs : list[Row]
        The attempt that completed, of each repeat that has one; not after it went on from a checkpoint.
    missing : int
        Repeats without one.
    """

    axes: dict[str, Value]
    ranks: int
    runs: list[Row] = field(default_factory=list)
    missing: int = 0

    def values(self, column: str) -> list[float]:
        """Give the finite values of a column, one of each repeat."""
        values = (float(row[column]) for row in self.runs if row.get(column) is not None)
        return [value for value in values if math.isfinite(value)]

    def median(self, column: str) -> float:
        """Give the median of a column; NaN if there is none."""
        return median(self.values(column))


def median(values: Sequence[float]) -> float:
    """Give the median of `values`; NaN of nothing."""
    return statistics.median(values) if values else math.nan


def went_on(row: Row) -> bool:
    """Whether a run went on from a checkpoint, so that it has no time that can be compared."""
    return bool(row.get("continued"))


def cells_of(rows: Iterable[Row], axes: Sequence[str]) -> list[Cell]:
    """Put attempts together to points, in the order in which they come."""
    repeats: dict[tuple[tuple[Value, ...], int], list[Row]] = {}
    for row in rows:
        point = tuple(row.get(axis) for axis in axes)
        repeats.setdefault((point, int(row.get("repeat") or 1)), []).append(row)
    cells: dict[tuple[Value, ...], Cell] = {}
    for (point, _), attempts in repeats.items():
        cell = cells.get(point)
        if cell is None:
            cell = Cell(dict(zip(axes, point, strict=True)), int(attempts[0].get(RANKS) or 1))
            cells[point] = cell
        done = [row for row in attempts if row.get("state") == COMPLETED and not went_on(row)]
        if done:
            cell.runs.append(max(done, key=lambda row: int(row.get("attempt") or 1)))
        else:
            cell.missing += 1
    return list(cells.values())


@dataclass(frozen=True)
class Shape:
    """The parts that the axes of a study play.

    Attributes
    ----------
    x : str
        The axis that figures run along: ranks if there are several numbers of them.
    varied : tuple[str, ...]
        Other axes with several values.
    coupled : tuple[str, ...]
        Axes that follow from x, as the work does in a weak scaling study.
    fixed : dict[str, Value]
        Axes with one value.
    values : dict[str, list[Value]]
        Values of every axis, and of x, in order.
    """

    x: str
    varied: tuple[str, ...]
    coupled: tuple[str, ...]
    fixed: dict[str, Value]
    values: dict[str, list[Value]]

    @property
    def numeric(self) -> bool:
        """Whether x is a number."""
        return all(is_number(v) for v in self.values[self.x])

    @property
    def comparable(self) -> tuple[str, ...]:
        """Axes whose values can be compared with each other: the varied ones, and x if it is no number."""
        return self.varied if self.numeric else (self.x, *self.varied)

    @property
    def along_ranks(self) -> bool:
        """Whether there is any scaling to show."""
        return self.x == RANKS and len(self.values[RANKS]) > 1


def is_number(value: Value) -> bool:
    """Whether a value of an axis can be placed on a scale."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def shape_of(cells: Sequence[Cell], axes: Sequence[str], order: dict[str, list[Value]]) -> Shape:
    """Find out what varies, with what, and along which axis figures run.

    Parameters
    ----------
    order
        Values of the axes as the study lists them; those that it does not list are sorted.
    """
    names = list(dict.fromkeys([RANKS, *axes]))
    values = {n: _ordered({_at(c, n) for c in cells}, order.get(n, [])) for n in names}
    several = [n for n in names if len(values[n]) > 1]
    numeric = [n for n in several if all(is_number(v) for v in values[n])]
    longest = max(numeric, key=lambda n: len(values[n])) if numeric else (several[-1] if several else RANKS)
    x = RANKS if len(values[RANKS]) > 1 else longest
    coupled = tuple(n for n in several if n != x and _follows(cells, x, n))
    varied = tuple(n for n in several if n != x and n not in coupled)
    return Shape(x, varied, coupled, {n: v[0] for n, v in values.items() if len(v) == 1}, values)


def _at(cell: Cell, name: str) -> Value:
    return cell.ranks if name == RANKS else cell.axes.get(name)


def x_of(cell: Cell, shape: Shape) -> Value:
    """Give the position of a cell on the axis of figures."""
    return _at(cell, shape.x)


def _ordered(values: set[Value], listed: Sequence[Value]) -> list[Value]:
    # as texts: true is text in a results file
    place = {text_of(value): i for i, value in enumerate(listed)}

    def key(value: Value) -> tuple[int, bool, float, str]:
        number = is_number(value)
        return place.get(text_of(value), len(place)), not number, value if number else 0, text_of(value)

    return sorted(values, key=key)


def _follows(cells: Sequence[Cell], x: str, name: str) -> bool:
    partners: dict[Value, Value] = {}
    return all(partners.setdefault(_at(c, x), _at(c, name)) == _at(c, name) for c in cells)


@dataclass
class Series:
    """Points along x whose other axes are equal: a line in a figure."""

    label: str
    axes: dict[str, Value]
    cells: list[Cell]

    def __bool__(self) -> bool:
        return bool(self.cells)


def series_of(cells: Sequence[Cell], shape: Shape, names: Sequence[str] | None = None) -> list[Series]:
    """Give the lines of a figure; `names`: the axes in their labels, all varied ones by default."""
    names = shape.varied if names is None else names
    place = {n: {v: i for i, v in enumerate(shape.values[n])} for n in shape.values}
    groups: dict[tuple[Value, ...], list[Cell]] = {}
    for cell in cells:
        groups.setdefault(tuple(_at(cell, n) for n in shape.varied), []).append(cell)
    series = []
    for point in sorted(groups, key=lambda p: [place[n][v] for n, v in zip(shape.varied, p, strict=True)]):
        ordered = sorted(groups[point], key=lambda c: place[shape.x][x_of(c, shape)])
        axes = dict(zip(shape.varied, point, strict=True))
        series.append(Series(label_of(axes, names), axes, ordered))
    return series


def label_of(axes: dict[str, Value], names: Sequence[str] | None = None) -> str:
    """Give axes in words, ``autoscale = knee, mapping = static``."""
    return ", ".join(f"{n} = {text_of(v)}" for n, v in axes.items() if names is None or n in names)


def text_of(value: Value) -> str:
    """Give a value of an axis in words."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def line_axis(shape: Shape, baseline: dict[str, Value]) -> str | None:
    """Give the axis whose values are lines; the other varied ones make panels. None if nothing varies."""
    fitting = [n for n in shape.varied if len(shape.values[n]) <= MOST_LINES] or list(shape.varied)
    wanted = [n for n in baseline if n in fitting] or fitting
    return wanted[0] if wanted else None


def baseline_of(shape: Shape, asked: dict[str, Value], named: dict[str, Value]) -> dict[str, Value]:
    """Give what each varied axis is compared with.

    Parameters
    ----------
    asked
        From the command line: must be right.
    named
        From the study; names and values that these results lack are left out.

    Raises
    ------
    SettingsError
        An axis or a value that the results do not have.
    """
    for axis, value in asked.items():
        if axis not in shape.comparable:
            known = ", ".join(shape.comparable) or "none, only one value of each"
            raise SettingsError(f"--baseline {axis}={text_of(value)}: no axis to compare; there are: {known}")
        if find_value(shape.values[axis], text_of(value)) is None:
            known = ", ".join(map(text_of, shape.values[axis]))
            raise SettingsError(f"--baseline {axis}={text_of(value)}: the results have {axis} = {known}")
    fitting = {
        n: base
        for n, v in named.items()
        if n in shape.comparable and (base := find_value(shape.values[n], text_of(v))) is not None
    }
    given = {n: find_value(shape.values[n], text_of(v)) for n, v in asked.items()}
    rest = {n: find_value(shape.values[n], NEUTRAL.get(n, "")) for n in shape.comparable}
    rest = {n: shape.values[n][0] if v is None else v for n, v in rest.items()}
    chosen = {**fitting, **given}
    return {**chosen, **{n: v for n, v in rest.items() if n not in chosen}}


def find_value(values: Sequence[Value], text: str) -> Value | None:
    """Give the value that is written `text`; None if there is none."""
    for value in values:
        if text_of(value) == text:
            return value
    if any(is_number(v) for v in values):
        try:
            number = float(text)
        except ValueError:
            return None
        return next((v for v in values if is_number(v) and float(v) == number), None)
    return None
