from __future__ import annotations

import pytest

from hpcd4p import GenericPE, KeyedPE, ProducerPE, WorkflowGraph
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.runtime.commit.inbox import Inbox
from hpcd4p.runtime.rank.hot_keys import MOST_CHARS, MOST_COUNTED, MOST_KEYS, hot_keys
from hpcd4p.wire.messages import Segment

E = 1
LOADS = [(E, 3, 0.9), (E, 5, 0.1)]


class Numbers(ProducerPE):
    def _process(self, inputs):
        return None


class Keyed(KeyedPE):
    key = "name"

    def process_key(self, key, value, state):
        return value


class Grouped(GenericPE):
    def __init__(self):
        super().__init__(numprocesses=4)
        self._add_input("input", grouping=[0, 1])
        self._add_output("output")

    def process(self, inputs):
        pass


def plan(element):
    graph = WorkflowGraph()
    graph.connect(Numbers(), "output", element, "input")
    return make_plan(graph, 4, EngineSettings())[0]


def inbox(*lines):
    made = Inbox([E], 1 << 20, 1 << 30)
    made.admit([Segment(E, partition, "input", values) for partition, values in lines], 0)
    return made


def named(*names):
    return [{"name": name} for name in names]


def test_the_most_frequent_keys_of_the_hottest_partition_are_told_with_their_part():
    line = inbox((3, named("a", "a", "b")), (5, named("c") * 9), (3, named("a")))
    assert hot_keys(plan(Keyed()), line, LOADS) == [("'a'", 0.75), ("'b'", 0.25)]


def test_a_key_of_several_places_is_told_whole():
    assert hot_keys(plan(Grouped()), inbox((3, [("a", 1, "x")])), LOADS) == [("('a', 1)", 1.0)]


def test_no_more_tuples_are_looked_at_than_may_be():
    line = inbox((3, named("a") * MOST_COUNTED), (3, named("b") * 10_000))
    assert hot_keys(plan(Keyed()), line, LOADS) == [("'a'", 1.0)]


def test_a_few_keys_are_told_and_long_ones_in_short():
    line = inbox((3, named(*(str(number) * 100 for number in range(9)))))
    told = hot_keys(plan(Keyed()), line, LOADS)
    assert len(told) == MOST_KEYS
    assert {len(text) for text, _ in told} == {MOST_CHARS}


@pytest.mark.parametrize("values", [[None], [{}], [{"other": 1}]], ids=str)
def test_a_tuple_without_its_key_is_told_as_unknown(values):
    assert hot_keys(plan(Keyed()), inbox((3, values)), LOADS) == [("?", 1.0)]


def test_where_nothing_is_in_line_no_key_is_told():
    assert hot_keys(plan(Keyed()), inbox(), LOADS) == []
    assert hot_keys(plan(Keyed()), inbox(), []) == []
