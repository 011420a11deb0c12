"""Seismic cross-correlation, which computes, on 4 to 16 ranks and 2 cores."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from itertools import chain

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Row, Target
from hpcd4p.bench.paper import shipped
from hpcd4p.bench.paper.rounds import in_turns

WORKFLOW = "hpcd4p.workflows.seismic"

RANKS = (4, 8, 16)
"""With 4: the head, the stateful group, and two of the pool, as many as cores."""

MOST = 1.15
"""Of half the time of one process."""

REPEATS = 3


def rows(bench: Bench) -> Iterator[Row]:
    """Both phases, and the first alone, which has no state, against one process on as many cores."""
    stations = bench.size(200, 12)
    words = ["--stations", str(stations)]
    for name, own in (("both phases", []), ("phase 1", ["--phase", "1"])):
        yield from _rows(bench, name, stations, [*words, *own])


def _rows(bench: Bench, name: str, stations: int, words: list[str]) -> Iterator[Row]:
    runs, _ = in_turns(
        {n: partial(_run, bench, n, words) for n in (1, *RANKS)}, {}, min(bench.repeats, REPEATS)
    )
    answer = _answer(runs[1][0])
    for run in chain.from_iterable(runs.values()):
        if _answer(run) != answer:
            bench.wrong.append(f"seismic, {name}, {stations} stations, {run.summary.ranks} ranks")
    shared = min(2, len(os.sched_getaffinity(0)))
    least = [run.elapsed_s / shared for run in runs[1]]
    for n in RANKS:
        ours = [run.elapsed_s for run in runs[n]]
        target = Target(MOST, at_least=False)
        what = f"{name}, {stations} stations, n={n}"
        yield Row("seismic", what, "s", ours, f"one process ÷ {shared}", least, target)


def _run(bench: Bench, ranks: int, words: list[str]) -> shipped.Shipped:
    if "--phase" not in words:
        return shipped.run(bench, WORKFLOW, ranks, words)
    import tempfile

    with tempfile.TemporaryDirectory(prefix="hpcd4p-bench-") as folder:
        return shipped.run(bench, WORKFLOW, ranks, [*words, "--output", folder])


def _answer(run: shipped.Shipped) -> list[tuple[object, ...]]:
    """What came out, without the names of files."""
    pairs = sorted((row["a"], row["b"], row["lag_s"], row["coefficient"]) for row in run.rows("pairs"))
    return [*pairs, (len(run.rows("files")),)]
