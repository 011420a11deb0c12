"""A keyed element that at its end writes more than the head and its neighbour may hold: others must wait."""

from __future__ import annotations

from hpcd4p import GenericPE, KeyedPE, ProducerPE, WorkflowGraph


class Many(ProducerPE):
    def _process(self, inputs):
        for i in range(150_000):
            self.write("output", (i, 1))


class Count(KeyedPE):
    partitions = 16

    def __init__(self):
        super().__init__()
        self._add_output("rows")

    def process_key(self, key, value, state):
        return (state or 0) + value

    def end_key(self, key, state):
        self.write("rows", (str(key), state, 1, f"file{key % 7}", key))  # to the head
        self.write("output", (key, state))  # to its neighbour


class Slow(GenericPE):
    """Much slower than who feeds it."""

    def __init__(self):
        super().__init__()
        self.total = 0
        self._add_input("input", grouping="global")
        self._add_output("output")

    def process(self, inputs):
        for _ in range(50):
            self.total += 1
        self.total += inputs["input"][1]

    def _postprocess(self):
        self.write("output", self.total)


many, count, slow = Many(), Count(), Slow()
graph = WorkflowGraph()
graph.connect(many, "output", count, "input")
graph.connect(count, "output", slow, "input")
