"""Two elements that count in one global: who declares what, an option says."""

from __future__ import annotations

from hpcd4p import IterativePE, ProducerPE, WorkflowGraph

N = 0


def bump():
    global N
    N += 1
    return N


class Numbers(ProducerPE):
    def _process(self, inputs):
        return len(inputs)


class Counting(ProducerPE):
    stateful = True

    def _process(self, inputs):
        return bump()


class Declared(IterativePE):
    stateful = True

    def _process(self, number):
        global N
        N += 1
        return N


class Helped(IterativePE):
    def _process(self, number):
        return bump()


PAIRS = {"declared": (Numbers, Declared), "helped": (Numbers, Helped), "source": (Counting, Declared)}


def add_options(parser):
    parser.add_argument("--pair", choices=PAIRS, default="declared")


def build(options):
    graph = WorkflowGraph()
    source, first = (each() for each in PAIRS[options.pair])
    graph.connect(source, "output", first, "input")
    graph.connect(source, "output", Helped(), "input")
    return graph
