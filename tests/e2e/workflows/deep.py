"""Thousands of elements: a chain of stateless ones, of stateful ones, of both in turns, or side by side."""

from __future__ import annotations

from hpcd4p import GenericPE, IterativePE, KeyedPE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    def __init__(self):
        super().__init__()
        self.next = 0

    def _process(self, inputs):
        self.next += 1
        return self.next % 5, self.next


class Add(IterativePE):
    def _process(self, pair):
        if pair[1] < 0:
            raise ValueError("a number below 0")
        return pair[0], pair[1] + 1


class Count(KeyedPE):
    """One state per key: how many came, and what they were."""

    partitions = 2
    key = 0
    value = None

    def process_key(self, key, value, state):
        count, total = state or (0, 0)
        self.write("output", (key, value[1] + 1))
        return count + 1, total + value[1]

    def end_key(self, key, state):
        pass


class Group(GenericPE):
    def __init__(self):
        super().__init__(numprocesses=2)
        self.total = 0
        self._add_input("input", grouping=[0])
        self._add_output("output")

    def process(self, inputs):
        key, number = inputs["input"]
        self.total += number
        return {"output": (key, number + 1)}


class Everything(GenericPE):
    def __init__(self):
        super().__init__()
        self.seen = 0
        self._add_input("input", grouping="global")
        self._add_output("output")

    def process(self, inputs):
        key, number = inputs["input"]
        self.seen += 1
        self.write("output", (key, number + 1))


class Fails(IterativePE):
    def _process(self, pair):
        return pair[0], -pair[1]


STATEFUL = (Count, Group, Everything)


def kind(shape, i):
    """Class of the element in place `i`."""
    if shape == "stateless" or (shape == "mixed" and i % 2):
        return Add
    return STATEFUL[i % 3]


def add_options(parser):
    parser.add_argument("--shape", choices=["stateless", "stateful", "mixed", "wide"], required=True)
    parser.add_argument("--elements", type=int, default=2000, help="how many follow the source")
    parser.add_argument("--fail-at", type=int, default=0, help="place from which on every tuple fails")


def build(options):
    graph = WorkflowGraph()
    graph.name = options.shape
    last = source = Numbers()
    for i in range(options.elements):
        pe = Fails() if i + 1 == options.fail_at else kind(options.shape, i)()
        graph.connect(source if options.shape == "wide" else last, "output", pe, "input")
        last = pe
    return graph
