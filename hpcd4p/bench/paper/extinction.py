"""Internal extinction of galaxies, which mostly waits for answers, on 16 ranks.

The bound: all latencies together, divided by the ranks that take tasks, or the longest of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Row, Target
from hpcd4p.bench.paper import mappings, shipped
from hpcd4p.bench.paper.rounds import in_turns
from hpcd4p.bench.peers import installed
from hpcd4p.workflows.extinction.draws import heavy_delays_of, latency_of

WORKFLOW = "hpcd4p.workflows.extinction"
PEER = "hpcd4p.bench.paper.peer_extinction"
PACKAGE = "stream-d4py"

RANKS = 16
SEED = 1

GALAXIES = {"standard": 1051, "heavy": 300}
"""The paper's catalogue, and as much as takes about as long."""

MOST = 1.1
"""Of the bound."""

MAPPINGS = ("multi", "dyn_multi")
"""Those of the paper that lose no galaxy here and need no server."""

REPEATS = 3


def rows(bench: Bench) -> Iterator[Row]:
    """Standard and heavy, against the bound; standard beside the mappings of stream-d4py."""
    galaxies, heavy = bench.size(GALAXIES["standard"], 40), bench.size(GALAXIES["heavy"], 40)
    words = ["--seed", str(SEED), "--time-scale", "1", "--galaxies"]
    mapped = MAPPINGS if PACKAGE in installed() else ()
    runs, peers = in_turns(
        {
            0: partial(shipped.run, bench, WORKFLOW, RANKS, [*words, str(galaxies)]),
            1: partial(shipped.run, bench, WORKFLOW, RANKS, [*words, str(heavy), "--heavy"]),
        },
        {
            name: partial(mappings.run, bench, name, PEER, RANKS, {"Read": [{"galaxies": galaxies}]})
            for name in mapped
        },
        min(bench.repeats, REPEATS),
    )
    for kind, many, of_kind in zip(("standard", "heavy"), (galaxies, heavy), runs.values(), strict=True):
        for run in of_kind:
            if len(run.rows("galaxies")) + len(run.rows("undetermined")) != many:
                bench.wrong.append(f"extinction, {kind}, {many} galaxies")
        each = [seconds_of(item, heavy=kind == "heavy") for item in range(1, many + 1)]
        least = [max(sum(each) / run.pool, max(each)) for run in of_kind]
        elapsed = [run.elapsed_s for run in of_kind]
        name = f"{kind}, {many:,} galaxies, n=16"
        yield Row("extinction", name, "s", elapsed, "bound", least, Target(MOST, at_least=False))
    for name, attempts in peers.items():
        theirs = [run.active_s for run in attempts.runs]
        if theirs:
            ours = [run.elapsed_s for run in attempts.beside(runs[0])]
            yield Row("extinction", "standard, n=16, active", "s", ours, f"{PACKAGE} {name}", theirs)
            yield Row(
                "extinction", "standard, n=16, galaxies", "", [float(galaxies)] * len(ours),
                f"{PACKAGE} {name}", [float(len(set(run.notes))) for run in attempts.runs],
                note=attempts.trouble,
            )  # fmt: skip


def seconds_of(item: int, heavy: bool) -> float:
    """What galaxy `item` waits for."""
    return latency_of(SEED, item) + (sum(heavy_delays_of(SEED, item)) if heavy else 0.0)
