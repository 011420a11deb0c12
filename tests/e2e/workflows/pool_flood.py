"""Calls of a pool element that write more than may wait, for slower elements: ranks must help each other."""

from __future__ import annotations

from hpcd4p import IterativePE, KeyedPE, ProducerPE, WorkflowGraph


class Few(ProducerPE):
    stateful = True

    def _process(self, inputs):
        for i in range(3):
            self.write("output", i)


class Flood(IterativePE):
    def _process(self, number):
        for i in range(400_000):
            self.write("output", (i % 97, f"{number} and twenty more letters {i}"))


class Slower(IterativePE):
    def _process(self, item):
        return item[0], sum(map(ord, item[1]))


class Sum(KeyedPE):
    def process_key(self, key, value, state):
        return (state or 0) + value


graph = WorkflowGraph()
few, flood, slower, total = Few(), Flood(), Slower(), Sum()
graph.connect(few, "output", flood, "input")
graph.connect(flood, "output", slower, "input")
graph.connect(slower, "output", total, "input")
