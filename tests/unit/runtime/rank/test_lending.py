"""When a rank that lends itself looks for a task, and when it waits."""

from __future__ import annotations

from collections import deque

import pytest

from hpcd4p import IterativePE, KeyedPE, ProducerPE, WorkflowGraph
from hpcd4p.control.moves import BLOCKED_S
from hpcd4p.control.sealing import PARTIAL_TUPLES
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.rank.cell import Part
from hpcd4p.runtime.rank.loop import RankLoop
from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.transport.memory_mesh import MemoryMesh
from hpcd4p.transport.memory_store import MemoryStore
from hpcd4p.wire.codec import TASK, Codec, about
from hpcd4p.wire.messages import Commit, Publication
from hpcd4p.wire.orders import Park, Wake

CODEC = Codec(b"test")

WORK, COUNT = 1, 2
"""Elements of the plan."""


class Make(ProducerPE):
    stateful = True

    def _process(self, inputs):
        return 1


class Work(IterativePE):
    def _process(self, number):
        return number % 3, number


class Count(KeyedPE):
    def process_key(self, key, value, state):
        return (state or 0) + 1


class World:
    """Rank 1 of four, which holds partitions, and what the broker of the run holds."""

    def __init__(self):
        graph = WorkflowGraph()
        work = Work()
        graph.connect(Make(), "output", work, "input")
        graph.connect(work, "output", Count(), "input")
        settings = EngineSettings()
        plan, elements = make_plan(graph, 4, settings)
        self.store = MemoryStore()
        self.head = MemoryBroker(self.store, 0)
        mesh = MemoryMesh(1, [deque() for _ in range(4)])
        clock = Clock(lambda: 1.0)  # a busy machine takes no longer
        self.loop = RankLoop(plan, elements, settings, MemoryBroker(self.store, 1), mesh, CODEC, clock)
        self.loop.granularity.learn({WORK: 20_000.0})

    @property
    def lending(self):
        return self.loop.lending

    def publish(self):
        commit = Commit(1, {WORK: 2})
        commit.publish = [Publication(WORK, 2, CODEC.seal(("input", [1, 2]), about(TASK, WORK, 2)), 0)]
        self.head.step(commit)


@pytest.fixture
def world():
    made = World()
    made.loop.start()
    return made


def test_it_does_nothing_before_the_head_has_told_it_to(world):
    world.publish()
    world.loop.tick()
    assert world.store.tasks == 1
    assert world.loop.pool is None


def test_it_takes_no_task_while_something_of_its_own_is_in_line(world):
    world.loop.obey(Wake())
    world.loop.inbox.tuples[COUNT] += 1
    world.publish()
    world.lending.work()
    assert world.store.tasks == 1
    assert world.lending.held_off


def test_without_a_task_it_is_idle_until_it_is_rung(world):
    world.loop.obey(Wake())
    world.lending.work()
    assert world.store.idle == {1}
    assert not world.lending.looks
    world.publish()
    world.loop.rest(0.0)
    assert world.lending.looks


def test_where_all_leads_to_what_is_congested_it_looks_again_by_itself(world):
    world.loop.obey(Wake())
    world.store.congested.add((COUNT, 2))
    world.publish()
    world.lending.work()  # hears of it
    world.lending.work()
    assert world.store.tasks == 1
    assert world.store.idle == set()  # nobody will ring it
    assert world.lending.looks
    assert world.lending.held_off  # but not at once
    assert not world.lending.asks_next


def test_one_that_is_rung_and_has_to_work_itself_passes_the_bell_on(world):
    world.loop.obey(Wake())
    world.lending.work()
    world.store.idle.add(3)
    world.publish()
    assert 3 in world.store.bells  # ranks of the pool first
    world.store.bells.clear()
    world.store.idle.add(2)
    world.publish()
    world.store.bells[1] = world.store.bells.pop(2)  # as if it had been the only one
    world.store.idle = {2}
    world.loop.rest(0.0, fetch=False)
    world.loop.inbox.tuples[COUNT] += 1
    world.lending.work()
    assert 2 in world.store.bells


class Cell:
    """Something beside the rank that has written more than may be held, and has more to tell."""

    look_s = pid = None
    ear = 99

    def run(self, element, body, tuples, lent=False):
        yield Part(1, [("output", [(0, b"x" * 1000)] * (2 * PARTIAL_TUPLES))], [], 0.1)
        yield None
        yield Part(1, [], [], 0.1)


def test_it_listens_no_more_while_there_is_no_room_for_what_has_come(world, monkeypatch):
    heard = []
    crowded = [True]
    monkeypatch.setattr(world.loop.link, "listen", heard.append)
    monkeypatch.setattr(world.loop.room, "crowded", lambda element: crowded[0])
    world.loop.obey(Wake())
    monkeypatch.setattr(world.lending.beside, "_make", Cell)
    world.publish()
    world.lending.work()
    assert heard[-1] is None  # what is in the pipe would end each sleep at once
    assert world.lending.look_s == BLOCKED_S
    crowded[0] = False
    world.lending.work()
    assert heard[-1] == Cell.ear
    assert world.lending.look_s is None


def test_it_parks_at_once_when_it_has_no_task(world):
    world.loop.obey(Wake())
    world.lending.work()
    world.lending.obey(Park())
    assert world.lending.to_park
    assert world.lending.work()
    assert world.store.parked == {1}
    assert not world.lending.to_park
