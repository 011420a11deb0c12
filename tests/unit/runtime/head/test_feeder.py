"""How long the head leaves its sources alone."""

from __future__ import annotations

from collections import deque

import pytest

from hpcd4p import ProducerPE, WorkflowGraph
from hpcd4p.control.rounds import LONGEST_LINE, MANY_TUPLES
from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.memory import MemorySink
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.commit.outgoing import Outgoing
from hpcd4p.runtime.head.head import Head
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.transport.memory_mesh import MemoryMesh
from hpcd4p.transport.memory_store import MemoryStore
from hpcd4p.wire.codec import Codec

SETTINGS = EngineSettings()


class Numbers(ProducerPE):
    def __init__(self):
        super().__init__()
        self.last = 0

    def _process(self, inputs):
        self.last += 1
        return self.last


class World:
    """A head with one source, which makes a batch of calls at each take; time is set by hand."""

    def __init__(self, calls: int) -> None:
        self.now = 100.0
        graph = WorkflowGraph()
        graph.add(Numbers())
        plan, elements = make_plan(graph, 2, SETTINGS)
        spec = RunSpec(plan, elements, resolve_inputs(plan, elements, calls), SETTINGS)
        broker, mesh = MemoryBroker(MemoryStore(), 0), MemoryMesh(0, [deque(), deque()])
        self.head = Head(spec, broker, mesh, Codec(b"test"), MemorySink(), Clock(lambda: self.now))
        self.feeder = self.head.feeder
        self.feeder.start(threads=False)
        (self.source,) = self.feeder.sources

    def work(self) -> bool:
        """Take from the source, as it may; whether there was anything."""
        worked = self.feeder.work()
        self.head.loop.committer.commit()
        return worked

    def wait(self, tasks: int) -> None:
        """So many tasks wait."""
        seen = self.head.loop.link.observe(alive=False)
        self.head.loop.link.hear_of(seen._replace(tasks=tasks, size=0))

    def takes_after(self, seconds: float) -> bool:
        """Whether there is a take so long after the last one, and none just before."""
        begin = self.source.taken_at
        self.now = begin + 0.99 * seconds
        self.work()
        assert self.source.taken_at == begin
        self.now = begin + 1.01 * seconds
        self.work()
        return self.source.taken_at == self.now


def test_a_head_whose_window_is_full_does_not_look_at_its_sources_all_the_time(monkeypatch):
    world = World(10)
    assert world.feeder.listen_to(world.source, world.now) == 0.0  # it has more, and there is room
    monkeypatch.setattr(Outgoing, "full", True)
    assert world.feeder.listen_to(world.source, world.now) is None


def test_what_a_slow_source_writes_is_left_together_and_longer_while_tasks_wait():
    world = World(10_000)
    assert world.work()  # the first is not kept waiting
    assert 0 < world.source.taken < MANY_TUPLES
    assert world.takes_after(SETTINGS.flush_s)
    world.wait(3)
    assert world.takes_after(3 * SETTINGS.flush_s)
    world.wait(1000)
    assert world.takes_after(LONGEST_LINE * SETTINGS.flush_s)


def test_one_that_writes_quickly_is_taken_from_at_every_look():
    world = World(10_000)
    world.wait(3)
    while world.source.taken < MANY_TUPLES:
        world.now += 1.0
        world.work()
    for _ in range(3):
        world.now += 1e-6
        world.work()
        assert world.source.taken_at == pytest.approx(world.now, abs=1e-9)


def test_the_end_of_a_source_is_not_kept_waiting():
    world = World(1)
    world.wait(9)
    for _ in range(10):
        world.now += 1.0
        world.work()
        if world.feeder.sources and world.source.done:
            break
    world.now += 1e-6
    world.work()
    assert not world.feeder.sources
