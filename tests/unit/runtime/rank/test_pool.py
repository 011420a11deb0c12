"""A rank of the pool that commits a part of a long call, and the one that takes over from it."""

from __future__ import annotations

from collections import deque

import pytest

from hpcd4p import GenericPE, KeyedPE, ProducerPE, SimpleFunctionPE, WorkflowGraph
from hpcd4p.control.sealing import PARTIAL_TUPLES
from hpcd4p.errors import ForeignBytesError
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.model import UNDECLARED
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.summary import DeadLetter, FailureKind
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute.loops import Leave
from hpcd4p.runtime.rank.loop import RankLoop
from hpcd4p.runtime.rank.pump import Pump
from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.transport.memory_mesh import MemoryMesh
from hpcd4p.transport.memory_store import MemoryStore
from hpcd4p.wire.ask import Ask, Availability
from hpcd4p.wire.codec import LETTER, TASK, Codec, about
from hpcd4p.wire.messages import Arrival, Commit, Notice, Publication
from hpcd4p.wire.orders import Careful, Park, Stop, Wake

CODEC = Codec(b"test")

LONG = 4 * PARTIAL_TUPLES


class Dead(Leave):
    """The rank dies here."""


class Make(ProducerPE):
    def _process(self, inputs):
        return 1


class Spell(GenericPE):
    """Writes `n` letters on one output and a digit now and then on the other; fails for a negative n."""

    def __init__(self):
        super().__init__()
        self._add_input("input")
        self._add_output("letter")
        self._add_output("digit")

    def process(self, inputs):
        n = inputs["input"]
        if n < 0:
            raise ValueError(n)
        for i in range(n):
            self.write("letter", i)
            if i % 1000 == 0:
                self.write("digit", i)


class World:
    """A head that only looks, and ranks of the pool as they are needed."""

    def __init__(self, values: list[int]) -> None:
        graph = WorkflowGraph()
        graph.connect(Make(), "output", Spell(), "input")
        self.settings = EngineSettings()
        self.plan, self.elements = make_plan(graph, 4, self.settings)
        self.store = MemoryStore()
        self.head = MemoryBroker(self.store, 0)
        self.boxes: list[deque] = [deque() for _ in range(4)]
        self.inbox = MemoryMesh(0, self.boxes)
        commit = Commit(1, {1: len(values)})
        commit.publish = [
            Publication(1, len(values), CODEC.seal(("input", values), about(TASK, 1, len(values))))
        ]
        self.head.step(commit)
        self.kept: list[Arrival] = []
        self.collected: dict[str, list[int]] = {"Spell1.letter": [], "Spell1.digit": []}
        self.letters: list[DeadLetter] = []
        self.failed = 0

    def rank(self, number: int, dies_at_step: int = 0, dies_at_part: int = 0) -> RankLoop:
        world = self

        class Broker(MemoryBroker):
            steps = parts = 0

            def step(self, commit, *args, **kwargs):
                self.steps += 1
                self.parts += len(commit.progress)
                if self.steps == dies_at_step or (dies_at_part and self.parts >= dies_at_part):
                    raise Dead
                return super().step(commit, *args, **kwargs)

            def wait(self, seconds):
                world.receive()
                return super().wait(seconds)

        mesh = MemoryMesh(number, self.boxes)
        return RankLoop(
            self.plan, self.elements, self.settings, Broker(self.store, number), mesh, CODEC, Clock()
        )

    def receive(self) -> None:
        """Keep what comes in, until its notice comes."""
        for message in self.inbox.poll():
            if isinstance(message, Notice):
                self.committed(message.source, message.tx)
            else:
                self.kept.append(message)

    def committed(self, source: int, tx: int) -> None:
        for arrival in [a for a in self.kept if a.source == source and a.tx <= tx]:
            self.kept.remove(arrival)
            for segment in CODEC.unpack(arrival.frames):
                self.collected[segment.port] += segment.values

    def fence(self, number: int) -> None:
        self.receive()
        tx, given_up = self.head.fence(number)
        assert not given_up
        self.committed(number, tx)
        self.kept = [a for a in self.kept if a.source != number]

    def work(self, rank: RankLoop) -> None:
        """Let `rank` work until it finds nothing to do."""
        for _ in range(100):
            if rank.tick() is None:
                break
            self.receive()
        for each in self.head.observe(alive=False).dead:
            kind, tuples, letter = CODEC.open(each, about(LETTER))
            assert isinstance(kind, FailureKind)
            self.failed += tuples
            self.letters.append(letter)

    def check(self, values: list[int]) -> None:
        assert sorted(self.collected["Spell1.letter"]) == sorted(i for n in values for i in range(max(0, n)))
        assert len(self.collected["Spell1.digit"]) == sum(len(range(0, n, 1000)) for n in values if n > 0)
        assert [letter.value_text for letter in self.letters] == [str(n) for n in values if n < 0]
        assert self.store.pending[1] == 0
        assert self.store.progress == {}
        assert not any(self.store.leases.values())


