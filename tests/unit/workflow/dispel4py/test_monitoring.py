"""`dispel4py.new.monitoring`: an element in a wrapper does what it did, wherever it runs."""

from __future__ import annotations

import copy
import pickle

import cloudpickle

import hpcd4p
from hpcd4p import GenericPE, IterativePE, ProducerPE, WorkflowGraph
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.model import Role
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.workflow.dispel4py.monitoring import MonitoringWrapper, ProcessTimingPE, Timer


class Numbers(ProducerPE):
    def _process(self, inputs):
        return 5


class Half(IterativePE):
    def __init__(self, by=2):
        super().__init__()
        self.by = by

    def _process(self, number):
        self.write("output", number / self.by)


class Last(GenericPE):
    def __init__(self):
        super().__init__()
        self._add_input("input")
        self._add_output("output")

    def process(self, inputs):
        pass

    def _postprocess(self):
        self.write("output", "the end")


class Noted(MonitoringWrapper):
    def __init__(self, baseObject):
        MonitoringWrapper.__init__(self, baseObject)
        self.noted = "note"

    def process(self, inputs):
        result = self.baseObject.process(inputs)
        self.write("aside", self.noted)
        return result


def graph_of(pe):
    graph = WorkflowGraph()
    graph.connect(Numbers(), "output", pe, "input")
    return graph


def test_it_is_the_element_with_its_name_class_and_place():
    half = Half()
    timed = ProcessTimingPE(half)
    half.numprocesses = 3  # it has the attributes of what it wraps
    assert isinstance(timed, Half)
    assert isinstance(timed, ProcessTimingPE)
    assert timed.name == "Half"
    assert timed.numprocesses == 3
    plan, _ = make_plan(graph_of(timed), 4, EngineSettings())
    assert plan.elements[1].role is Role.POOL


def test_the_average_is_in_the_summary_and_what_it_writes_is_unchanged():
    result = hpcd4p.run(graph_of(ProcessTimingPE(ProcessTimingPE(Half(4)))), 3)
    assert result.outputs == {"Half1.output": [1.25] * 3}
    (note,) = result.summary.notes
    assert note.startswith("Half1: Average processing time: ")
    assert note.endswith(" s, of 3 tuples")


def test_what_the_element_writes_at_its_end_is_not_lost():
    assert hpcd4p.run(graph_of(ProcessTimingPE(Last())), 2).outputs == {"Last1.output": ["the end"]}


def test_a_wrapper_of_the_user_calls_the_element_and_may_write():
    outputs = hpcd4p.run(graph_of(Noted(Half())), 2).outputs
    assert outputs == {"Half1.output": [2.5, 2.5], "Half1.aside": ["note", "note"]}


def test_it_travels():
    for pe in (ProcessTimingPE(Half(4)), Noted(Half(4))):
        for twin in (
            pickle.loads(pickle.dumps(pe)),
            copy.deepcopy(pe),
            cloudpickle.loads(cloudpickle.dumps(pe)),
        ):
            assert type(twin) is type(pe)
            assert twin.by == 4


def test_the_timer_measures_a_block():
    with Timer() as timer:
        pass
    assert timer.secs == timer.end - timer.start >= 0
