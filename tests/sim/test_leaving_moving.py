"""Outputs leave in order while partitions of other elements move."""

from __future__ import annotations

import random

from tests.sim.compare import leftovers, seeds
from tests.sim.one_process import OneProcess
from tests.sim.test_leaving import TIGHT, USUAL, left, of_one_process
from tests.sim.test_order import Heard, Hop, Splits, Stays, each, items, join, meeting, straight
from tests.sim.test_order import Moves as Calls
from tests.sim.test_order_moving import SIZES, cluster_of, deadline, moves_of

__all__ = ["deadline"]  # a fixture


class HeardInside(Heard):
    """What it writes at its end leaves in any order, so that it may move."""

    ordered_outputs = False


def beside(source, count):
    """Of what a source writes one part is heard, and another leaves."""
    split = Splits("a")
    graph = straight(source, split, Hop("b"))
    join(graph, split, HeardInside(), "other")
    return graph, count


def both():
    """All of it is heard, and leaves."""
    hop = Hop("a")
    graph = straight(Stays(), hop, Hop("b", 0, 2))
    join(graph, hop, HeardInside())
    return graph, 100


def both_meet():
    first, end = Hop("a"), Hop("d")
    graph = meeting(first, end, "b", "c", directly=True)
    join(graph, Stays(), first)
    join(graph, first, HeardInside())
    return graph, 70


GRAPHS = {
    "beside": lambda: beside(Stays(), 120),
    "beside calls": lambda: beside(Calls(), items(60)),
    "both": both,
    "both meet": both_meet,
}


def simulate(build, size, seed, settings=USUAL, **options):
    cluster = cluster_of(build, size, seed, settings=settings, **options)
    cluster.run()
    expected = of_one_process(*build())
    got = left(cluster.sink)
    assert got.keys() == expected.keys(), f"seed {seed}"
    for path, sequence in got.items():
        assert sequence == expected[path], f"{path}, seed {seed}"
    assert not (rest := leftovers(cluster)), rest
    assert not any(cluster.store.places.outstanding.values())
    return moves_of(cluster)


@each(GRAPHS)
def test_outputs_leave_in_order_wherever_partitions_are(build):
    assert sum(simulate(build, size, seed) for size in SIZES for seed in seeds(3))
    assert sum(simulate(build, SIZES[seed % 3], seed, settings=TIGHT) for seed in seeds(4))


@each(GRAPHS)
def test_ranks_that_die_meanwhile_change_no_order(build):
    for seed in seeds(3):
        settings = random.Random(seed).choice([USUAL, TIGHT])
        simulate(build, 8, seed, kills=2, suspects=1, settings=settings)


@each(GRAPHS)
def test_a_run_that_goes_on_from_the_middle_of_a_move_keeps_the_order(build):
    moves = 0
    for seed in seeds(4):
        chance = random.Random(seed)
        expected = of_one_process(*build())
        resume = None
        for turn in range(4):
            size = chance.choice((1, *SIZES))
            settings = chance.choice([USUAL, TIGHT])
            every_s = chance.choice((0.0005, 0.003, 0.02))
            if size == 1:
                run = OneProcess(*build(), seed + turn, every_s, resume, settings)
            else:
                run = cluster_of(
                    build, size, seed + turn, settings=settings, checkpoint_s=every_s, resume=resume
                )
            run.run()
            assert left(run.sink) == expected, f"seed {seed}, turn {turn}, {size} ranks"
            moves += 0 if size == 1 else moves_of(run)
            resume = chance.choice([resume, *run.keeper.complete_ones])
    assert moves
