"""Outputs that leave in order: the sequence of each is that of one process.

Of one source, or one key of an element that holds state: all of it, by whatever paths it has come.

A sample of seeds; for thousands: ``SEEDS=300 python -m pytest tests/sim/test_leaving.py``.
"""

from __future__ import annotations

import random

import pytest

from hpcd4p import WorkflowGraph
from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.memory import MemorySink
from hpcd4p.runtime import sequential
from hpcd4p.runtime.commit import outgoing
from hpcd4p.runtime.execute import instance
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.testing import turns
from hpcd4p.testing.cluster import Cluster
from tests.sim.compare import leftovers, seeds
from tests.sim.one_process import OneProcess
from tests.sim.test_order import (
    SIZES,
    TINY,
    Echo,
    Flood,
    FloodingSource,
    FloodingState,
    Global,
    Hop,
    Moves,
    Sides,
    Splits,
    Stays,
    build_of,
    each,
    heard,
    items,
    join,
    meeting,
    meeting_of,
    narrow,
    straight,
)

__all__ = ["narrow"]  # a fixture

USUAL = EngineSettings(ordered_outputs=True)
TIGHT = TINY._replace(ordered_outputs=True)


@pytest.fixture(autouse=True)
def deadline(monkeypatch):
    """A cluster that hangs shows where each rank stands after some seconds, not hours."""
    monkeypatch.setattr(turns, "MOST_TURNS", 300_000)


# ---- graphs: what nobody hears leaves the run


def alone(source, count):
    graph = WorkflowGraph()
    graph.add(source)
    return graph, count


def many_outputs():
    graph, source = WorkflowGraph(), Stays()
    for i in range(12):
        hop = Hop(f"a{i}", drop=i)
        join(graph, source, hop)
        if i % 2:
            join(graph, hop, Splits(f"b{i}"))
    return graph, 40


def diamond():
    return meeting(Stays(), Hop("c"), "a", "b", directly=True), 60


def in_the_pool():
    first = Hop("a")
    graph = meeting_of(first, Hop("d"), Hop("b", 0, 2), Splits("c"), directly=True)
    join(graph, Stays(), first)
    return graph, 60


def sides():
    graph, source, end = WorkflowGraph(), Sides(), Hop("c")
    for output, name in (("output", "a"), ("other", "b")):
        hop = Hop(name)
        join(graph, source, hop, output)
        join(graph, hop, end)
    join(graph, source, end)  # and "other" leaves as it is, too
    return graph, 50


def behind_one_instance():
    """One instance with state in the middle: what it writes has one order."""
    state, echo = Global(), Echo("e")
    echo.partitions = 1
    graph = straight(Stays(), Hop("a"), echo, Hop("b"))
    join(graph, echo, state)
    return graph, 80


ALONG = {
    "from the source": lambda: alone(Stays(), 100),
    "from two sides": lambda: alone(Sides(), 60),
    "calls of a source": lambda: alone(Moves(), items(60)),
    "one hop": lambda: (straight(Stays(), Hop("a")), 120),
    "calls are tasks": lambda: (straight(Moves(), Hop("a"), Hop("b", 0, 3)), items(60)),
    "a filter": lambda: (straight(Stays(), Hop("a", drop=3), Hop("b", drop=5)), 120),
    "two outputs": lambda: (straight(Stays(), Hop("a"), Splits("b")), 80),
    "many outputs": many_outputs,
    "behind state": lambda: (straight(Stays(), Hop("a"), Echo(), Hop("b")), 80),
    "of state": lambda: (straight(Stays(), Hop("a"), Echo()), 80),
    "behind one instance": behind_one_instance,
}

MEETINGS = {
    "paths meet": diamond,
    "calls meet": lambda: (meeting(Moves(), Hop("c"), "a", "b", directly=True), items(40)),
    "meeting in the pool": in_the_pool,
    "sides meet": sides,
}

ALL = ALONG | MEETINGS

FLOODS = {
    "flood": lambda: (straight(Stays(), Flood("a")), 15),
    "flood and hop": lambda: (straight(Moves(), Flood("a"), Hop("b")), items(8)),
    "a source floods": lambda: (meeting(FloodingSource(), Hop("c"), "a", "b", directly=True), 4),
    "a state floods": lambda: (straight(Stays(), FloodingState(), Hop("b")), 5),
    "a flood in a path": lambda: (meeting_of(Stays(), Hop("c"), Flood("a"), Hop("b")), 5),
}


def left(sink):
    """By output: what each source, or each key of a state on the way, has brought, in order."""
    found = heard(sink)
    for output, values in sink.results.items():
        if output.startswith(("Heard", "Global")):
            continue
        for key, path, number in values:
            writers = [name for name in path.split() if name[0] in "ste"]
            found.setdefault((output, *writers), []).append((key, path, number))
    return found


