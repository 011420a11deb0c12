"""A source that may write something else when it is repeated is named."""

from __future__ import annotations

import random
import time

from hpcd4p import IterativePE, ProducerPE, WorkflowGraph
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.repeating import not_repeated
from hpcd4p.plan.settings import EngineSettings


class Dice(ProducerPE):
    def _process(self, inputs):
        self.write("output", random.randrange(6))


class Knows(Dice):
    stateful = True

    def position(self):
        return 0

    def seek(self, position):
        pass


class Late(IterativePE):
    def _process(self, number):
        return time.time()


def named(*elements):
    graph = WorkflowGraph()
    graph.connect(elements[0], "output", elements[1], "input")
    return not_repeated(*make_plan(graph, 4, EngineSettings()))


def test_only_sources_that_are_repeated_are_named():
    (line,) = named(Dice(), Late())
    assert line.startswith("Dice0 uses random.randrange, so it may write something else")
    assert named(Knows(), Late()) == []