def test_a_long_call_commits_in_parts():
    world = World([LONG])
    rank = world.rank(2)
    world.work(rank)
    world.check([LONG])
    assert world.store.committed[2] > 2


def test_the_next_rank_skips_what_the_one_before_has_committed_of_a_task():
    values = [10, -1, LONG, -2, 20]
    world = World(values)
    first = world.rank(2, dies_at_part=2)
    with pytest.raises(Dead):
        world.work(first)
    world.fence(2)
    (task,) = world.store.streams[1]
    assert task.attempts == 1
    assert task.progress[0] == 1  # the dead letter of -1
    written = dict(zip(("letter", "digit", UNDECLARED), task.progress[1:], strict=True))
    assert written["letter"] == len(world.collected["Spell1.letter"]) > PARTIAL_TUPLES
    assert written[UNDECLARED] == 0
    assert written["digit"] == len(world.collected["Spell1.digit"])
    world.work(world.rank(3))
    world.check(values)


def test_wherever_the_first_dies_the_answer_is_the_same():
    values = [-1, LONG, -2, 5]
    for step in range(1, 9):
        world = World(values)
        try:
            world.work(world.rank(2, dies_at_step=step))
        except Dead:
            world.fence(2)
            world.work(world.rank(3))
        world.check(values)


def test_the_one_after_the_next_skips_what_both_have_committed():
    values = [-1, LONG, -2]
    world = World(values)
    for number in (1, 2):
        with pytest.raises(Dead):
            world.work(world.rank(number, dies_at_part=2))
        world.fence(number)
    (task,) = world.store.streams[1]
    assert task.attempts == 2
    assert task.progress[1] > 2 * PARTIAL_TUPLES
    world.work(world.rank(3))
    world.check(values)


def test_a_rank_that_dies_before_its_first_commit_leaves_no_trace():
    values = [3, -1, 4]
    world = World(values)
    with pytest.raises(Dead):
        world.work(world.rank(2, dies_at_step=2))
    world.fence(2)
    assert world.collected["Spell1.letter"] == []
    assert world.kept == []
    world.work(world.rank(3))
    world.check(values)


class Broken:
    def __reduce__(self):
        return int, ("no number",)


def test_a_tuple_that_cannot_be_read_is_a_dead_letter_and_the_others_of_its_task_run():
    world = World([1])
    commit = Commit(2, {1: 3})
    commit.publish = [Publication(1, 3, CODEC.seal(("input", [1, Broken(), 3]), about(TASK, 1, 3)))]
    world.head.step(commit)
    world.work(world.rank(2))
    (letter,) = world.letters
    assert "no number" in letter.error
    assert world.failed == 1
    assert world.store.pending[1] == 0
    assert sorted(world.collected["Spell1.letter"]) == [0, 0, 0, 1, 2]


@pytest.mark.parametrize("what", ["of another run", "of another element", "with another count"])
def test_a_task_that_is_not_of_the_run_ends_it(what):
    world = World([1])
    codec = Codec(b"another") if what == "of another run" else CODEC
    element, tuples = (0 if what == "of another element" else 1), (2 if what == "with another count" else 3)
    commit = Commit(2, {1: 3})
    commit.publish = [Publication(1, 3, codec.seal(("input", [1, 2, 3]), about(TASK, element, tuples)))]
    world.head.step(commit)
    with pytest.raises(ForeignBytesError):
        world.work(world.rank(2))


# ---- what a rank takes


class Sum(KeyedPE):
    def process_key(self, key, value, state):
        return (state or 0) + value


def rank_before(tasks: int) -> tuple[MemoryStore, RankLoop]:
    """A rank of the pool, and so many tasks for what feeds a congested element."""
    graph = WorkflowGraph()
    feeder, total = SimpleFunctionPE(divmod, {}), Sum()
    graph.connect(Make(), "output", feeder, "input")
    graph.connect(feeder, "output", total, "input")
    settings = EngineSettings(high_tasks_per_rank=1)
    plan, elements = make_plan(graph, 4, settings)
    store = MemoryStore()
    commit = Commit(1, {1: tasks})
    commit.publish = [Publication(1, 1, CODEC.seal(("input", [i]), about(TASK, 1, 1))) for i in range(tasks)]
    MemoryBroker(store, 0).step(commit)
    MemoryBroker(store, 1).step(Commit(), Ask(congest=[2]))
    boxes: list[deque] = [deque() for _ in range(4)]
    mesh = MemoryMesh(2, boxes)
    rank = RankLoop(plan, elements, settings, MemoryBroker(store, 2), mesh, CODEC, Clock())
    rank.link.exchange()  # it has heard of the congestion
    return store, rank


def test_a_rank_does_not_begin_what_feeds_a_congested_element():
    store, rank = rank_before(tasks=10)
    for _ in range(5):
        assert rank.tick()  # nothing to do now, but it looks again by itself
    assert store.tasks == 10


