"""Naps of 20 ms, and one in ten of 200 ms: what a record says of how they are spread."""

import time

from hpcd4p import IterativePE, KeyedPE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    def _process(self, inputs):
        for number in range(60):
            self.write("output", number)


class Nap(IterativePE):
    def _process(self, number):
        time.sleep(0.2 if number % 10 == 7 else 0.02)
        return number % 5, number


class Last(KeyedPE):
    def process_key(self, key, value, state):
        self.write("output", value)
        return value

    def end_key(self, key, state):
        pass


graph = WorkflowGraph()
numbers, nap, last = Numbers(), Nap(), Last()
graph.connect(numbers, "output", nap, "input")
graph.connect(nap, "output", last, "input")
