"""What the ranks of a run did, span by span, as it lies in the HDF5 file of the run: writing and reading.

Layout, of a run with ``--trace``::

    /trace              attributes: most (spans kept of each rank)
    /trace/elements     names; the elements of spans are places in it
    /trace/spans/*      one dataset per field of a span (see spans.py), and `rank` and `life`; by life and
                        rank, then in the order of their begin. Times are seconds since the start of the run
    /trace/ranks/*      one row for each rank of each life: `began_s`, `spans`, `dropped` (older ones, for
                        which there was no room)
    /trace/memory/*     `rank`, `life`, `time_s`, `bytes` (resident)

A run that goes on in its job, after a rank with state has died, has several lives; what was before the last
one has negative times. Imports numpy only when it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hpcd4p.record.datasets import read_rows, write_rows, write_text
from hpcd4p.record.spans import FIELDS, PADDING, SIZE

GROUP = "trace"

CHUNK = 1 << 15
"""Spans that are compressed together, and read at a time."""

_RANKS = {
    "rank": ("i4", "rank"),
    "life": ("i4", "1"),
    "began_s": ("f8", "s"),
    "spans": ("i8", "1"),
    "dropped": ("i8", "1"),
}
"""Type and unit of each field of /trace/ranks."""

_MEMORY = {"rank": ("i4", "rank"), "life": ("i4", "1"), "time_s": ("f8", "s"), "bytes": ("i8", "bytes")}
"""The same of /trace/memory."""

_SPANS = {
    "rank": ("i4", "rank"),
    "life": ("i4", "1"),
    **{name: (kind, unit) for name, (_, kind, unit) in FIELDS.items()},
}
"""The same of /trace/spans."""


@dataclass
class RankTrace:
    """What one rank did in one life of the run."""

    rank: int
    life: int  # how often the run had gone on in its job by then
    began_s: float  # which its times are seconds since; seconds since the start of the last life
    dropped: int = 0  # spans for which there was no room
    spans: list[bytes] = field(default_factory=list)  # packed as `spans.FORMAT` says, oldest first
    memory: list[tuple[float, int]] = field(default_factory=list)  # time, resident bytes


@dataclass
class Trace:
    """What the ranks of a run did."""

    most: int  # spans kept of each rank
    elements: list[str]  # names
    ranks: list[RankTrace]


class Span(NamedTuple):
    """One span, read back; `kind` is a `spans.Kind`."""

    rank: int
    life: int
    begin_s: float
    end_s: float
    busy_s: float  # inside an element: less than all of it if several short calls are one span
    element: int
    partition: int
    tuples: int
    task: int
    lane: int
    kind: int


class MemoryLook(NamedTuple):
    """How much memory a rank had."""

    rank: int
    life: int
    time_s: float
    bytes: int


class RankLife(NamedTuple):
    """A row of /trace/ranks."""

    rank: int
    life: int
    began_s: float
    spans: int
    dropped: int


def write_trace(file: Any, trace: Trace) -> None:
    """Write `trace` into the group ``/trace`` of `file`."""
    import numpy as np

    group = file.create_group(GROUP)
    group.attrs["most"] = trace.most
    write_text(group, "elements", trace.elements)
    ranks = sorted(trace.ranks, key=lambda each: (each.life, each.rank))
    counts = [sum(map(len, each.spans)) // SIZE for each in ranks]
    rows = [(r.rank, r.life, r.began_s, n, r.dropped) for r, n in zip(ranks, counts, strict=True)]
    write_rows(group.create_group("ranks"), rows, _RANKS)
    looks = [(r.rank, r.life, r.began_s + time_s, size) for r in ranks for time_s, size in r.memory]
    write_rows(group.create_group("memory"), looks, _MEMORY)
    columns = _columns(group.create_group("spans"), sum(counts))
    form = np.dtype([(name, f"<{kind}") for name, (_, kind, _) in FIELDS.items()] + [("", f"V{PADDING}")])
    at = 0
    for each, count in zip(ranks, counts, strict=True):
        spans = np.frombuffer(b"".join(each.spans), form)
        spans = spans[np.argsort(spans["begin_s"], kind="stable")]
        fields: dict[str, Any] = {name: spans[name] for name in FIELDS}
        fields |= {name: spans[name] + each.began_s for name in ("begin_s", "end_s")}
        fields |= {"rank": each.rank, "life": each.life}
        for name, column in columns.items():
            column[at : at + count] = fields[name]
        at += count


def _columns(group: Any, rows: int) -> dict[str, Any]:
    packed = {"compression": "gzip", "compression_opts": 1, "shuffle": True, "chunks": (CHUNK,)}
    columns = {}
    for name, (kind, unit) in _SPANS.items():
        columns[name] = group.create_dataset(name, (rows,), kind, **(packed if rows > CHUNK else {}))
        columns[name].attrs["unit"] = unit
    return columns


@dataclass
class TraceFigures:
    """All that a record has of a trace but the spans; `most` and `elements` are as in `Trace`."""

    most: int
    elements: list[str]
    ranks: list[RankLife]
    memory: list[MemoryLook]

    @property
    def spans(self) -> int:
        """How many there are."""
        return sum(row.spans for row in self.ranks)

    @property
    def dropped(self) -> int:
        """For how many older ones there was no room."""
        return sum(row.dropped for row in self.ranks)


def read_trace(file: Any) -> TraceFigures | None:
    """Give what `write_trace` wrote, but the spans; None: the run had no ``--trace``."""
    if GROUP not in file:
        return None
    group = file[GROUP]
    return TraceFigures(
        int(group.attrs["most"]),
        [str(name) for name in group["elements"].asstr()[:]],
        [RankLife(*row) for row in read_rows(group["ranks"], _RANKS)],
        [MemoryLook(*row) for row in read_rows(group["memory"], _MEMORY)],
    )


def read_spans(file: Any) -> Iterator[Span]:
    """Yield the spans that `write_trace` wrote, in its order; only a few are in memory."""
    if GROUP not in file:
        return
    group = file[GROUP]["spans"]
    columns = [group[name] for name in _SPANS]
    for at in range(0, len(columns[0]), CHUNK):
        parts = [column[at : at + CHUNK].tolist() for column in columns]
        yield from map(Span._make, zip(*parts, strict=True))
