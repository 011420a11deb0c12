"""The history of the auto-scaler in the HDF5 file of a run: writing and reading.

Layout::

    /scaling            attributes: policy, ranks (that may be parked), changes_made, failure (a traceback)
    /scaling/ticks/*    one dataset per field of `Tick`, with its unit
    /scaling/changes/*  one per field of `Change`
    /scaling/ranks      attribute bin_s; rank and began_s of each row; busy, parked and lent, ranks x
                        bins: seconds of each bin, the first of which begins with the run
    /scaling/moves/*    one per field of `Move`: partitions that went from rank to rank; absent if none did
    /scaling/places/*   then, one per field of `Place`: where each partition was at the start

Text has a fixed length, in UTF-8 (see datasets.py). Imports numpy only when it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpcd4p.record.datasets import TEXT, read_rows, write, write_rows, write_text
from hpcd4p.record.moves import Move, Moves, Place
from hpcd4p.record.scaling import Change, RankTimeline, Scaling, Tick

if TYPE_CHECKING:
    import numpy as np

    Table = np.ndarray[Any, np.dtype[Any]]

GROUP = "scaling"

MOST_REASON = 400
"""Characters of a reason that are kept."""

_TICKS = {
    "time_s": ("f8", "s"),
    "target": ("i4", "ranks"),
    "active": ("i4", "ranks"),
    "parked": ("i4", "ranks"),
    "idle": ("f4", "ranks"),
    "busy": ("f4", "ranks"),
    "waiting": ("f4", "1"),
    "backlog_tasks": ("i8", "tasks"),
    "backlog_s": ("f4", "s"),
    "arrived": ("f4", "tuples/s"),
    "done": ("f4", "tuples/s"),
    "held": ("?", "1"),
    "drained": ("?", "1"),
    "finished": ("?", "1"),
}
"""Type and unit of each field of `Tick` but the reason."""

_LATER = frozenset({"finished"})
"""The oldest records lack these: then they are false."""

_CHANGES = {"time_s": ("f8", "s"), "before": ("i4", "ranks"), "after": ("i4", "ranks")}
"""The same of `Change`. Both have a reason, which is text."""

_MOVES = {
    "ordered_s": ("f8", "s"),
    "time_s": ("f8", "s"),
    "element": (TEXT, "1"),
    "partition": ("i4", "1"),
    "source": ("i4", "rank"),
    "target": ("i4", "rank"),
    "size": ("i8", "bytes"),
    "share": ("f4", "1"),
    "busy": ("f4", "1"),
    "line_s": ("f4", "s"),
}
"""The same of `Move`."""

_PLACES = {"element": (TEXT, "1"), "partition": ("i4", "1"), "rank": ("i4", "rank")}
"""The same of `Place`."""


@dataclass
class Timelines:
    """When each rank was busy, parked and lent, in one grid of bins."""

    ranks: list[int]
    began_s: list[float]  # of each rank, since the start of the run
    bin_s: float
    busy: Table  # (ranks, bins), seconds
    parked: Table
    lent: Table


def write_scaling(file: Any, scaling: Scaling) -> None:
    """Write `scaling` into the group ``/scaling`` of `file`."""
    group = file.create_group(GROUP)
    group.attrs["policy"] = scaling.policy
    group.attrs["ranks"] = scaling.ranks
    group.attrs["changes_made"] = scaling.changes_made
    write_text(group, "failure", scaling.failure)  # a dataset: an attribute ends at 64 KiB
    _write_columns(group.create_group("ticks"), scaling.ticks, _TICKS)
    _write_columns(group.create_group("changes"), scaling.changes, _CHANGES)
    if scaling.moves.made:
        write_rows(group.create_group("moves"), scaling.moves.made, _MOVES)
        write_rows(group.create_group("places"), scaling.moves.first, _PLACES)
    if scaling.timelines:
        _write_timelines(group.create_group("ranks"), timelines_of(scaling.timelines))


def _write_columns(
    group: Any, rows: Sequence[Tick] | Sequence[Change], columns: dict[str, tuple[str, str]]
) -> None:
    write_rows(group, rows, columns)
    write_text(group, "reason", [row.reason[:MOST_REASON] for row in rows])


def _write_timelines(group: Any, timelines: Timelines) -> None:
    import numpy as np

    group.attrs["bin_s"] = timelines.bin_s
    group.attrs["layout"] = "row i: rank[i]; bin j: from j * bin_s to (j + 1) * bin_s of the run"
    write(group, "rank", np.array(timelines.ranks, "i4"), "1")
    write(group, "began_s", np.array(timelines.began_s, "f8"), "s")
    write(group, "busy", timelines.busy, "s")
    write(group, "parked", timelines.parked, "s")
    write(group, "lent", timelines.lent, "s")


# ---- reading


def read_scaling(file: Any) -> Scaling | None:
    """Give what `write_scaling` wrote, without the timelines; None if there is nothing."""
    if GROUP not in file:
        return None
    group = file[GROUP]
    return Scaling(
        policy=str(group.attrs["policy"]),
        ranks=int(group.attrs["ranks"]),
        ticks=[Tick(*row) for row in _rows(group["ticks"], _TICKS)],
        changes=[Change(*row) for row in _rows(group["changes"], _CHANGES)],
        changes_made=int(group.attrs["changes_made"]),
        failure=str(group["failure"].asstr()[()]),
        moves=_read_moves(group),
    )


def _read_moves(group: Any) -> Moves:
    if "moves" not in group:
        return Moves()
    return Moves(
        [Move(*row) for row in read_rows(group["moves"], _MOVES)],
        [Place(*row) for row in read_rows(group["places"], _PLACES)],
    )


def _rows(group: Any, columns: dict[str, tuple[str, str]]) -> Iterator[Any]:
    reasons = group["reason"].asstr()[:]
    values = [
        [False] * len(reasons) if name in _LATER and name not in group else group[name][:].tolist()
        for name in columns
    ]
    return zip(*values, map(str, reasons), strict=True)


def read_timelines(file: Any) -> Timelines | None:
    """Give the timelines of the ranks; None if there are none."""
    if GROUP not in file or "ranks" not in file[GROUP]:
        return None
    group = file[GROUP]["ranks"]
    return Timelines(
        group["rank"][:].tolist(),
        group["began_s"][:].tolist(),
        float(group.attrs["bin_s"]),
        group["busy"][:],
        group["parked"][:],
        group["lent"][:] if "lent" in group else 0 * group["parked"][:],  # the oldest records lack it
    )


def timelines_of(lines: Sequence[RankTimeline]) -> Timelines:
    """Put the timelines of ranks into one grid, whose bins are the widest of theirs."""
    import numpy as np

    bin_s = max(line.width_s for line in lines)
    end_s = max(
        line.began_s + max(map(len, (line.busy, line.parked, line.lent))) * line.width_s for line in lines
    )
    bins = max(1, int(np.ceil(end_s / bin_s - 1e-6)))
    edges = np.arange(bins + 1) * bin_s
    edges[0], edges[-1] = -np.inf, np.inf  # where clocks differ by a little, nothing is lost

    def row(line: RankTimeline, seconds: Sequence[float]) -> Table:
        sums = np.concatenate([[0.0], np.cumsum(np.asarray(seconds, "f8"))])
        known = line.began_s + np.arange(len(sums)) * line.width_s
        return np.diff(np.interp(edges, known, sums))

    return Timelines(
        [line.rank for line in lines],
        [line.began_s for line in lines],
        bin_s,
        np.array([row(line, line.busy) for line in lines], "f4"),
        np.array([row(line, line.parked) for line in lines], "f4"),
        np.array([row(line, line.lent) for line in lines], "f4"),
    )