def of_one_process(graph, inputs, settings=USUAL):
    plan, elements = make_plan(graph, 1, settings)
    sink = MemorySink()
    sequential.run(RunSpec(plan, elements, resolve_inputs(plan, elements, inputs), settings), sink)
    return left(sink)


def simulate(build, size, seed, kills=0, suspects=0, settings=USUAL, mapping="hybrid"):
    graph, inputs = build()
    cluster = Cluster(graph, size, inputs, seed, kills, suspects, settings, mapping)
    cluster.run()
    expected = of_one_process(*build())
    got = left(cluster.sink)
    assert got.keys() == expected.keys()
    for writers, sequence in got.items():
        assert sequence == expected[writers], f"{writers}, seed {seed}"
    assert not (rest := leftovers(cluster)), rest
    assert not any(cluster.store.places.outstanding.values())
    return cluster


@each(ALL)
def test_in_one_process_the_order_does_not_depend_on_batches(build, monkeypatch):
    expected = of_one_process(*build())
    for tuples in (1, 3, 64):
        monkeypatch.setattr(instance, "OVERFLOW_TUPLES", tuples)
        assert of_one_process(*build(), USUAL._replace(max_task_tuples=tuples)) == expected


@each(ALONG)
def test_where_no_paths_meet_the_order_is_that_of_one_process_anyway(build):
    assert of_one_process(*build(), EngineSettings()) == of_one_process(*build())


def test_each_write_is_followed_to_its_end_before_the_next_one():
    graph = meeting_of(Stays(), Hop("c"), Hop("a"), Hop("b"), directly=True)
    (sequence,) = of_one_process(graph, 10).values()
    assert [(path, number) for _, path, number in sequence[:6]] == [
        (f"{path}c ", number) for number in (1, 2) for path in ("a ", "b ", "")
    ]


@pytest.mark.parametrize("size", SIZES)
@each(ALL)
def test_each_output_has_the_order_of_one_process(build, size):
    for seed in seeds(2):
        simulate(build, size, seed)


@each(ALL)
def test_ranks_that_die_change_no_order(build):
    for seed in seeds(2):
        simulate(build, 6, seed, kills=2, suspects=1)


@each(ALL)
def test_with_room_for_next_to_nothing_nothing_hangs(build):
    for seed in seeds(2):
        simulate(build, random.Random(seed).choice(SIZES), seed, settings=TIGHT)


@each(ALL)
def test_ranks_that_die_where_there_is_room_for_next_to_nothing_change_no_order(build, monkeypatch):
    monkeypatch.setattr(outgoing, "SEND_TUPLES", 2)
    for seed in seeds(2):
        simulate(build, 6, seed, kills=2, suspects=1, settings=TIGHT)


@pytest.mark.parametrize("settings", [USUAL, TIGHT], ids=["usual", "tiny"])
@each(FLOODS)
def test_a_call_that_commits_in_part_keeps_its_place(build, settings, narrow):
    for seed in seeds(2):
        simulate(build, random.Random(seed).choice(SIZES), seed, settings=settings)
        simulate(build, 6, seed, kills=2, suspects=1, settings=settings)


def test_any_graph_leaves_in_order_whoever_dies_and_however_little_room_there_is():
    for seed in seeds(20):
        chance = random.Random(seed)
        settings = chance.choice([USUAL, TIGHT])
        simulate(build_of(seed), chance.choice(SIZES), seed, settings=settings)
        simulate(build_of(seed), 6, seed, chance.randint(0, 2), 1, settings)


# ---- checkpoints


def goes_on(build, seed, kills=0, mapping="hybrid"):
    """Resume a run again and again, each time from one of its checkpoints, on other ranks or on one."""
    chance = random.Random(seed)
    expected = of_one_process(*build())
    resume = None
    for turn in range(4):
        size = chance.choice((1, *SIZES))
        settings = chance.choice([USUAL, TIGHT])
        every_s = chance.choice((0.0005, 0.003, 0.02))
        graph, inputs = build()
        if size == 1:
            run = OneProcess(graph, inputs, seed + turn, every_s, resume, settings=settings)
        else:
            run = Cluster(
                graph, size, inputs, seed + turn, kills, settings=settings, mapping=mapping,
                checkpoint_s=every_s, resume=resume,
            )  # fmt: skip
        run.run()
        assert left(run.sink) == expected, f"seed {seed}, turn {turn}, {size} ranks"
        resume = chance.choice([resume, *run.keeper.complete_ones])


@each(ALL)
def test_a_run_that_goes_on_keeps_the_order(build):
    for seed in seeds(2):
        goes_on(build, seed)


@each(ALL | FLOODS)
def test_a_run_that_goes_on_and_loses_ranks_keeps_the_order(build, narrow):
    for seed in seeds(2):
        goes_on(build, seed, kills=2)


def test_any_graph_goes_on_in_order():
    for seed in seeds(10):
        goes_on(build_of(seed), seed, kills=seed % 2)
