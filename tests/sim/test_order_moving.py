"""Partitions of ordered elements that move: each hears what it hears in one process, in that order.

A sample of seeds; for thousands: ``SEEDS=300 python -m pytest tests/sim/test_order_moving.py``.
"""

from __future__ import annotations

import random
import re
from itertools import count

import pytest

from hpcd4p.control import sealing
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.runtime.commit import outgoing
from hpcd4p.runtime.execute import instance
from hpcd4p.testing import turns
from hpcd4p.testing.cluster import Cluster
from tests.sim.compare import leftovers, seeds
from tests.sim.one_process import OneProcess
from tests.sim.random_dealer import RandomDealer
from tests.sim.test_order import (
    ALL,
    FLOODS,
    TINY,
    Heard,
    Hop,
    Stays,
    both_inputs,
    build_of,
    each,
    heard,
    join,
    of_one_process,
    straight,
)

SIZES = (4, 5, 8)

GRAPHS = ALL | {"both inputs": lambda: both_inputs(2000)}
"""They last until something has moved."""


@pytest.fixture(autouse=True)
def deadline(monkeypatch):
    monkeypatch.setattr(turns, "MOST_TURNS", 400_000)


def cluster_of(build, size, seed, kills=0, suspects=0, settings=None, chance=0.8, **options):
    """A cluster in which partitions move at random, and ranks die that hold none."""
    graph, inputs = build()
    settings = (settings or EngineSettings())._replace(move="all")
    cluster = Cluster(graph, size, inputs, seed, kills, suspects, settings, **options)
    mover = cluster.head.coordinator.mover
    dying = kills + suspects
    mortal = cluster.head.spec.plan.pool_ranks[-dying - 1 :] if dying else ()
    cluster.fates.spare([r for r in range(size) if r not in mortal])
    mover.dealer = RandomDealer(seed, chance, frozenset(mortal))
    return cluster


def moves_of(cluster):
    return sum(kind == "moved" and text.startswith("partition") for _, kind, text in cluster.sink.events)


def simulate(build, size, seed, **options):
    """How many partitions moved, in a run that is right."""
    cluster = cluster_of(build, size, seed, **options)
    cluster.run()
    expected = of_one_process(*build())
    got = heard(cluster.sink)
    assert got.keys() == expected.keys(), f"seed {seed}"
    for path, numbers in got.items():
        assert numbers == expected[path], f"{path}, seed {seed}"
    assert not (left := leftovers(cluster)), left
    assert not any(cluster.store.places.outstanding.values())
    return moves_of(cluster)


@each(GRAPHS)
def test_each_partition_hears_what_it_hears_in_one_process_wherever_it_is(build):
    assert sum(simulate(build, size, seed) for size in SIZES for seed in seeds(3))


@each(GRAPHS)
def test_ranks_that_die_meanwhile_change_no_order(build, monkeypatch):
    monkeypatch.setattr(outgoing, "SEND_TUPLES", 2)
    for seed in seeds(3):
        simulate(build, 8, seed, kills=2, suspects=1, settings=random.Random(seed).choice([None, TINY]))


@each(GRAPHS)
def test_with_room_for_next_to_nothing_nothing_hangs(build):
    moved = 0
    for seed in count():
        moved += simulate(build, SIZES[seed % 3], seed, settings=TINY)
        if seed + 1 >= len(seeds(4)) and moved:
            break
        assert moved or seed < 20, "nothing has moved"


@pytest.fixture
def narrow(monkeypatch):
    """A call that writes more than thirty tuples writes more than is held."""
    monkeypatch.setattr(sealing, "PARTIAL_TUPLES", 30)
    monkeypatch.setattr(instance, "OVERFLOW_TUPLES", 16)
    monkeypatch.setattr(instance, "CHUNK_TUPLES", 8)


@pytest.mark.parametrize("settings", [None, TINY], ids=["usual", "tiny"])
@each(FLOODS)
def test_a_call_that_commits_in_part_keeps_its_place(build, settings, narrow):
    for seed in seeds(3):
        simulate(build, SIZES[seed % 3], seed, settings=settings)
        simulate(build, 8, seed, kills=2, suspects=1, settings=settings)


def test_in_any_graph_partitions_may_move():
    moves = 0
    for seed in seeds(20):
        chance = random.Random(seed)
        settings, often = chance.choice([None, TINY]), chance.choice([0.3, 1.0])
        moves += simulate(build_of(seed), chance.choice(SIZES), seed, settings=settings, chance=often)
        kills = chance.randint(0, 2)
        moves += simulate(build_of(seed), 8, seed, kills=kills, suspects=1, settings=settings, chance=often)
    assert moves


def test_the_head_knows_of_which_elements_tuples_may_wait_on_a_rank():
    cluster = cluster_of(GRAPHS["one hop"], 5, 1)
    mover = cluster.head.coordinator.mover
    before = {rank: mover.elements(rank) for rank in range(5)}
    cluster.run()
    ways = [re.search(r"from rank (\d) to rank (\d)", text) for _, kind, text in cluster.sink.events]
    ranks = {int(rank) for way in ways if way is not None for rank in way.groups()}
    hearer = 2
    assert any(hearer not in before[rank] for rank in ranks)
    assert all(hearer in mover.elements(rank) for rank in ranks)
    assert all(before[rank] <= mover.elements(rank) for rank in range(5))


# ---- more than one way


def both_ways():
    """What a source writes comes directly, and through the pool."""
    graph, source, hearer = straight(Stays(), Hop("a"), Heard()), Stays("t "), Heard()
    hop = Hop("b")
    join(graph, source, hop)
    join(graph, hop, hearer)
    join(graph, source, hearer)
    return graph, 80


def test_what_comes_directly_keeps_its_order_too():
    assert sum(simulate(both_ways, SIZES[seed % 3], seed, chance=1.0) for seed in seeds(9))


# ---- checkpoints


def goes_on(build, seed, settings, kills=0):
    """Resume a run again and again, each time from one of its checkpoints, on other ranks or on one."""
    chance = random.Random(seed)
    expected = of_one_process(*build())
    resume, moves = None, 0
    for turn in range(4):
        size = chance.choice((1, 8) if kills else (1, *SIZES))
        every_s = chance.choice((0.0005, 0.003, 0.02))
        if size == 1:
            run = OneProcess(*build(), seed + turn, every_s, resume)
        else:
            run = cluster_of(
                build, size, seed + turn, kills, settings=settings, checkpoint_s=every_s, resume=resume
            )
        run.run()
        assert heard(run.sink) == expected, f"seed {seed}, turn {turn}, {size} ranks"
        moves += moves_of(run)
        resume = chance.choice([resume, *run.keeper.complete_ones])
    return moves


@pytest.mark.parametrize("settings", [None, TINY], ids=["usual", "tiny"])
@each({**GRAPHS, "both ways": both_ways})
def test_a_run_that_goes_on_from_the_middle_of_a_move_keeps_the_order(build, settings):
    assert sum(goes_on(build, seed, settings) for seed in seeds(4))


@each(GRAPHS | FLOODS)
def test_a_run_that_goes_on_and_loses_ranks_keeps_the_order(build, narrow):
    for seed in seeds(2):
        goes_on(build, seed, TINY, kills=2)


def test_any_graph_goes_on_in_order():
    for seed in seeds(10):
        goes_on(build_of(seed), seed, random.Random(seed).choice([None, TINY]))
