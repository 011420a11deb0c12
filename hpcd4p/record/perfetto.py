"""A record as a trace for Perfetto (ui.perfetto.dev) and chrome://tracing: JSON, written as it is read.

Each rank is a process of the trace: what it did itself, what ran in a process beside it, and each source are
threads of it. Without `--trace` in the run there are no tasks; all else is there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

from hpcd4p.record.chrome import Track, counter, process_names, slice_of, span_of, thread_names
from hpcd4p.record.history import Timelines
from hpcd4p.record.lives import Lives
from hpcd4p.record.perfetto_run import RUN, run_events
from hpcd4p.record.reader import Record
from hpcd4p.record.replacing import check_place, replacing
from hpcd4p.record.spans import BESIDE, OWN, Kind
from hpcd4p.record.summary import RankFigures, Summary
from hpcd4p.record.survival import Survival
from hpcd4p.record.table import seconds
from hpcd4p.record.trace import TraceFigures

TOGETHER = 2000
"""Events that are written together."""

_ASIDE = 1 << 20
"""Threads that are not a rank itself have numbers from here on."""

_WORDS: dict[int, str] = {Kind.WAIT: "wait", Kind.COMMIT: "commit", Kind.PARK: "parked"}

_CATEGORIES: dict[int, str] = {
    Kind.RUN: "task", Kind.WAIT: "wait", Kind.COMMIT: "commit", Kind.PARK: "park", Kind.UNDONE: "given back",
}  # fmt: skip


class Written(NamedTuple):
    """What was written."""

    traced: bool  # whether the run had `--trace`
    spans: int
    dropped: int  # older spans that the record lacks
    ranks: int


def write_perfetto(record: Record, path: Path) -> Written:
    """Write the trace of a record to `path`; what was there goes.

    Raises
    ------
    RecordError
        The record is damaged, or the file cannot be written; then nothing of it is left.
    """
    check_place(path)
    trace, survival = record.trace(), record.survival()
    earliest_s = min((row.began_s for row in trace.ranks), default=0.0) if trace is not None else 0.0
    lives = Lives(survival or Survival(), _known(trace), earliest_s)
    with replacing(path, "the trace") as file:
        _write(file, record, trace, survival, lives)
    ranks = len(record.summary.ranks_figures)
    if trace is None:
        return Written(False, 0, 0, ranks)
    return Written(True, trace.spans, trace.dropped, ranks)


def _known(trace: TraceFigures | None) -> dict[int, float]:
    """When lives began, by how many came after: rank 0 begins each of them."""
    rows = [] if trace is None else [row for row in trace.ranks if row.rank == 0]
    last = max((row.life for row in rows), default=0)
    return {last - row.life: row.began_s for row in rows}


def _write(
    file: IO[str], record: Record, trace: TraceFigures | None, survival: Survival | None, lives: Lives
) -> None:
    summary = record.summary
    about = {
        "workflow": summary.workflow,
        "started": summary.started,
        "record": record.path.name,
        "tasks": "none: the run had no --trace" if trace is None else f"{trace.spans} spans",
        "dropped": 0 if trace is None else trace.dropped,
    }
    file.write(f'{{"displayTimeUnit":"ms","otherData":{json.dumps(about)},"traceEvents":[\n')
    events = _events(record, trace, survival, lives)
    file.write(next(events))  # the name of the run
    while part := list(islice(events, TOGETHER)):
        file.write(",\n")
        file.write(",\n".join(part))
    file.write("\n]}\n")


def _events(
    record: Record, trace: TraceFigures | None, survival: Survival | None, lives: Lives
) -> Iterator[str]:
    summary = record.summary
    yield from run_events(summary, record.scaling(), survival, record.events(), lives)
    zero_s = -lives.first_s
    for figures in summary.ranks_figures:
        yield from process_names(_process(figures.rank), _name(figures), _labels(figures))
        yield from thread_names(Track(_process(figures.rank), _process(figures.rank)), "tasks")
    if trace is not None:
        yield from _memory(trace, zero_s)
        yield from _spans(record, trace, zero_s)
        return
    timelines = record.timelines()
    if timelines is not None:
        yield from _timelines(timelines, zero_s)
    for figures in summary.ranks_figures:
        yield from _rank(figures, summary, zero_s)


def _process(rank: int) -> int:
    return rank + RUN + 1


def _name(figures: RankFigures) -> str:
    host = f" on {figures.host}" if figures.host else ""
    lost = ", lost" if figures.state == "lost" else ""
    return f"rank {figures.rank} ({figures.role}){host}{lost}"


def _labels(figures: RankFigures) -> str:
    return f"{seconds(figures.busy_s)} busy, {figures.tuples:,} tuples"


# ---- with --trace


def _memory(trace: TraceFigures, zero_s: float) -> Iterator[str]:
    for look in trace.memory:
        yield from counter(_process(look.rank), "memory", zero_s + look.time_s, {"bytes": look.bytes})


def _spans(record: Record, trace: TraceFigures, zero_s: float) -> Iterator[str]:
    names = [json.dumps(name) for name in trace.elements]
    others = {kind: json.dumps(word) for kind, word in _WORDS.items()}
    tracks: dict[tuple[int, int], Track] = {}
    for span in record.spans():
        key = span.rank, span.lane
        track = tracks.get(key)
        if track is None:
            track = tracks[key] = _track(span.rank, span.lane, len(tracks))
            if span.lane != OWN:
                yield from thread_names(track, _lane(span.lane, trace.elements))
        kind = span.kind
        name = others.get(kind) or names[span.element]
        rest = "{}"
        if kind in (Kind.RUN, Kind.UNDONE):
            rest = (
                f'{{"tuples":{span.tuples},"partition":{span.partition},"task":{span.task},'
                f'"busy_us":{span.busy_s * 1e6:.3f}}}'
            )
        yield span_of(track, name, _CATEGORIES[kind], zero_s + span.begin_s, zero_s + span.end_s, rest)


def _track(rank: int, lane: int, number: int) -> Track:
    process = _process(rank)
    return Track(process, process if lane == OWN else _ASIDE + number)


def _lane(lane: int, elements: list[str]) -> str:
    return "beside it" if lane == BESIDE else f"source {elements[lane - 1]}"


# ---- without


def _timelines(timelines: Timelines, zero_s: float) -> Iterator[str]:
    """Parts of the time of each rank, bin by bin."""
    width = timelines.bin_s
    for i, rank in enumerate(timelines.ranks):
        rows = [each[i].tolist() for each in (timelines.busy, timelines.parked, timelines.lent)]
        for number, (busy, parked, lent) in enumerate(zip(*rows, strict=True)):
            values = {"busy": busy / width, "parked": parked / width, "lent": lent / width}
            shown = {name: round(value, 4) for name, value in values.items()}
            yield from counter(_process(rank), "part of the time", zero_s + number * width, shown)


def _rank(figures: RankFigures, summary: Summary, zero_s: float) -> Iterator[str]:
    process = _process(figures.rank)
    known = {"busy_s": figures.busy_s, "parked_s": figures.parked_s, "tasks": figures.tasks}
    known |= {"tuples": figures.tuples, "cpu_s": figures.cpu_s}
    end_s = zero_s + summary.elapsed_s
    yield slice_of(Track(process, process), figures.state, "rank", zero_s, end_s, known)
    yield from counter(process, "memory, at most", end_s, {"bytes": figures.peak_rss_bytes})
