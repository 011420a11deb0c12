"""*autoscale*: policies of the auto-scaler beside each other, on the paper's applications and five shapes.

What counts is run time, which the default policy must not lengthen, and process time, the time that ranks of
the pool were not parked. Not among the default figures: with 3 repeats it takes about 40 minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from statistics import mean, median
from typing import NamedTuple

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Of, Pairs, Row, Target, pairs
from hpcd4p.bench.paper import shipped

RANKS = (4, 8, 16)
DEFAULT = "knee"
OTHERS = ("none", "queue", "idle")

MOST_TIME = 1.05
"""Run time of the default policy, by that of `none`, anywhere; and on average:"""
MOST_TIME_ON_AVERAGE = 1.02

LEAST_EFFICIENCY = 0.9
LASTS_S = 5.0
"""... wherever the run takes longer than this."""

MOST_CHANGES = 6.0
"""Changes of size per minute on a load that is steady, after it has settled."""

SETTLED_S = 2.0


class Load(NamedTuple):
    """A workflow with options, and what is expected of the default policy."""

    workflow: str
    words: tuple[str, ...]
    quick: tuple[str, ...]
    steady: bool = False
    process: dict[int, float] = {}
    """Ranks → most process time, by that of `none`."""


SHAPES = "hpcd4p.bench.shapes"


def _shape(
    name: str, quick: str, *, steady: bool = False, most: float | None = None, scale: str = "1"
) -> Load:
    words, few = ("--shape", name, "--scale", scale), ("--shape", name, "--scale", quick)
    return Load(SHAPES, words, few, steady, {} if most is None else {16: most})


_EXTINCTION = "hpcd4p.workflows.extinction"
_TINY = ("--galaxies", "12", "--time-scale", "0.1")

LOADS = {
    "cpu": _shape("cpu", "0.2", steady=True, most=0.35, scale="2.5"),
    "bursty": _shape("bursty", "0.25", most=0.5),
    "source": _shape("source", "0.2", steady=True, most=0.5),
    "tail": _shape("tail", "0.2"),
    "stateful": _shape("stateful", "0.2", steady=True, most=0.5),
    "extinction": Load(_EXTINCTION, ("--time-scale", "0.5"), _TINY),
    "heavy": Load(_EXTINCTION, ("--heavy", "--time-scale", "0.2"), ("--heavy", *_TINY)),
    "seismic": Load(
        "hpcd4p.workflows.seismic", ("--stations", "120"), ("--stations", "8", "--minutes", "10")
    ),
    "sentiment": Load("hpcd4p.workflows.sentiment", ("--articles", "10000"), ("--articles", "100")),
}


def rows(bench: Bench) -> Iterator[Row]:
    """Of every load and number of ranks: run time, process time, efficiency, changes; the other policies."""
    ratios = []
    for name, load in LOADS.items():
        for ranks in RANKS if not bench.quick else RANKS[:1]:
            runs = _runs(bench, name, load, ranks)
            ratios.append(
                median(
                    a.elapsed_s / b.elapsed_s
                    for a, b in zip(runs["none"].ours, runs["none"].other, strict=True)
                )
            )
            yield from _rows(f"{name}, n={ranks}", load, ranks, runs)
    average = Target(MOST_TIME_ON_AVERAGE, at_least=False, of=Of.VALUE)
    yield Row("autoscale", "run time by that of none, average", "", [mean(ratios)], target=average)


Runs = Pairs[shipped.Shipped, shipped.Shipped]


def _runs(bench: Bench, name: str, load: Load, ranks: int) -> dict[str, Runs]:
    """Runs of the default policy, each beside one of another."""
    words = load.quick if bench.quick else load.words
    outputs: dict[str, int] = {}

    def once(policy: str) -> shipped.Shipped:
        run = shipped.run(bench, load.workflow, ranks, [*words, "--autoscale", policy])
        if run.summary.outputs != (outputs or run.summary.outputs):
            bench.wrong.append(f"autoscale, {name}, {ranks} ranks, {policy}")
        outputs.update(run.summary.outputs)
        return run

    return pairs(partial(once, DEFAULT), {other: partial(once, other) for other in OTHERS}, bench.repeats)


def _rows(what: str, load: Load, ranks: int, runs: dict[str, Runs]) -> Iterator[Row]:
    none = runs["none"]
    yield _row(f"{what}: run time", "s", "none", none, _elapsed, Target(MOST_TIME, at_least=False))
    bound = load.process.get(ranks)
    saved = None if bound is None else Target(bound, at_least=False)
    yield _row(f"{what}: process time", "s", "none", none, _process, saved)
    efficiency = [run.summary.efficiency for run in none.ours]
    long = median(map(_elapsed, none.ours)) > LASTS_S
    least = Target(LEAST_EFFICIENCY, at_least=True, of=Of.VALUE) if long else None
    yield Row("autoscale", f"{what}: efficiency", "", efficiency, target=least)
    if load.steady:
        changes = [changes_per_minute(run) for run in none.ours]
        few = Target(MOST_CHANGES, at_least=False, of=Of.VALUE)
        yield Row("autoscale", f"{what}: changes a minute", "", changes, target=few)
    for other in OTHERS[1:]:
        better = Target(1.0, at_least=False)
        yield _row(f"{what}: run time x process time", "s²", other, runs[other], _product, better)


def _row(
    what: str,
    unit: str,
    other: str,
    runs: Runs,
    of: Callable[[shipped.Shipped], float],
    target: Target | None,
) -> Row:
    return Row("autoscale", what, unit, [*map(of, runs.ours)], other, [*map(of, runs.other)], target)


def _elapsed(run: shipped.Shipped) -> float:
    return run.elapsed_s


def _process(run: shipped.Shipped) -> float:
    return run.summary.process_time_s


def _product(run: shipped.Shipped) -> float:
    return _elapsed(run) * _process(run)


def changes_per_minute(run: shipped.Shipped) -> float:
    """Changes of the number of active ranks between the time to settle and the end of the load."""
    span = run.elapsed_s - 2 * SETTLED_S
    if span <= 0:
        return 0.0
    settled = [c for c in run.changes if SETTLED_S < c.time_s < run.elapsed_s - SETTLED_S]
    return len(settled) * 60 / span
