"""Rank 0 leads its run also while it waits in the middle of something."""

from __future__ import annotations

import os
import signal
from collections import deque

import pytest

from hpcd4p import IterativePE, KeyedPE, ProducerPE, WorkflowGraph
from hpcd4p.errors import Interrupted
from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.memory import MemorySink
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute.setup import Setup
from hpcd4p.runtime.head.coordinator import FAREWELL_S
from hpcd4p.runtime.head.head import Head
from hpcd4p.runtime.head.lead import HURRIED_S, lead
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.transport.broker import Heard
from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.transport.memory_mesh import MemoryMesh
from hpcd4p.transport.memory_store import MemoryStore
from hpcd4p.wire.codec import Codec
from hpcd4p.workflow.identity import Packed


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


class Signalled(Patient):
    """The process gets a signal while it waits."""

    def wait(self, seconds: float | None) -> Heard:
        if not self.waits:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().wait(seconds)


def spec_of_a_run() -> RunSpec:
    graph, pair = WorkflowGraph(), Pair()
    graph.connect(Make(), "output", pair, "input")
    graph.connect(pair, "output", Count(), "input")
    settings = EngineSettings()
    plan, elements = make_plan(graph, 3, settings)
    return RunSpec(plan, elements, resolve_inputs(plan, elements, 1), settings)


def head_that_waits_for_an_owner() -> Head:
    """It has sent something to a stateful rank, which never receives it."""
    spec = spec_of_a_run()
    mesh = MemoryMesh(0, [deque() for _ in range(3)])
    head = Head(spec, Patient(MemoryStore(), 0), mesh, Codec(b"test"), MemorySink(), Clock())
    (route,) = [r for r in spec.plan.routes if spec.plan.elements[r.target].name.startswith("Count")]
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


@pytest.mark.parametrize("hurried", [False, True])
def test_where_a_launcher_soon_ends_all_ranks_the_record_does_not_wait_long_for_them(monkeypatch, hurried):
    spec, farewells = spec_of_a_run(), []
    setup = Setup(
        spec.plan, Packed([], b"", [], [], []), spec.settings, None, b"test", False, None, ("here", 1), False
    )

    def farewell(coordinator, status):
        farewells.append(coordinator.farewell_s)

    monkeypatch.setattr("hpcd4p.runtime.head.coordinator.Coordinator.farewell", farewell)
    mesh = MemoryMesh(0, [deque() for _ in range(3)])
    given = (spec, Signalled(MemoryStore(), 0), mesh, Codec(b"test"), MemorySink(), [], setup)
    with pytest.raises(Interrupted, match="stopped by SIGTERM"):
        lead(*given, is_hurried=lambda name: hurried and name == "SIGTERM")
    assert farewells == [HURRIED_S if hurried else FAREWELL_S]


def test_ranks_that_do_not_report_are_waited_for_as_long_as_there_is_time(monkeypatch):
    head = head_that_waits_for_an_owner()
    now = 0.0
    waits = []

    def wait(seconds):
        nonlocal now
        now += seconds
        waits.append(seconds)

    monkeypatch.setattr(head.coordinator._clock, "now", lambda: now)
    monkeypatch.setattr(head.coordinator._link, "wait", wait)
    head.coordinator.farewell_s = HURRIED_S
    head.coordinator.farewell(3)
    assert sum(waits) == pytest.approx(HURRIED_S, abs=0.05)
