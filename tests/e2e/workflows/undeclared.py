"""State in `self` that nobody declared: a counter, and one that only the run can find."""

from __future__ import annotations

from hpcd4p import IterativePE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    def _process(self, inputs):
        for n in range(3000):
            self.write("output", n)


class Position(IterativePE):
    position = 0

    def _process(self, number):
        self.position += 1
        return self.position


def bump(element):  # not seen by reading the methods of the element
    element.hidden += 1


class Hidden(IterativePE):
    hidden = 0

    def _process(self, number):
        bump(self)
        return number


class Cache(IterativePE):
    """Changes itself and says that it does not matter."""

    stateful = False

    def __init__(self):
        super().__init__()
        self.squares = {}

    def _process(self, number):
        return self.squares.setdefault(number, number * number)


graph = WorkflowGraph()
numbers, position, hidden, cache = Numbers(), Position(), Hidden(), Cache()
graph.connect(numbers, "output", position, "input")
graph.connect(numbers, "output", hidden, "input")
graph.connect(hidden, "output", cache, "input")