def test_where_too_much_waits_a_rank_takes_even_that():
    # the congested element may be waiting for fewer tasks: if nobody took any, nothing would ever move
    store, rank = rank_before(tasks=40)
    for _ in range(20):
        rank.tick()
    assert store.tasks == 32


FEEDER, RARE = 1, 2


def rank_with_a_commit_outstanding(rare_tasks: int) -> tuple[MemoryStore, RankLoop, MemoryMesh]:
    """It has run a task whose message the stateful rank has not matched; more of it wait, and so many others.

    How long a tuple of the other element takes is not known.
    """
    graph = WorkflowGraph()
    make, feeder, rare, total = Make(), SimpleFunctionPE(pair, {}), SimpleFunctionPE(pair, {}), Sum()
    graph.connect(make, "output", feeder, "input")
    graph.connect(make, "output", rare, "input")
    graph.connect(feeder, "output", total, "input")
    settings = EngineSettings()
    plan, elements = make_plan(graph, 4, settings)
    assert plan.stateful_below()[RARE] == {4}  # the collector: the other one feeds the sum
    store = MemoryStore()
    commit = Commit(1, {FEEDER: 3, RARE: rare_tasks})
    commit.publish = [
        Publication(FEEDER, 1, CODEC.seal(("input", [i]), about(TASK, FEEDER, 1))) for i in range(3)
    ]
    commit.publish += [
        Publication(RARE, 1, CODEC.seal(("input", [i]), about(TASK, RARE, 1))) for i in range(rare_tasks)
    ]
    MemoryBroker(store, 0).step(commit)
    boxes: list[deque] = [deque() for _ in range(4)]
    mesh = MemoryMesh(2, boxes)
    rank = RankLoop(plan, elements, settings, MemoryBroker(store, 2), mesh, CODEC, Clock())
    rank.granularity.learn({FEEDER: 100.0})
    for _ in range(20):
        rank.tick()
    return store, rank, MemoryMesh(1, boxes)


def pair(number):
    return number, number


def test_an_element_that_has_had_no_tuple_holds_nobody_up():
    store, rank, _ = rank_with_a_commit_outstanding(rare_tasks=0)
    assert store.tasks == 0  # all were begun, though the first is not committed
    assert len(rank.outgoing.window) == 3


def test_a_task_that_may_be_slow_waits_for_the_commit_before_it():
    store, rank, stateful = rank_with_a_commit_outstanding(rare_tasks=1)
    assert len(store.streams[RARE]) == 1
    assert 2 not in store.idle  # it comes for it by itself
    assert len(rank.outgoing.window) > 0
    stateful.poll()
    for _ in range(20):
        rank.tick()
    assert not store.streams[RARE]


# ---- parking


def test_a_rank_that_is_told_to_park_in_the_middle_of_a_task_finishes_and_commits_it(monkeypatch):
    world = World([3])
    second = Commit(2, {1: 1})
    second.publish = [Publication(1, 1, CODEC.seal(("input", [2]), about(TASK, 1, 1)))]
    world.head.step(second)
    rank = world.rank(2)
    spell = Spell.process

    def told(self, inputs):
        spell(self, inputs)
        rank.obey(Park())

    monkeypatch.setattr(Spell, "process", told)
    world.work(rank)
    assert rank.pool.parking.parked
    assert sorted(world.collected["Spell1.letter"]) == [0, 1, 2]  # all of the first task, committed
    assert (world.store.tasks, world.store.pending[1]) == (1, 1)  # the second is there for others
    assert not any(world.store.leases.values())
    assert world.head.observe(alive=False).parked == {2}
    monkeypatch.setattr(Spell, "process", spell)
    rank.obey(Wake())
    world.work(rank)
    world.check([3, 2])


def test_care_that_is_ordered_in_the_middle_of_a_call_holds_for_the_next_task():
    world = World([1])
    rank = world.rank(2)
    world.head.order([2], Careful(True))
    world.head.order([2], Park())
    rank.link.exchange(availability=Availability.IN_CALL)
    assert rank.link.careful
    assert list(rank.link.orders) == [Park()]  # that is work, and waits for the end of the call


def test_a_call_that_waits_for_room_ends_with_the_run(monkeypatch):
    relieve, relieved = Pump.relieve, []

    def counted(pump, element, numbers=None):
        relieved.append(element)
        relieve(pump, element, numbers)

    monkeypatch.setattr(Pump, "relieve", counted)
    world = World([LONG])
    rank = world.rank(2)
    MemoryBroker(world.store, 1).step(Commit(), Ask(congest=[world.plan.collector]))
    wait, waits = rank.link.wait, 0

    def until_stopped(seconds):
        nonlocal waits
        waits += 1
        assert waits < 1000, "it waits on"
        if waits == 10:
            world.head.order([2], Stop(3, lost=False))
        return wait(seconds)

    rank.link.wait = until_stopped
    rank.start()
    assert rank.run() == Stop(3, lost=False)
    assert 0 < max(world.collected["Spell1.letter"]) < LONG - 1  # it was in the middle
    assert len(relieved) == 1  # the call went no further
