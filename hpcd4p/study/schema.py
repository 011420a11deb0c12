"""The columns of the results file of a study, as ``SCHEMA.md`` tells them. Pure: names, kinds and units.

Whoever changes a column changes ``SCHEMA.md`` and, if an old file would be read wrongly, `SCHEMA_VERSION`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

SCHEMA = "hpcd4p study"
SCHEMA_VERSION = 1


class ColumnKind(Enum):
    """What the values of a column are; the value of each is its name in ``SCHEMA.md``."""

    TEXT = "text"  # variable-length UTF-8, "" where there is none
    WHOLE = "int64"  # -1 where there is none
    NUMBER = "float64"  # NaN where there is none


@dataclass(frozen=True)
class Column:
    """One column of ``/summary``; the unit of text is empty."""

    name: str
    kind: ColumnKind
    unit: str = ""


COLUMNS = (
    Column("key", ColumnKind.TEXT),
    Column("attempt", ColumnKind.WHOLE, "1"),
    Column("repeat", ColumnKind.WHOLE, "1"),
    Column("state", ColumnKind.TEXT),
    Column("status", ColumnKind.WHOLE, "1"),
    Column("reason", ColumnKind.TEXT),
    Column("ranks", ColumnKind.WHOLE, "ranks"),
    Column("nodes", ColumnKind.WHOLE, "nodes"),
    Column("elapsed_s", ColumnKind.NUMBER, "s"),
    Column("process_time_s", ColumnKind.NUMBER, "s"),
    Column("cpu_s", ColumnKind.NUMBER, "s"),
    Column("tuples", ColumnKind.WHOLE, "tuples"),
    Column("throughput", ColumnKind.NUMBER, "tuples/s"),
    Column("efficiency", ColumnKind.NUMBER, "1"),
    Column("speed_up", ColumnKind.NUMBER, "1"),
    Column("parallel_efficiency", ColumnKind.NUMBER, "1"),
    Column("failed", ColumnKind.WHOLE, "tuples"),
    Column("wall_s", ColumnKind.NUMBER, "s"),
    Column("host", ColumnKind.TEXT),
    Column("job", ColumnKind.TEXT),
    Column("started", ColumnKind.TEXT),
    Column("ended", ColumnKind.TEXT),
    Column("record", ColumnKind.TEXT),
    Column("continued", ColumnKind.WHOLE, "1"),
    Column("checkpoints", ColumnKind.WHOLE, "1"),
    Column("resumes", ColumnKind.WHOLE, "1"),
    Column("recoveries", ColumnKind.WHOLE, "1"),
)
"""The fixed columns, in the order in which they stand; then come the axes that are none of them."""

_NAMES = frozenset(column.name for column in COLUMNS)

MOST_WHOLE = 2**63 - 1


def columns_of(axes: Mapping[str, Iterable[Any]]) -> tuple[Column, ...]:
    """Give the columns of a file whose axes have these names and values."""
    own = (Column(name, kind_of(values), "") for name, values in axes.items() if name not in _NAMES)
    return (*COLUMNS, *(Column(c.name, c.kind, "" if c.kind is ColumnKind.TEXT else "1") for c in own))


def kind_of(values: Iterable[Any]) -> ColumnKind:
    """Give the kind that holds all `values` (None: missing) of an axis.

    A negative whole number would be taken for a missing one, so those are float64; what is not all
    numbers (true and false, too) is text.
    """
    known = [v for v in values if v is not None]
    if not known or any(isinstance(v, bool) or not isinstance(v, int | float) for v in known):
        return ColumnKind.TEXT
    if all(isinstance(v, int) and 0 <= v <= MOST_WHOLE for v in known):
        return ColumnKind.WHOLE
    return ColumnKind.NUMBER


def stored(column: Column, value: Any) -> Any:
    """Give `value` as it is written: missing values as their mark, text without what HDF5 cannot hold."""
    if column.kind is ColumnKind.WHOLE:
        fits = isinstance(value, int | float) and value == value and abs(value) <= MOST_WHOLE
        return int(value) if fits else -1
    if column.kind is ColumnKind.NUMBER:
        return float(value) if isinstance(value, int | float) else float("nan")
    return storable(axis_text(value))


def axis_text(value: Any) -> str:
    """Give a value of an axis as text: TOML's true and false, nothing for None."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def storable(text: str) -> str:
    """Give `text` without zeros and halves of surrogate pairs."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


def as_python(kind: ColumnKind, value: Any) -> Any:
    """Give a stored value as Python's; None where it is missing."""
    if kind is ColumnKind.WHOLE:
        return None if value == -1 else int(value)
    if kind is ColumnKind.NUMBER:
        return None if value != value else float(value)
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text or None
