"""A source in its thread: what it has written and what has failed are taken together."""

from __future__ import annotations

import threading

from hpcd4p import ProducerPE, WorkflowGraph
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute import source as module
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.letters import Letters
from hpcd4p.runtime.execute.source import Source

DEADLINE_S = 60.0


class Numbers(ProducerPE):
    """Fails for each odd call, and in its end."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def _process(self, inputs):
        self.calls += 1
        if self.calls % 2 == 0:
            raise ValueError(self.calls)
        return self.calls

    def postprocess(self):
        raise OSError("disk gone")


class Fails(ProducerPE):
    stateful = True

    def _process(self, inputs):
        raise ValueError


def source_of(pe, calls: int) -> tuple[Source, threading.Event]:
    graph = WorkflowGraph()
    graph.add(pe)
    plan, elements = make_plan(graph, 2, EngineSettings())
    instance = Instance(plan.elements[0], elements[0], 0, 0, lambda *_: None, Clock())
    rung = threading.Event()
    source = Source(instance, Letters(plan, 0, Clock()), range(calls), False, 100, rung.set, Clock())
    instance.start()
    return source, rung


def follow(source: Source, rung: threading.Event) -> tuple[list[int], list]:
    """As the head does: whether it is done is asked before what there is is taken."""
    written: list[int] = []
    failures: list = []
    while True:
        done = source.done
        out, failed = source.take()
        written += [value for _, values in out for value in values]
        failures += failed
        if done and not source.held():
            return written, failures
        assert rung.wait(DEADLINE_S)
        rung.clear()


def test_a_source_that_is_done_has_given_all_its_failures_with_all_that_it_wrote():
    source, rung = source_of(Numbers(), 1000)
    source.start()
    written, failures = follow(source, rung)
    assert written == list(range(1, 1001, 2))
    assert sum(failure.tuples for failure in failures) == 501
    assert [failure.kind.error for failure in failures].count("OSError") == 1


def test_a_source_whose_calls_all_fail_waits_until_somebody_takes_the_failures(monkeypatch):
    monkeypatch.setattr(module, "MOST_FAILURES", 20)
    source, rung = source_of(Fails(), 20_000)
    source.start()
    most = total = 0
    while True:
        done = source.done
        failed = source.take()[1]
        most, total = max(most, len(failed)), total + len(failed)
        if done:
            break
        assert rung.wait(DEADLINE_S)
        rung.clear()
    assert total == 20_000
    assert most <= 20 + 100  # the bound, and a batch
