"""The sequence of tuples at each partition of an ordered element is that of one process.

From one source, or one key of an element that holds state: all of it, by whatever paths it has come.

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
from hpcd4p.testing.turns import TICK_S, nap, work
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
    """Takes some virtual time; how long goes by the tuple.

    The others stand still meanwhile, or, where it `naps`, go on.
    """

    times: tuple[int, ...] = (1, 1, 1, 1, 40)
    """Ticks. A few tuples take very long: those behind them must wait."""

    naps = False

    def __init__(self, name, least=1, most=1, drop=0):
        super().__init__()
        self.name = name
        self.least, self.most, self.drop = least, most, drop

    def _process(self, item):
        key, path, number = item
        chance = random.Random(f"{self.name} {number}")
        seconds = chance.choice(self.times) * TICK_S
        if self.naps:
            nap(self.rank, seconds)
        else:
            work(seconds)
        if self.drop and number % self.drop == 0:
            return
        for i in range(chance.randint(self.least, self.most)):
            self.write("output", (key, f"{path}{self.name} ", number * self.most + i))


class Splits(Hop):
    """Writes on two outputs, now on the one and now on the other."""

    def __init__(self, name):
        super().__init__(name)
        self._add_output("other")

    def _process(self, item):
        key, path, number = item
        work(TICK_S)
        for i in range(number % 4):
            output = "other" if random.Random(f"{number} {i}").random() < 0.5 else "output"
            self.write(output, (key, f"{path}{self.name} ", number * 4 + i))


class Sides(Stays):
    """The same as a source: it writes from the head."""

    def __init__(self, name=""):
        super().__init__(name)
        self._add_output("other")

    def _process(self, inputs):
        key, path, number = super()._process(inputs)
        for i in range(number % 4):
            output = "other" if random.Random(f"{number} {i}").random() < 0.5 else "output"
            self.write(output, (key, path, number * 4 + i))


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
    """One instance that hears everything."""

    stateful = True
    ordered = True
    inputs: tuple[str, ...] = ("input",)

    def __init__(self):
        super().__init__()
        for name in self.inputs:
            self._add_input(name, grouping="global")
        self._add_output("output")
        self.state = []

    def process(self, inputs):
        for port, (key, path, number) in inputs.items():
            self.state.append((key, f"{path}h-{port} ", number))

    def postprocess(self):
        self.write("output", ("all", self.state))


class GlobalOfTwo(Global):
    """The same on two inputs."""

    inputs = ("input", "second")


# ---- graphs


def join(graph, before, after, output="output", port="input"):
    graph.connect(before, output, after, port)


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


def meeting(source, end, *names, directly=False):
    """Paths of one element each from a source to where they meet."""
    return meeting_of(source, end, *(Hop(name, 0, 2) for name in names), directly=directly)


def meeting_of(source, end, *hops, directly=False):
    graph = WorkflowGraph()
    for hop in hops:
        join(graph, source, hop)
        join(graph, hop, end)
    if directly:
        join(graph, source, end)
    return graph


def in_the_pool():
    source, first, end = Stays(), Hop("a"), Heard()
    graph = meeting(first, end, "b", "c", directly=True)
    join(graph, source, first)
    return graph, 80


def nested():
    source, end = Stays(), Global()
    graph = WorkflowGraph()
    for outer in "ab":
        hop, last = Hop(f"h{outer}"), Hop(f"c{outer}")
        join(graph, source, hop)
        for inner in "xy":
            between = Hop(f"h{outer}{inner}", 0, 2)
            join(graph, hop, between)
            join(graph, between, last)
        join(graph, last, end)
    return graph, 40


def behind_state():
    source, before, echo, end = Stays(), Hop("a"), Echo(), Heard()
    graph = meeting(echo, end, "b", "c", directly=True)
    join(graph, source, before)
    join(graph, before, echo)
    return graph, 60


def sides(source, count):
    graph, end = WorkflowGraph(), GlobalOfTwo()
    left, right = Hop("a"), Hop("b")
    join(graph, source, left)
    join(graph, source, right, "other")
    join(graph, left, end)
    join(graph, right, end)
    join(graph, source, end, "other", "second")
    return graph, count


def sides_in_the_pool():
    source, splits = Moves(), Splits("h")
    graph, count = sides(splits, items(30))
    join(graph, source, splits)
    return graph, count


def both_inputs(count=90):
    source, end = Sides(), GlobalOfTwo()
    graph = WorkflowGraph()
    join(graph, source, end)
    join(graph, source, end, "other", "second")
    return graph, count


MEETINGS = {
    "paths meet": lambda: (meeting(Stays(), Heard(), "a", "b"), 90),
    "a short cut": lambda: (meeting(Stays(), Heard(), "a", directly=True), 90),
    "calls meet": lambda: (meeting(Moves(), Heard(), "a", "b", directly=True), items(60)),
    "in the pool": in_the_pool,
    "nested": nested,
    "meeting behind state": behind_state,
    "sides": lambda: sides(Sides(), 60),
    "sides in the pool": sides_in_the_pool,
    "both inputs": both_inputs,
}

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


ALL = GRAPHS | MEETINGS


def heard(sink):
    """By output and key, what each source, or each key of a state, has brought, in order, on all paths."""
    found = {}
    for output, values in sink.results.items():
        if not output.startswith(("Heard", "Global")):
            continue  # what nobody hears
        for key, state in values:
            for *where, path, number in state:
                writers = [name for name in path.split() if name[0] in "ste"]
                found.setdefault((output, key, *writers), []).append((*where, path, number))
    return found


def of_one_process(graph, inputs, settings=None):
    settings = settings or EngineSettings()
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
    for writers, sequence in got.items():
        assert sequence == expected[writers], f"{writers}, seed {seed}"
    assert not (left := leftovers(cluster)), left
    assert not any(cluster.store.places.outstanding.values())
    return cluster


def _swapped(build, size, seed):
    graph, inputs = build()
    return graph, size, inputs, seed


def each(graphs):
    return pytest.mark.parametrize("build", graphs.values(), ids=list(graphs))


@each(ALL)
def test_in_one_process_the_order_does_not_depend_on_batches(build, monkeypatch):
    expected = of_one_process(*build())
    for tuples in (1, 3, 64):
        monkeypatch.setattr(instance, "OVERFLOW_TUPLES", tuples)
        assert of_one_process(*build(), EngineSettings(max_task_tuples=tuples)) == expected


def test_each_write_is_followed_to_its_end_before_the_next_one():
    (heard_of_both,) = of_one_process(*both_inputs()).values()
    numbers = [number for *_, number in heard_of_both]
    assert numbers == sorted(numbers)
    assert len({path for _, path, _ in heard_of_both}) == 2
    source, near, far, end = Stays(), Hop("a"), Hop("b"), Global()
    graph = meeting_of(source, end, near, far, directly=True)
    (sequence,) = of_one_process(graph, 10).values()
    assert [each[1:] for each in sequence[:6]] == [
        (f"{path}h-input ", number) for number in (1, 2) for path in ("a ", "b ", "")
    ]


@pytest.mark.parametrize("size", SIZES)
@each(ALL)
def test_each_partition_hears_what_it_hears_in_one_process(build, size):
    for seed in seeds(3):
        simulate(build, size, seed)


@each(ALL)
def test_ranks_that_die_change_no_order(build):
    for seed in seeds(4):
        simulate(build, 6, seed, kills=2, suspects=1)


@each(ALL)
def test_with_room_for_next_to_nothing_nothing_hangs(build):
    for seed in seeds(4):
        simulate(build, random.Random(seed).choice(SIZES), seed, settings=TINY)


@each(ALL)
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


class FloodingSource(Stays):
    """A source that does."""

    def _process(self, inputs):
        key, path, number = super()._process(inputs)
        for i in range(50):
            self.write("output", (key, path, number * 50 + i))


class FloodingState(Echo):
    """State that does."""

    def process_key(self, key, item, state):
        for i in range(40):
            self.write("output", (item[0], f"{item[1]}{self.name}{key} ", item[2] * 40 + i))
        return None


@pytest.fixture
def narrow(monkeypatch):
    """A call that writes more than thirty tuples writes more than is held."""
    monkeypatch.setattr(sealing, "PARTIAL_TUPLES", 30)
    monkeypatch.setattr(instance, "OVERFLOW_TUPLES", 16)
    monkeypatch.setattr(instance, "CHUNK_TUPLES", 8)


def flood_parts():
    source, flood, end = Stays(), Flood("a"), Heard()
    graph = meeting(flood, end, "b", "c", directly=True)
    join(graph, source, flood)
    return graph, 5


def state_floods():
    flood = FloodingState()
    graph = meeting(flood, Heard(), "b", "c", directly=True)
    join(graph, Stays(), flood)
    return graph, 5


FLOODS = {
    "flood": lambda: (straight(Stays(), Flood("a"), Heard()), 25),
    "flood and hop": lambda: (straight(Moves(), Flood("a"), Hop("b"), Heard()), items(10)),
    "floods around state": lambda: (straight(Stays(), Flood("a"), Echo(), Hop("b"), Heard()), 8),
    "a flood parts": flood_parts,
    "a source floods": lambda: (meeting(FloodingSource(), Heard(), "b", "c", directly=True), 4),
    "a state floods": state_floods,
    "a flood in a path": lambda: (meeting_of(Stays(), Heard(), Flood("a"), Hop("b")), 8),
}


@pytest.mark.parametrize("settings", [None, TINY], ids=["usual", "tiny"])
@each(FLOODS)
def test_a_call_that_commits_in_part_keeps_its_place(build, settings, narrow):
    for seed in seeds(4):
        size = random.Random(seed).choice(SIZES)
        simulate(build, size, seed, settings=settings)
        simulate(build, 6, seed, kills=2, suspects=1, settings=settings)


# ---- any graph

TIMES = (Hop.times, (1,), (1, 5, 20), (*20 * (1,), 400))
"""Of elements of the pool: some each as long as the others, some very unlike."""


def random_graph(seed):
    """Sources, elements of the pool that filter, multiply and split, state among them, and who hears it.

    Paths part anywhere, and meet in the pool, at state on the way, and at the end.
    """
    chance, speed = random.Random(f"graph {seed}"), random.Random(f"speed {seed}")
    graph = WorkflowGraph()
    first = chance.choice([Stays, Stays, Sides])("s ")
    inputs = {first: chance.randint(20, 50)}
    if chance.random() < 0.4:
        inputs[Moves()] = items(chance.randint(10, 30))
    if chance.random() < 0.2:
        inputs[chance.choice([Stays, Sides])("t ")] = chance.randint(10, 40)
    writers = list(inputs)
    for i in range(chance.randint(2, 6)):
        least = chance.choice([0, 1, 1])
        hop = Hop(f"h{i}", least, least + chance.choice([0, 1]), chance.choice([0, 0, 3]))
        hop.times, hop.naps = speed.choice(TIMES), speed.random() < 0.3
        element = chance.choice([hop, hop, hop, Splits(f"h{i}")] + [Echo(f"e{i}")] * (i > 0))
        for writer in chance.sample(writers, min(len(writers), chance.choice([1, 1, 1, 2]))):
            join_somehow(graph, writer, element, chance)
        writers.append(element)
    for _ in range(chance.randint(1, 2)):
        hearer = chance.choice([Heard, Global])()
        for writer in chance.sample(writers, min(len(writers), chance.choice([1, 2, 3, 4]))):
            join_somehow(graph, writer, hearer, chance)
    for source in inputs:
        graph.add(source)
    return graph, inputs


def join_somehow(graph, before, after, chance):
    """By one of the outputs of `before`, or by all of them."""
    outputs = list(before.outputconnections)
    for output in chance.choice([outputs, outputs, chance.sample(outputs, 1)]):
        join(graph, before, after, output)


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
@each(ALL)
def test_a_run_that_goes_on_keeps_the_order(build, settings):
    for seed in seeds(2):
        goes_on(build, seed, settings)


@each(ALL | FLOODS)
def test_a_run_that_goes_on_and_loses_ranks_keeps_the_order(build, narrow):
    for seed in seeds(2):
        goes_on(build, seed, TINY, kills=2)
