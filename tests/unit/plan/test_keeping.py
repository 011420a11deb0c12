"""Elements that keep something beside themselves are not in a checkpoint as a whole, and are named."""

from __future__ import annotations

import random

import pytest

from hpcd4p import GenericPE, IterativePE, KeyedPE, ProducerPE, WorkflowGraph
from hpcd4p.plan.keeping import all_not_kept
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from tests.unit.plan.test_moving import Noted, OnClass, OnGlobal, Passes, Plain, Seeds, Source, Undeclared

table = {"a": 1}
model = None


class Reads(Noted):
    """Shares what nobody changes."""

    def process(self, inputs):
        self.seen.append(table[inputs["input"]])


class Prepares(Noted):
    def preprocess(self):
        global model
        model = [1]

    def process(self, inputs):
        self.seen.append(model)


class Keyed(KeyedPE):
    kept: list[int] = []

    def process_key(self, key, value, state):
        Keyed.kept.append(value)
        return state


class Declared(IterativePE):
    stateful = False

    def _process(self, item):
        table[item] = 1


class Counted(ProducerPE):
    """A source that is called again from its start."""

    def _process(self, inputs):
        table["n"] = 1
        return ("key", 1)


class Seeking(Counted):
    stateful = True

    def position(self):
        return 1

    def seek(self, position):
        pass


class Shows(GenericPE):
    def __init__(self):
        super().__init__()
        self._add_input("input", grouping="all")
        self._add_output("output")

    def process(self, inputs):
        return {"output": OnClass.count}


class Shuffles(Noted):
    def process(self, inputs):
        random.shuffle(self.seen)


def said(element, source=None, after=None, mapping="hybrid"):
    graph = WorkflowGraph()
    graph.connect(source or Source(), "output", element, "input")
    if after is not None:
        graph.connect(element, "output", after, "input")
    return all_not_kept(*make_plan(graph, 4, EngineSettings(), mapping=mapping))


@pytest.mark.parametrize("mapping", ["hybrid", "static"])
@pytest.mark.parametrize("element", [Plain, Noted, Undeclared, Passes, Reads, Prepares, Declared, Shuffles])
def test_what_is_in_the_element_is_kept_and_so_is_what_is_made_again(element, mapping):
    assert said(element(), mapping=mapping) == []


@pytest.mark.parametrize(
    ("element", "words"),
    [
        (OnGlobal, "OnGlobal1 cannot be saved: it changes total (a global of "),
        (OnClass, "OnClass1 cannot be saved: it changes OnClass.count, which is not its own"),
        (Keyed, "Keyed1 cannot be saved: it changes Keyed.kept, which is not its own"),
        (Seeds, "Seeds1 cannot be saved: it seeds the random of its process"),
    ],
)
def test_what_is_kept_elsewhere_is_named(element, words):
    (line,) = said(element())
    assert line.startswith(words)


def test_those_that_share_what_one_changes_are_all_named():
    first, second = said(OnClass(), after=Shows())
    assert first.startswith("OnClass1 cannot be saved: it works with OnClass.count")
    assert second.startswith("Shows2 cannot be saved: it works with OnClass.count")


def test_a_source_is_repeated_from_its_start_unless_it_says_where_it_is():
    assert said(Passes(), Counted()) == []
    (line,) = said(Passes(), Seeking())
    assert line.startswith("Seeking0 cannot be saved: it changes table (a global of ")
