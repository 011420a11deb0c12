"""A stateful element that keeps something which no checkpoint can hold, or one of the pool that changes."""

from __future__ import annotations

import threading
import time

from held import hold

from hpcd4p import GenericPE, IterativePE, ProducerPE, WorkflowGraph

SEEN = [0]


class Box:
    def __init__(self):
        self.count = 0


BOX = Box()


class Numbers(ProducerPE):
    def __init__(self):
        super().__init__()
        self.next = 0

    def _process(self, inputs):
        hold(self.next)
        self.next += 1
        return self.next - 1


class Works(IterativePE):
    def _process(self, number):
        time.sleep(0.01)
        return number


class Hidden(Works):
    """Changes, in a way that reading it does not show."""

    def __init__(self):
        super().__init__()
        self.box = Box()
        self.name = "Works"

    def _process(self, number):
        vars(self.box)["count"] = number
        return super()._process(number)


class Holds(GenericPE):
    seen = 0

    def __init__(self):
        super().__init__()
        self.name = "Holds"
        self._add_input("input", grouping="global")
        self._add_output("output")
        self.total = 0

    def process(self, inputs):
        self.total += inputs["input"]
        self.keep()

    def keep(self):
        """Keep nothing else."""

    def _postprocess(self):
        self.write("output", self.total)


class HoldsLock(Holds):
    def preprocess(self):
        self.held = threading.Lock()


class HoldsFile(Holds):
    def preprocess(self):
        self.held = open(__file__)  # noqa: SIM115  # as users do


class HoldsLambda(Holds):
    def keep(self):
        self.held = lambda: self.total


class OnClass(Holds):
    def keep(self):
        Holds.seen += 1


class OnGlobal(Holds):
    def keep(self):
        SEEN[0] += 1


class OnObject(Holds):
    def keep(self):
        BOX.count += 1


HOLDS = {
    "nothing": Holds,
    "lock": HoldsLock,
    "file": HoldsFile,
    "lambda": HoldsLambda,
    "class": OnClass,
    "global": OnGlobal,
    "object": OnObject,
    "claimed": Holds,
}


def add_options(parser):
    parser.add_argument("--holds", choices=HOLDS, default="nothing")


def build(options):
    graph = WorkflowGraph()
    works = Hidden() if options.holds == "claimed" else Works()
    graph.connect(Numbers(), "output", works, "input")
    graph.connect(works, "output", HOLDS[options.holds](), "input")
    return graph
