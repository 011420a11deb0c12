from __future__ import annotations

import pytest

from hpcd4p import IterativePE, ProducerPE, WorkflowGraph
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.runtime.head.progress import progress
from hpcd4p.wire.statistics import Statistics

ROOT, WORK = 0, 1


class Source(ProducerPE):
    def _process(self, inputs):
        return 1


class Work(IterativePE):
    def _process(self, data):
        return data


@pytest.fixture
def plan():
    graph = WorkflowGraph()
    graph.connect(Source(), "output", Work(), "input")
    return make_plan(graph, 4, EngineSettings())[0]


def stats(calls: int, worked: int, call_us: int = 0, work_us: int = 1000, failed: int = 0) -> Statistics:
    found = {"n:0": calls, "u:0": calls * call_us, "n:1": worked, "u:1": worked * work_us, "f:1": failed}
    return Statistics({name: n for name, n in found.items() if n})


def test_counts_tuples_and_failures_of_all_elements(plan):
    told = progress(plan, {ROOT: 100}, stats(10, 8, failed=2), 2.0)
    assert (told.done, told.failed, told.elapsed_s) == (18, 2, 2.0)


@pytest.mark.parametrize("given", [100, [{}] * 100])
def test_knows_how_many_inputs_there_are(plan, given):
    told = progress(plan, {ROOT: given}, stats(10, 10), 1.0)
    assert (told.calls, told.of_calls) == (10, 100)


def test_one_call_of_a_source_says_nothing_of_the_end(plan):
    told = progress(plan, {ROOT: 1}, stats(1, 1000), 1.0)
    assert (told.of_calls, told.left_s) == (0, None)


def test_calls_to_come_cost_what_those_made_did(plan):
    assert progress(plan, {ROOT: 100}, stats(25, 25), 10.0).left_s == pytest.approx(30.0)


def test_a_quick_source_that_is_through_does_not_hide_what_waits(plan):
    told = progress(plan, {ROOT: 100}, stats(100, 20), 10.0, pending={ROOT: 1, WORK: 80})
    assert told.left_s == pytest.approx(40.0)


def test_before_anything_was_done_nothing_is_said_of_the_end(plan):
    assert progress(plan, {ROOT: 100}, Statistics(), 0.0).left_s is None
    assert progress(plan, {ROOT: 100}, Statistics({"n:0": 3}), 0.1).left_s is None


def test_a_run_that_goes_on_counts_what_it_has_done_itself(plan):
    told = progress(plan, {ROOT: 100}, stats(75, 75), 10.0, began=0.5)
    assert told.part == pytest.approx(0.75)
    assert told.left_s == pytest.approx(10.0)
    assert progress(plan, {ROOT: 100}, stats(50, 50), 10.0, began=0.5).left_s is None


def test_a_call_that_was_made_twice_after_a_loss_is_no_further_input(plan):
    told = progress(plan, {ROOT: 100}, stats(103, 100), 1.0)
    assert told.calls == 100
    assert told.left_s == pytest.approx(0.0)
