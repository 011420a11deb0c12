"""A first deal that is bad: one rank holds all that is hot, and two of its partitions are."""

from __future__ import annotations

import time

from hpcd4p import GenericPE, IterativePE, KeyedPE, ProducerPE, WorkflowGraph

NAP_S = 0.015


class Numbers(ProducerPE):
    """Pairs of a key and a rising number; goes to the partitions itself, so that their order is its own."""

    def __init__(self):
        super().__init__()
        self.last = 0

    def _process(self, inputs):
        self.last += 1
        return self.last % 2 * 2, self.last


class Hot(GenericPE):
    """Two of its four instances have all the work; each keeps what came in the order in which it came."""

    def __init__(self):
        super().__init__(numprocesses=4)
        self._add_input("input", grouping=[0])
        self._add_output("output")
        self.seen = []

    def preprocess(self):
        self.seen.append("prepared")

    def process(self, inputs):
        time.sleep(NAP_S)
        self.seen.append(inputs["input"][1])

    def postprocess(self):
        if len(self.seen) > 1:
            self.write("output", tuple(self.seen))


class Spread(IterativePE):
    """Through the pool."""

    def _process(self, pair):
        return pair[1] % 30, pair[1]


class Sums(KeyedPE):
    def process_key(self, key, value, state):
        time.sleep(NAP_S)
        return (state or 0) + value


class Late(IterativePE):
    """Through the pool, which has some of them later than others; two keys are hot."""

    def _process(self, pair):
        number = pair[1]
        time.sleep(0.02 if number % 16 == 0 else 0.0)
        return number % 2 if number % 4 else number % 30, number


class Sequences(KeyedPE):
    """Keeps what came for each key in the order in which it came."""

    ordered = True
    partitions = 12

    def process_key(self, key, value, state):
        time.sleep(NAP_S)
        return [*(state or ()), value]


class Sticky(Hot):
    """Cannot be pickled while it runs."""

    def preprocess(self):
        self.call = lambda: None


def add_options(parser):
    parser.add_argument("--kind", choices=("hot", "keyed", "ordered", "sticky"), default="hot")


def build(options):
    graph, numbers = WorkflowGraph(), Numbers()
    graph.name = options.kind
    if options.kind in ("keyed", "ordered"):
        spread, sums = (Spread(), Sums()) if options.kind == "keyed" else (Late(), Sequences())
        graph.connect(numbers, "output", spread, "input")
        graph.connect(spread, "output", sums, "input")
    else:
        graph.connect(numbers, "output", Hot() if options.kind == "hot" else Sticky(), "input")
    return graph
