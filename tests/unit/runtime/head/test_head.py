"""Rank 0 leads its run also while it waits in the middle of something."""

from __future__ import annotations

from collections import deque

import pytest

from hpcd4p import IterativePE, KeyedPE, ProducerPE, WorkflowGraph
from hpcd4p.errors import Interrupted
from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.memory import MemorySink
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.head.head import Head
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.transport.broker import Heard
from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.transport.memory_mesh import MemoryMesh
from hpcd4p.transport.memory_store import MemoryStore
from hpcd4p.wire.codec import Codec


class Make(ProducerPE):
    def _process(self, inputs):
        return 1


class Pair(IterativePE):
    def _process(self, number):
        return number, number


class Count(KeyedPE):
    def process_key(self, key, value, state):
        return (state or 0) + 1


class Patient(MemoryBroker):
    """Says when whoever waits would wait for ever."""

    waits = 0

    def wait(self, seconds: float | None) -> Heard:
        self.waits += 1
        assert self.waits < 1000, "it waits on"
        return super().wait(seconds)


def head_that_waits_for_an_owner() -> Head:
    """It has sent something to a stateful rank, which never receives it."""
    graph, pair = WorkflowGraph(), Pair()
    graph.connect(Make(), "output", pair, "input")
    graph.connect(pair, "output", Count(), "input")
    settings = EngineSettings()
    plan, elements = make_plan(graph, 3, settings)
    spec = RunSpec(plan, elements, resolve_inputs(plan, elements, 1), settings)
    mesh = MemoryMesh(0, [deque() for _ in range(3)])
    head = Head(spec, Patient(MemoryStore(), 0), mesh, Codec(b"test"), MemorySink(), Clock())
    (route,) = [r for r in plan.routes if plan.elements[r.target].name.startswith("Count")]
    head.loop.outgoing.deliver(route, 0, [(1, 1)])
    return head


def test_a_signal_is_heeded_while_the_head_waits_for_an_owner():
    head = head_that_waits_for_an_owner()
    head.interrupted = "SIGTERM"
    with pytest.raises(Interrupted, match="stopped by SIGTERM"):
        head.loop.committer.settle()


def test_the_run_is_looked_at_while_the_head_waits_for_an_owner(monkeypatch):
    head = head_that_waits_for_an_owner()
    looks = []

    def look(held):
        looks.append(held)
        raise Interrupted("seen")

    monkeypatch.setattr(head.coordinator, "look", look)
    with pytest.raises(Interrupted, match="seen"):
        head.loop.committer.settle()
    assert looks == [False]
