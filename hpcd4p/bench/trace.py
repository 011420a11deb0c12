"""*trace*: what `--trace` costs a run, and the export of a large record."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from struct import Struct

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Of, Row, Target, pairs
from hpcd4p.bench.live import CALLS, QUICK_CALLS
from hpcd4p.bench.used import used
from hpcd4p.record.spans import FORMAT, OWN, Kind
from hpcd4p.record.summary import RankFigures, Summary
from hpcd4p.record.trace import RankTrace, Trace
from hpcd4p.record.writer import RecordWriter

SLOWER = 1.02
"""Most times the run time without."""

SPANS = 1_000_000

QUICK_SPANS = 10_000

RANKS = 16

EXPORT_S = 10.0

EXPORT_BYTES = 200e6


def rows(bench: Bench) -> Iterator[Row]:
    """Run times beside each other; wall time and memory of the whole command."""
    for (workload, ranks), calls in CALLS.items():
        yield _cost(bench, workload, ranks, bench.size(calls, QUICK_CALLS))
    spans = bench.size(SPANS, QUICK_SPANS)
    walls, peaks = [], []
    with tempfile.TemporaryDirectory(prefix="hpcd4p-bench-") as folder:
        record = Path(folder, "made-up.h5")
        RecordWriter(record).close(_made_up(spans))
        for _ in range(bench.repeats):
            bench.say(f"export of {spans:,} spans")
            wall_s, peak_bytes = used("export", str(record), "--perfetto")
            walls.append(wall_s)
            peaks.append(peak_bytes / 1e6)
    what = f"export --perfetto, {spans:,} spans"
    yield Row("trace", f"{what}: wall time", "s", walls, target=Target(EXPORT_S, False, Of.VALUE))
    yield Row("trace", f"{what}: memory", "MB", peaks, target=Target(EXPORT_BYTES / 1e6, False, Of.VALUE))


def _cost(bench: Bench, workload: str, ranks: int, calls: int) -> Row:
    on = partial(_elapsed_s, bench, workload, calls, ranks, trace="on")
    off = partial(_elapsed_s, bench, workload, calls, ranks)
    pair = pairs(on, {"off": off}, bench.repeats)["off"]
    where = f"n={ranks}" if ranks else "one process"
    return Row(
        "trace", f"{workload}, {where}", "s", pair.ours, "without", pair.other, Target(SLOWER, at_least=False)
    )


def _elapsed_s(bench: Bench, workload: str, calls: int, ranks: int, **settings: str) -> float:
    return bench.run(workload, calls, ranks, **settings).elapsed_s


def _made_up(spans: int) -> Summary:
    """A run whose ranks call two elements in turns, commit and wait."""
    pack = Struct(FORMAT).pack
    kinds = [Kind.RUN, Kind.RUN, Kind.COMMIT, Kind.WAIT]
    each = spans // RANKS
    packed = [
        pack(i * 1e-3, i * 1e-3 + 9e-4, 9e-4, i % 2, 0, 100 + i % 7, i // 4, OWN, kinds[i % 4])
        for i in range(each)
    ]
    ranks = [RankTrace(rank, 0, 0.0, 0, packed) for rank in range(RANKS)]
    return Summary(
        "made-up",
        ranks=RANKS,
        elapsed_s=each * 1e-3,
        ranks_figures=[RankFigures(rank, "n1", role="pool" if rank else "head") for rank in range(RANKS)],
        trace=Trace(each, ["Numbers0", "Work1"], ranks),
    )
