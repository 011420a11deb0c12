"""Small workflows, each with something that a cluster could get wrong: how tuples are grouped, joined,
fanned out, kept, failed or written in bulk. Their answer must not depend on who runs what."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from hpcd4p import CompositePE, WorkflowGraph, create_iterative_chain
from hpcd4p.control import sealing
from hpcd4p.runtime.execute import instance
from tests.sim.elements import (
    Arrays,
    Burst,
    BurstAtTheEnd,
    ByParity,
    Doubled,
    Echo,
    Either,
    Everyone,
    Given,
    Grouped,
    Join,
    Keep,
    Length,
    NextKey,
    Numbers,
    OnlyOne,
    Pair,
    Quiet,
    Refuses,
    RefusesInBatches,
    RunningTotal,
    Same,
    Shuffled,
    Slow,
    SlowNumbers,
    Sorter,
    Spray,
    SumInPlace,
    Thick,
    Total,
    Wide,
)
from tests.sim.series import (
    Anomalies,
    Differences,
    Machine,
    MovingSum,
    RunningMaximum,
    Several,
    Threshold,
    Uneven,
)

COUNT = 120
"""Calls of most sources: a few dozen tasks while nothing is known of their speed."""


class Case(NamedTuple):
    build: Callable[[], tuple[WorkflowGraph, Any]]
    failures: int = 0


def increase(number):
    return number + 1


def double(number):
    return 2 * number


def chain(*elements: Any) -> WorkflowGraph:
    graph = WorkflowGraph()
    for before, after in pairwise(elements):
        graph.connect(before, "output", after, "input")
    return graph


def items(count: int = COUNT) -> list[dict[str, int]]:
    return [{"item": i} for i in range(count)]


def _stateless_chain():
    return chain(Given(), Pair(), Quiet()), items()


def _groupings():
    graph = WorkflowGraph()
    source, pair = Numbers(), Pair()
    graph.connect(source, "output", pair, "input")
    for each in (Grouped(), Everyone(), OnlyOne(), Shuffled()):
        graph.connect(pair, "output", each, "input")
    return graph, COUNT


def _fan_out_and_in():
    graph = WorkflowGraph()
    source, left, right, join = Given(), Pair(), Pair(), Join()
    spare = Sorter()
    graph.connect(source, "output", left, "input")
    graph.connect(source, "output", spare, "input")
    graph.connect(spare, "odd", right, "input")
    graph.connect(left, "output", join, "left")
    graph.connect(right, "output", join, "right")
    return graph, items()


def _many_outputs():
    graph = WorkflowGraph()
    source, sorter, either = Given(), Sorter(), Either()
    graph.connect(source, "output", sorter, "input")
    graph.connect(sorter, "odd", either, "a")
    graph.connect(sorter, "rest", either, "b")
    return graph, items()


def _composite():
    def fill(composite):
        first, last = Spray(3), Pair()
        composite.connect(first, "output", last, "input")
        composite._map_input("input", first, "input")
        composite._map_output("output", last, "output")

    return chain(Numbers(), create_iterative_chain([increase, double]), CompositePE(fill), Total()), COUNT


def _state_pool_state():
    return chain(Given(), Pair(), Keep(), NextKey(), Total(), ByParity(), Grouped()), items()


def _keyed_and_batched():
    return chain(Given(), Spray(20), Doubled(), Pair(), RunningTotal()), items()


def _state_next_to_state():
    return chain(Numbers(), Pair(), Keep(), Total(), Grouped()), COUNT


def _movable_and_not():
    graph = WorkflowGraph()
    moves, stays, either = Same(), Numbers(), Either()
    graph.connect(moves, "output", either, "a")
    graph.connect(stays, "output", either, "b")
    return graph, {moves: 300, stays: COUNT}


def _failures():
    return chain(Given(), Refuses(), Pair(), Total()), items()


def _failures_in_batches():
    return chain(Given(), RefusesInBatches(), Pair(), Total()), items()


def _no_tuples():
    return chain(Given(), Pair(), Total()), []


def _arrays():
    graph = WorkflowGraph()
    source, total = Arrays(), Total()
    for one, other in pairwise((source, SumInPlace(), total)):
        graph.connect(one, "output", other, "input")
    return graph, 40


def _series():
    """Differences, moving means, running maxima and a state machine, of one series."""
    graph = WorkflowGraph()
    source, uneven = Given(), Uneven()
    graph.connect(source, "output", uneven, "input")
    for each in (Differences(), MovingSum(), RunningMaximum(), Machine()):
        graph.connect(uneven, "output", each, "input")
    return graph, items()


def _sensors():
    """Moving mean, threshold, and a count of anomalies: one number."""
    return chain(Numbers(), Several(), MovingSum(), Threshold(), Anomalies()), 3 * COUNT


SERIES = {
    "series in order": Case(_series),
    "sensors": Case(_sensors),
}
"""Their answer goes by the order in which the source has written."""

GALLERY = {
    "stateless chain": Case(_stateless_chain),
    "every grouping": Case(_groupings),
    "fan out and join": Case(_fan_out_and_in),
    "many outputs": Case(_many_outputs),
    "composite": Case(_composite),
    "state, pool, state": Case(_state_pool_state),
    "keyed and batched": Case(_keyed_and_batched),
    "state next to state": Case(_state_next_to_state),
    "movable and not": Case(_movable_and_not),
    "failing tuples": Case(_failures, 12),
    "failing tuples in batches": Case(_failures_in_batches, 12),
    "arrays": Case(_arrays),
    "no tuples": Case(_no_tuples),
    **SERIES,
}


def _bell_in_the_middle():
    return chain(SlowNumbers(), BurstAtTheEnd(60_000), Pair(), Total()), 3


def _marks_in_a_ring():
    return chain(Wide(), Echo(), Slow()), items(400)


def _floods():
    graph = WorkflowGraph()
    source = Given()
    branches = (
        (source, Spray(700), Slow(), Pair(), Total()),
        (source, BurstAtTheEnd(700), Slow(), Pair(), Echo(), Slow(), NextKey(), Total()),
        (source, BurstAtTheEnd(300), Pair(), Echo(), Total()),
    )
    for branch in branches:
        for one, other in pairwise(branch):
            graph.connect(one, "output", other, "input")
    return graph, items(6)


def _fat():
    return chain(Numbers(), Thick(), Length()), 1000


def _bursts(writes):
    return {
        "a call that writes in bulk": Case(
            lambda: (chain(Given(), Burst(writes), Pair(), Total()), items(1))
        ),
        "bulk to the collector": Case(lambda: (chain(Given(), Burst(writes)), items(1))),
        "bulk from state": Case(lambda: (chain(Given(), BurstAtTheEnd(writes), Pair(), Total()), items(1))),
    }


BURSTS = _bursts(200_000)
"""One call that writes more than a rank may hold of it, several times."""

SHORT_BURSTS = _bursts(20_000)
"""The same for a rank that holds a tenth, see `hold_a_tenth`: as many commits in a tenth of the time."""


def hold_a_tenth(patch: pytest.MonkeyPatch) -> None:
    """A rank holds a tenth of one call's writes."""
    patch.setattr(sealing, "PARTIAL_TUPLES", sealing.PARTIAL_TUPLES // 10)
    patch.setattr(instance, "OVERFLOW_TUPLES", instance.OVERFLOW_TUPLES // 10)


BELL_IN_THE_MIDDLE = Case(_bell_in_the_middle)
MARKS_IN_A_RING = Case(_marks_in_a_ring)
FAT_TUPLES = Case(_fat)
FLOODS = Case(_floods)
