"""Elements that keep something beside their instances stay where they are."""

from __future__ import annotations

import os
import random

import pytest

from hpcd4p import GenericPE, IterativePE, KeyedPE, ProducerPE, WorkflowGraph
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.moving import why_it_stays
from hpcd4p.plan.settings import EngineSettings


class Source(ProducerPE):
    def _process(self, inputs):
        return ("key", 1)


class Plain(KeyedPE):
    def process_key(self, key, value, state):
        return (state or 0) + value


class Noted(GenericPE):
    def __init__(self):
        super().__init__(numprocesses=2)
        self._add_input("input", grouping=[0])
        self._add_output("output")
        self.seen = []

    def process(self, inputs):
        self.seen.append(inputs["input"])


total = [0]


class OnGlobal(Noted):
    def process(self, inputs):
        total[0] += 1


class OnClass(Noted):
    count = 0

    def process(self, inputs):
        OnClass.count += 1


class Seeds(Noted):
    def process(self, inputs):
        random.seed(1)
        return {"output": random.random()}


class Environment(Noted):
    def process(self, inputs):
        os.environ["SEEN"] = "1"


class Undeclared(IterativePE):
    def __init__(self):
        super().__init__()
        self.last = None

    def _process(self, item):
        before, self.last = self.last, item
        return before


class Passes(IterativePE):
    def _process(self, item):
        return item


def why(element, after=None):
    graph, source = WorkflowGraph(), Source()
    graph.connect(source, "output", element, "input")
    if after is not None:
        graph.connect(element, "output", after, "input")
    plan, elements = make_plan(graph, 4, EngineSettings())
    index = elements.index(element)
    return why_it_stays(plan, index, elements[index])


@pytest.mark.parametrize("element", [Plain, Noted])
def test_what_an_instance_keeps_in_itself_may_move(element):
    assert why(element()) == ""


@pytest.mark.parametrize(
    ("element", "words"),
    [
        (OnGlobal, "total (a global of "),
        (OnClass, "OnClass.count"),
        (Seeds, "random of its process"),
        (Environment, "os.environ"),
        (Undeclared, "self.last"),
    ],
)
def test_what_is_kept_elsewhere_stays(element, words):
    assert words in why(element())


def test_what_writes_to_a_stateful_element_stays_for_the_order_of_what_it_writes():
    assert why(Plain(), Noted()) == (
        "it writes to Noted2, which holds state and may go by the order of what it writes"
    )
    assert why(Plain(), Passes()) == ""


def test_stateless_elements_have_no_partitions():
    assert why(Passes()) == "it holds no state"
