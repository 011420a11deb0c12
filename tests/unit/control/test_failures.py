"""A run stops when going on makes no sense, and says which element is to blame."""

from __future__ import annotations

from hpcd4p.control.failures import too_many
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.wire.statistics import Statistics
from hpcd4p.workflow.elements import IterativePE, ProducerPE
from hpcd4p.workflow.graph import WorkflowGraph

SETTINGS = EngineSettings(max_dead_letters=500, hopeless_after=100)


class Make(ProducerPE):
    def _process(self, inputs):
        return 1


class Pass(IterativePE):
    def _process(self, data):
        return data


def plan():
    graph = WorkflowGraph()
    graph.connect(Make(), "output", Pass(), "input")
    return make_plan(graph, 4, SETTINGS)[0]


def test_a_run_without_failures_goes_on():
    assert too_many(plan(), SETTINGS, Statistics({})) is None
    assert too_many(plan(), SETTINGS, Statistics({"n:0": 10**9, "n:1": 10**9})) is None


def test_an_element_that_has_failed_for_every_tuple_is_hopeless():
    reason = too_many(plan(), SETTINGS, Statistics({"n:1": 100, "f:1": 100, "r:1": 100}))
    assert reason is not None
    assert reason.startswith("element Pass1 has failed for every one of its first 100 tuples")


def test_it_is_not_hopeless_while_it_has_failed_for_few():
    assert too_many(plan(), SETTINGS, Statistics({"n:1": 99, "f:1": 99, "r:1": 99})) is None


def test_one_success_is_hope():
    assert too_many(plan(), SETTINGS, Statistics({"n:1": 401, "f:1": 400, "r:1": 400})) is None


def test_one_call_that_wrote_much_that_cannot_travel_is_not_hopeless_while_the_rest_can():
    assert too_many(plan(), SETTINGS, Statistics({"n:0": 1, "o:0": 300, "f:0": 200, "w:0": 200})) is None
    reason = too_many(plan(), SETTINGS, Statistics({"n:0": 1, "o:0": 200, "f:0": 200, "w:0": 200}))
    assert reason is not None
    assert reason.startswith("none of the first 200 tuples that element Make0 wrote could be sent")


def test_an_element_that_nothing_reaches_is_hopeless_but_not_for_tuples_that_were_in_bad_company():
    reason = too_many(plan(), SETTINGS, Statistics({"f:1": 100, "l:1": 100}))
    assert reason is not None
    assert reason.startswith("none of the first 100 tuples for element Pass1 has reached it")
    assert too_many(plan(), SETTINGS, Statistics({"f:1": 100, "l:1": 100, "n:1": 1})) is None
    assert too_many(plan(), SETTINGS, Statistics({"f:1": 200, "l:1": 1})) is None


def test_failures_count_together_up_to_the_limit():
    assert too_many(plan(), SETTINGS, Statistics({"n:0": 900, "n:1": 900, "f:0": 250, "f:1": 250})) is None
    reason = too_many(plan(), SETTINGS, Statistics({"n:0": 900, "n:1": 900, "f:0": 250, "f:1": 251}))
    assert reason is not None
    assert reason.startswith("501 tuples have failed, more than max_dead_letters = 500")


def test_only_elements_of_which_something_has_failed_are_judged_where_these_are_known():
    stats = Statistics({"n:1": 100, "f:1": 100, "r:1": 100})
    assert too_many(plan(), SETTINGS, stats, among=[0]) is None
    assert too_many(plan(), SETTINGS, stats, among=[1]) is not None
    reason = too_many(plan(), SETTINGS, Statistics({"f:1": 501}), among=[0])
    assert "more than max_dead_letters" in (reason or "")
