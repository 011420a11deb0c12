"""*autoscale*: policies of the auto-scaler beside each other, on the paper's applications and five shapes.

What counts is run time, which the default policy must not lengthen, and process time, the time that ranks of
the pool were not parked. Not among the default figures: with 3 repeats it takes about 40 minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from statistics import mean, median
from typing import NamedTuple

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Of, Row, Target, take_turns
from hpcd4p.bench.paper import shipped

RANKS = (4, 8, 16)
POLICIES = ("none", "knee", "queue", "idle")
DEFAULT = "knee"

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
            ratios.append(_elapsed(runs[DEFAULT]) / _elapsed(runs["none"]))
            yield from _rows(f"{name}, n={ranks}", load, ranks, runs)
    average = Target(MOST_TIME_ON_AVERAGE, at_least=False, of=Of.VALUE)
    yield Row("autoscale", "run time by that of none, average", "", [mean(ratios)], target=average)


def _runs(bench: Bench, name: str, load: Load, ranks: int) -> dict[str, list[shipped.Shipped]]:
    words = load.quick if bench.quick else load.words
    found: dict[str, list[shipped.Shipped]] = {policy: [] for policy in POLICIES}
    outputs: dict[str, int] = {}

    def once(policy: str) -> float:
        run = shipped.run(bench, load.workflow, ranks, [*words, "--autoscale", policy])
        found[policy].append(run)
        if run.summary.outputs != (outputs or run.summary.outputs):
            bench.wrong.append(f"autoscale, {name}, {ranks} ranks, {policy}")
        outputs.update(run.summary.outputs)
        return run.elapsed_s

    take_turns({policy: partial(once, policy) for policy in POLICIES}, bench.repeats)
    return found


def _rows(what: str, load: Load, ranks: int, runs: dict[str, list[shipped.Shipped]]) -> Iterator[Row]:
    time = {policy: [run.elapsed_s for run in found] for policy, found in runs.items()}
    process = {policy: [run.summary.process_time_s for run in found] for policy, found in runs.items()}
    most = Target(MOST_TIME, at_least=False)
    yield Row("autoscale", f"{what}: run time", "s", time[DEFAULT], "none", time["none"], most)
    bound = load.process.get(ranks)
    saved = None if bound is None else Target(bound, at_least=False)
    yield Row("autoscale", f"{what}: process time", "s", process[DEFAULT], "none", process["none"], saved)
    efficiency = [run.summary.efficiency for run in runs[DEFAULT]]
    long = median(time[DEFAULT]) > LASTS_S
    least = Target(LEAST_EFFICIENCY, at_least=True, of=Of.VALUE) if long else None
    yield Row("autoscale", f"{what}: efficiency", "", efficiency, target=least)
    if load.steady:
        changes = [changes_per_minute(run) for run in runs[DEFAULT]]
        few = Target(MOST_CHANGES, at_least=False, of=Of.VALUE)
        yield Row("autoscale", f"{what}: changes a minute", "", changes, target=few)
    for other in ("queue", "idle"):
        ours, theirs = _products(time, process, DEFAULT), _products(time, process, other)
        better = Target(1.0, at_least=False)
        yield Row("autoscale", f"{what}: run time x process time", "s²", ours, other, theirs, better)


def _products(time: dict[str, list[float]], process: dict[str, list[float]], policy: str) -> list[float]:
    return [t * p for t, p in zip(time[policy], process[policy], strict=True)]


def changes_per_minute(run: shipped.Shipped) -> float:
    """Changes of the number of active ranks between the time to settle and the end of the load."""
    span = run.elapsed_s - 2 * SETTLED_S
    if span <= 0:
        return 0.0
    settled = [c for c in run.changes if SETTLED_S < c.time_s < run.elapsed_s - SETTLED_S]
    return len(settled) * 60 / span


def _elapsed(runs: list[shipped.Shipped]) -> float:
    return median(run.elapsed_s for run in runs)
