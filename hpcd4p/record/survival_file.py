"""What a run has done to survive, in its HDF5 file: writing and reading.

Layout::

    /survival/checkpoints/*   one dataset per field of `CheckpointRow`, with its unit
    /survival/gone_on/*       one per field of `GoneOn`

Absent if the run was to make no checkpoints. Of very many rows those in the middle are left out; the figures
of the summary count them all.
"""

from __future__ import annotations

from typing import Any

from hpcd4p.record.datasets import TEXT, Columns, read_rows, write_rows
from hpcd4p.record.survival import CheckpointRow, GoneOn, Survival

GROUP = "survival"

MOST_TEXT = 400
"""Characters of a reason that are kept."""

_CHECKPOINTS: Columns = {
    "epoch": ("i8", "1"),
    "began_s": ("f8", "s"),
    "incarnation": ("i4", "1"),
    "size": ("i8", "bytes"),
    "written_s": ("f8", "s"),
    "stood_ms": ("f8", "ms"),
    "cpu_s": ("f8", "s"),
    "cost_s": ("f8", "s"),
    "why_not": (TEXT, "1"),
}
"""Type and unit of each field."""

_GONE_ON: Columns = {
    "time_s": ("f8", "s"),
    "incarnation": ("i4", "1"),
    "here": ("?", "1"),
    "epoch": ("i8", "1"),
    "repeated_s": ("f8", "s"),
    "ranks": ("i4", "ranks"),
    "why": (TEXT, "1"),
}


def write_survival(file: Any, survival: Survival) -> None:
    """Write the tables into the group ``/survival`` of `file`."""
    group = file.create_group(GROUP)
    made = [row._replace(why_not=row.why_not[:MOST_TEXT]) for row in survival.checkpoints]
    gone_on = [row._replace(why=row.why[:MOST_TEXT]) for row in survival.gone_on]
    write_rows(group.create_group("checkpoints"), made, _CHECKPOINTS)
    write_rows(group.create_group("gone_on"), gone_on, _GONE_ON)


def read_survival(file: Any) -> Survival | None:
    """Give the tables that `write_survival` wrote; None if there are none."""
    if GROUP not in file:
        return None
    group = file[GROUP]
    return Survival(
        [CheckpointRow(*row) for row in read_rows(group["checkpoints"], _CHECKPOINTS)],
        [GoneOn(*row) for row in read_rows(group["gone_on"], _GONE_ON)],
    )
