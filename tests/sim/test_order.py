"""The sequence of tuples at each partition of an ordered element is that of one process.

A sample of seeds; for thousands: ``SEEDS=300 python -m pytest tests/sim/test_order.py``.
"""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from hpcd4p import GenericPE, IterativePE, KeyedPE, ProducerPE, WorkflowGraph
from hpcd4p.control import sealing
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
from hpcd4p.testing.turns import TICK_S, work
from tests.sim.compare import leftovers, seeds
from tests.sim.one_process import OneProcess

TINY = EngineSettings(high_tasks_per_rank=1, inbox_high_tuples=8, max_task_tuples=8, window=1)
"""Room for next to nothing."""

SIZES = (2, 3, 4, 5, 8)


@pytest.fixture(autouse=True)
def deadline(monkeypatch):
    """A cluster that hangs shows where each rank stands after some seconds, not hours."""
    monkeypatch.setattr(turns, "MOST_TURNS", 300_000)


# ---- elements: a tuple is (key, path, number), and each writes its own name behind the path


class Stays(ProducerPE):
    """Writes from the head; keeps state."""

    def __init__(self, name=""):
        super().__init__()
        self.last, self.path = 0, name

    def _process(self, inputs):
        self.last += 1
        return self.last % 5, self.path, self.last


class Moves(ProducerPE):
    """Its calls are tasks of the pool."""

    def __init__(self):
        super().__init__()
        self._add_input("item")

    def _process(self, inputs):
        number = inputs["item"]
        for i in range(number % 3):
            self.write("output", (number % 5, "", 3 * number + i))


class Hop(IterativePE):
    """Takes some virtual time; how long goes by the tuple."""

    def __init__(self, name, least=1, most=1, drop=0):
        super().__init__()
        self.name = name
        self.least, self.most, self.drop = least, most, drop

    def _process(self, item):
        key, path, number = item
        chance = random.Random(f"{self.name} {number}")
        # a few take very long: those behind them must wait
        work(chance.choice([1, 1, 1, 1, 40]) * TICK_S)
        if self.drop and number % self.drop == 0:
            return
        for i in range(chance.randint(self.least, self.most)):
            self.write("output", (key, f"{path}{self.name} ", number * self.most + i))


class Heard(KeyedPE):
    """Writes the sequence that each key has heard."""

    ordered = True
    partitions = 3
    value = None

    def process_key(self, key, item, state):
        return [*(state or []), item[1:]]

    def end_key(self, key, state):
        self.write("output", (key, state))


class Echo(Heard):
    """Writes on what it hears, too: behind it the order goes on."""

    def __init__(self, name="e"):
        super().__init__()
        self.name = name

    def process_key(self, key, item, state):
        self.write("output", (item[0], f"{item[1]}{self.name}{key} ", item[2]))
        return super().process_key(key, item, state)

    def end_key(self, key, state):
        pass


class Global(GenericPE):
    """One instance that hears everything, on an input of any name."""

    ordered = True

    def __init__(self):
        super().__init__()
        self._add_input("input", grouping="global")
        self._add_output("output")
        self.state = []

    def process(self, inputs):
        self.state.append(inputs["input"])

    def postprocess(self):
        self.write("output", ("all", self.state))


# ---- graphs


def join(graph, before, after):
    graph.connect(before, "output", after, "input")


def straight(*elements):
    graph = WorkflowGraph()
    for before, after in pairwise(elements):
        join(graph, before, after)
    return graph


def items(count):
    return [{"item": i} for i in range(count)]


def fan_out():
    graph, source = WorkflowGraph(), Stays()
    for name in "ab":
        hop = Hop(name)
        join(graph, source, hop)
        join(graph, hop, Heard())
    return graph, 120


def diamond():
    graph, source, after = WorkflowGraph(), Stays(), Hop("c")
    for name in "ab":
        hop = Hop(name)
        join(graph, source, hop)
        join(graph, hop, after)
    join(graph, after, Heard())
    return graph, 90


GRAPHS = {
    "one hop": lambda: (straight(Stays(), Hop("a"), Heard()), 150),
    "three hops": lambda: (straight(Stays(), Hop("a"), Hop("b"), Hop("c"), Global()), 100),
    "calls are tasks": lambda: (straight(Moves(), Hop("a"), Heard()), items(120)),
    "one to many": lambda: (straight(Moves(), Hop("a", 0, 4), Hop("b"), Heard()), items(60)),
    "a filter": lambda: (straight(Stays(), Hop("a", drop=3), Hop("b", drop=5), Global()), 150),
    "fan-out": fan_out,
    "diamond": diamond,
    "behind state": lambda: (straight(Stays(), Hop("a"), Echo(), Hop("b"), Heard()), 100),
}


def heard(sink):
    """By output and key, what each path has brought, in order."""
    found = {}
    for output, values in sink.results.items():
        if not output.startswith(("Heard", "Global")):
            continue  # what nobody hears
        for key, state in values:
            for *where, number in state:
                found.setdefault((output, key, *where), []).append(number)
    return found


def of_one_process(graph, inputs):
    settings = EngineSettings()
    plan, elements = make_plan(graph, 1, settings)
    sink = MemorySink()
    sequential.run(RunSpec(plan, elements, resolve_inputs(plan, elements, inputs), settings), sink)
    return heard(sink)


def simulate(build, size, seed, **options):
    cluster = Cluster(*_swapped(build, size, seed), **options)
    cluster.run()
    expected = of_one_process(*build())
    got = heard(cluster.sink)
    assert got.keys() == expected.keys()
    for path, numbers in got.items():
        assert numbers == expected[path], f"{path}, seed {seed}"
    assert not (left := leftovers(cluster)), left
    assert not any(cluster.store.places.outstanding.values())
    return cluster


