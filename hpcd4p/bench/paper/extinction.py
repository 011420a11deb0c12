"""Internal extinction of galaxies, which mostly waits for answers, on 4 to 16 ranks.

The bound: all latencies together, divided by the ranks that take tasks, or the longest of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

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
"""Of those beside the mappings of stream-d4py."""

SEED = 1

GALAXIES = {
    "standard": {4: 210, 8: 490, RANKS: 1051},
    "heavy": {4: 60, 8: 140, RANKS: 300},
}
"""By ranks: on 16 the paper's catalogue, and as much as takes about as long; on fewer, what takes as long, so
that no run takes a minute."""

MOST = 1.1
"""Of the bound."""

MAPPINGS = ("multi", "dyn_multi")
"""Those of the paper that lose no galaxy here and need no server."""

REPEATS = 3


def rows(bench: Bench) -> Iterator[Row]:
    """Standard and heavy, against the bound; standard beside the mappings of stream-d4py."""
    cases = [Case(kind, n, bench.size(many, 40)) for kind in GALAXIES for n, many in GALAXIES[kind].items()]
    beside = next(i for i, case in enumerate(cases) if case[:2] == ("standard", RANKS))
    galaxies = cases[beside].galaxies
    mapped = MAPPINGS if PACKAGE in installed() else ()
    runs, peers = in_turns(
        {i: partial(_run, bench, case) for i, case in enumerate(cases)},
        {
            name: partial(mappings.run, bench, name, PEER, RANKS, {"Read": [{"galaxies": galaxies}]})
            for name in mapped
        },
        min(bench.repeats, REPEATS),
    )
    for case, of_case in zip(cases, runs.values(), strict=True):
        yield _against_bound(bench, case, of_case)
    for name, attempts in peers.items():
        theirs = [run.active_s for run in attempts.runs]
        if theirs:
            ours = [run.elapsed_s for run in attempts.beside(runs[beside])]
            yield Row("extinction", "standard, n=16, active", "s", ours, f"{PACKAGE} {name}", theirs)
            yield Row(
                "extinction", "standard, n=16, galaxies", "", [float(galaxies)] * len(ours),
                f"{PACKAGE} {name}", [float(len(set(run.notes))) for run in attempts.runs],
                note=attempts.trouble,
            )  # fmt: skip


class Case(NamedTuple):
    """What is run."""

    kind: str
    ranks: int
    galaxies: int


def _run(bench: Bench, case: Case) -> shipped.Shipped:
    words = ["--seed", str(SEED), "--time-scale", "1", "--galaxies", str(case.galaxies)]
    return shipped.run(bench, WORKFLOW, case.ranks, [*words, *(["--heavy"] if case.kind == "heavy" else [])])


def _against_bound(bench: Bench, case: Case, runs: list[shipped.Shipped]) -> Row:
    for run in runs:
        if len(run.rows("galaxies")) + len(run.rows("undetermined")) != case.galaxies:
            bench.wrong.append(f"extinction, {case.kind}, {case.galaxies} galaxies, {case.ranks} ranks")
    each = [seconds_of(item, heavy=case.kind == "heavy") for item in range(1, case.galaxies + 1)]
    least = [max(sum(each) / run.pool, max(each)) for run in runs]
    elapsed = [run.elapsed_s for run in runs]
    name = f"{case.kind}, {case.galaxies:,} galaxies, n={case.ranks}"
    return Row("extinction", name, "s", elapsed, "bound", least, Target(MOST, at_least=False))


def seconds_of(item: int, heavy: bool) -> float:
    """What galaxy `item` waits for."""
    return latency_of(SEED, item) + (sum(heavy_delays_of(SEED, item)) if heavy else 0.0)
