"""State that no reading finds, in several spellings; each counts its tuples."""

from __future__ import annotations

from itertools import count

from hpcd4p import IterativePE, ProducerPE, SimpleFunctionPE, WorkflowGraph


class Numbers(ProducerPE):
    def _process(self, inputs):
        for n in range(2000):
            self.write("output", n)


class OnTheClass(IterativePE):
    n = 0

    def _process(self, number):
        type(self).n += 1
        return self.n


def remember(number, seen=[]):  # noqa: B006
    seen.append(number)
    return len(seen)


class ByDefault(IterativePE):
    def _process(self, number):
        return remember(number)


class Iterator(IterativePE):
    def _preprocess(self):
        self.numbers = count(1)

    def _process(self, number):
        return self.numbers.__next__()


class Ticket(IterativePE):
    n = 0

    @property
    def ticket(self):
        self.n += 1
        return self.n

    def _process(self, number):
        return self.ticket


class Callable:
    n = 0

    def __call__(self, number):
        self.n += 1
        return self.n


def with_parameters(number, seen):
    seen.append(number)
    return len(seen)


def own(number):
    own.n += 1
    return own.n


own.n = 0  # type: ignore[attr-defined]


class Pure(IterativePE):
    def _process(self, number):
        return number + 1


graph = WorkflowGraph()
numbers = Numbers()
for element in (
    OnTheClass(),
    ByDefault(),
    Iterator(),
    Ticket(),
    SimpleFunctionPE(Callable()),
    SimpleFunctionPE(with_parameters, {"seen": []}),
    SimpleFunctionPE(own),
):
    graph.connect(numbers, "output", element, "input")
    pure = Pure()
    graph.connect(element, "output", pure, "input")