def _swapped(build, size, seed):
    graph, inputs = build()
    return graph, size, inputs, seed


def each(graphs):
    return pytest.mark.parametrize("build", graphs.values(), ids=list(graphs))


@pytest.mark.parametrize("size", SIZES)
@each(GRAPHS)
def test_each_partition_hears_what_it_hears_in_one_process(build, size):
    for seed in seeds(3):
        simulate(build, size, seed)


@each(GRAPHS)
def test_ranks_that_die_change_no_order(build):
    for seed in seeds(4):
        simulate(build, 6, seed, kills=2, suspects=1)


@each(GRAPHS)
def test_with_room_for_next_to_nothing_nothing_hangs(build):
    for seed in seeds(4):
        simulate(build, random.Random(seed).choice(SIZES), seed, settings=TINY)


@each(GRAPHS)
def test_ranks_that_die_where_there_is_room_for_next_to_nothing_change_no_order(build, monkeypatch):
    monkeypatch.setattr(outgoing, "SEND_TUPLES", 2)
    for seed in seeds(4):
        simulate(build, 6, seed, kills=2, suspects=1, settings=TINY)


class Flood(Hop):
    """Writes more in one call than a rank holds."""

    def _process(self, item):
        key, path, number = item
        for i in range(150):
            self.write("output", (key, f"{path}{self.name} ", number * 150 + i))


@pytest.fixture
def narrow(monkeypatch):
    """A call that writes more than thirty tuples writes more than is held."""
    monkeypatch.setattr(sealing, "PARTIAL_TUPLES", 30)
    monkeypatch.setattr(instance, "OVERFLOW_TUPLES", 16)
    monkeypatch.setattr(instance, "CHUNK_TUPLES", 8)


FLOODS = {
    "flood": lambda: (straight(Stays(), Flood("a"), Heard()), 25),
    "flood and hop": lambda: (straight(Moves(), Flood("a"), Hop("b"), Heard()), items(10)),
    "floods around state": lambda: (straight(Stays(), Flood("a"), Echo(), Hop("b"), Heard()), 8),
}


@pytest.mark.parametrize("settings", [None, TINY], ids=["usual", "tiny"])
@each(FLOODS)
def test_a_call_that_commits_in_part_keeps_its_place(build, settings, narrow):
    for seed in seeds(4):
        size = random.Random(seed).choice(SIZES)
        simulate(build, size, seed, settings=settings)
        simulate(build, 6, seed, kills=2, suspects=1, settings=settings)


# ---- any graph


def random_graph(seed):
    """Some sources, elements of the pool that filter and multiply, state among them, and who hears it."""
    chance = random.Random(f"graph {seed}")
    graph = WorkflowGraph()
    inputs = {Stays("s "): chance.randint(20, 60)}
    if chance.random() < 0.5:
        inputs[Moves()] = items(chance.randint(10, 40))
    if chance.random() < 0.3:
        inputs[Stays("t ")] = chance.randint(10, 40)
    writers = list(inputs)
    for i in range(chance.randint(2, 7)):
        least = chance.choice([0, 1, 1])
        hop = Hop(f"h{i}", least, least + chance.choice([0, 1]), chance.choice([0, 0, 3]))
        element = hop if i == 0 or chance.random() < 0.75 else Echo(f"e{i}")
        for writer in chance.sample(writers, min(len(writers), chance.choice([1, 1, 1, 2]))):
            join(graph, writer, element)
        writers.append(element)
    for _ in range(chance.randint(1, 2)):
        hearer = chance.choice([Heard, Global])()
        for writer in chance.sample(writers[-3:], min(len(writers), chance.choice([1, 2]), 3)):
            join(graph, writer, hearer)
    for source in inputs:
        graph.add(source)
    return graph, inputs


def build_of(seed):
    return lambda: random_graph(seed)


def test_any_graph_keeps_the_order_whoever_dies_and_however_little_room_there_is():
    for seed in seeds(25):
        chance = random.Random(seed)
        settings = chance.choice([None, TINY])
        simulate(build_of(seed), chance.choice(SIZES), seed, settings=settings)
        simulate(build_of(seed), 6, seed, kills=chance.randint(0, 2), suspects=1, settings=settings)


def test_any_graph_goes_on_in_order():
    for seed in seeds(10):
        goes_on(build_of(seed), seed, random.Random(seed).choice([None, TINY]), kills=seed % 2)


# ---- checkpoints


def goes_on(build, seed, settings, kills=0):
    """Resume a run again and again, each time from one of its checkpoints, on other ranks or on one."""
    chance = random.Random(seed)
    expected = of_one_process(*build())
    resume = None
    for turn in range(4):
        size = chance.choice((1, *SIZES))
        every_s = chance.choice((0.0005, 0.003, 0.02))
        graph, inputs = build()
        if size == 1:
            run = OneProcess(graph, inputs, seed + turn, every_s, resume)
        else:
            run = Cluster(
                graph,
                size,
                inputs,
                seed + turn,
                kills,
                settings=settings,
                checkpoint_s=every_s,
                resume=resume,
            )
        run.run()
        assert heard(run.sink) == expected, f"seed {seed}, turn {turn}, {size} ranks"
        resume = chance.choice([resume, *run.keeper.complete_ones])


@pytest.mark.parametrize("settings", [None, TINY], ids=["usual", "tiny"])
@each(GRAPHS)
def test_a_run_that_goes_on_keeps_the_order(build, settings):
    for seed in seeds(4):
        goes_on(build, seed, settings)


@each(GRAPHS | FLOODS)
def test_a_run_that_goes_on_and_loses_ranks_keeps_the_order(build, narrow):
    for seed in seeds(3):
        goes_on(build, seed, TINY, kills=2)
