"""A source in its thread: its first write after a silence wakes a head that listens."""

from __future__ import annotations

import threading
import time

import pytest

from hpcd4p import GenericPE, ProducerPE, WorkflowGraph
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.letters import Letters
from hpcd4p.runtime.execute.source import Source

DEADLINE_S = 60.0


class Gate:
    """Lets a source go on when the test says so."""

    def __init__(self) -> None:
        self._may = threading.Semaphore(0)

    def open(self) -> None:
        self._may.release()

    def __call__(self) -> None:
        assert self._may.acquire(timeout=DEADLINE_S)


GATE = Gate()


class InOneCall(GenericPE):
    """Writes in the middle of a call, and more after it."""

    def __init__(self):
        super().__init__()
        self._add_output("output")

    def process(self, inputs):
        for _ in range(2):
            GATE()
            for i in range(10):
                self.write("output", i)
        GATE()


class CallByCall(ProducerPE):
    """Calls are made in batches when they are quick, and then each waits."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def _process(self, inputs):
        self.calls += 1
        if self.calls > 2000 and self.calls % 10 == 1:
            GATE()
        return self.calls


class Listener:
    def __init__(self, pe, calls: int) -> None:
        global GATE
        GATE = Gate()
        graph = WorkflowGraph()
        graph.add(pe)
        plan, (element,) = make_plan(graph, 1, EngineSettings())
        self.woken = 0
        self.bell = threading.Event()
        instance = Instance(
            plan.elements[0], element, 0, 0, lambda *failed: pytest.fail(str(failed)), Clock()
        )
        self.source = Source(
            instance, Letters(plan, 0, Clock()), range(calls), False, 4096, self.wake, Clock()
        )
        instance.start()
        self.source.start()

    def wake(self) -> None:
        self.woken += 1
        self.bell.set()

    def hear(self) -> None:
        assert self.bell.wait(DEADLINE_S)
        self.bell.clear()

    def take(self, count: int) -> None:
        """Take what comes until it is so much."""
        end = time.monotonic() + DEADLINE_S
        while count > 0:
            assert time.monotonic() < end
            count -= sum(len(values) for _, values in self.source.take()[0])


@pytest.mark.parametrize(("pe", "calls", "quick"), [(InOneCall(), 1, 0), (CallByCall(), 2030, 2000)])
def test_the_first_write_after_a_silence_wakes_and_those_after_it_do_not(pe, calls, quick):
    head = Listener(pe, calls)
    head.take(quick)
    head.bell.clear()  # it may have asked for room
    head.woken = 0
    for round_ in range(2):
        assert head.source.listen()
        assert head.woken == round_
        GATE.open()
        head.hear()
        head.take(10)
    assert head.source.listen()
    assert head.woken == 2
    GATE.open()
    head.hear()  # the end, or what it writes before it


def test_one_who_listens_too_late_is_told_that_there_is_something():
    head = Listener(InOneCall(), 1)
    GATE.open()
    end = time.monotonic() + DEADLINE_S
    while head.source.held() < 10:
        assert time.monotonic() < end
    assert not head.source.listen()
    assert head.woken == 0
    for _ in range(2):
        GATE.open()
    head.hear()


def test_most_is_taken_of_each_output_by_its_name():
    head = Listener(InOneCall(), 1)
    for _ in range(3):
        GATE.open()
    head.hear()
    assert head.source.take({"output": 0})[0] == []
    assert head.source.take({"output": 3, "another": 0})[0] == [("output", [0, 1, 2])]
    assert len(head.source.take()[0][0][1]) == 17
