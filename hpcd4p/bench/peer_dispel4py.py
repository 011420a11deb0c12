"""The workloads for stream-d4py, which loads this file as a module and takes a graph by its name.

The same elements as in `workloads`, on its base classes; the first call of a source and the last
tuples of a sink are stamped.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from dispel4py.base import ConsumerPE, IterativePE, ProducerPE
from dispel4py.workflow_graph import WorkflowGraph

from hpcd4p.bench import workloads
from hpcd4p.bench.stamps import stamp

STAMP_EVERY = 256
"""Tuples between two stamps of a sink: not every mapping tells it the end."""


class Numbers(ProducerPE):  # type: ignore[misc]
    """1, 2, 3, ..."""

    def __init__(self) -> None:
        ProducerPE.__init__(self)
        self.last = 0

    def _process(self, inputs: Any) -> Any:
        if not self.last:
            stamp()
        self.last += 1
        return self.last


class Naps(Numbers):
    """(number, seconds of the first stage, seconds of the second)."""

    def _process(self, inputs: Any) -> tuple[int, float, float]:
        number = super()._process(inputs)
        return (number, *workloads.naps_s(number))


class Words(ProducerPE):  # type: ignore[misc]
    """The words of *keyed*."""

    def __init__(self) -> None:
        ProducerPE.__init__(self)
        self.at = 0
        self.words = workloads.words()

    def _process(self, inputs: Any) -> str:
        if not self.at:
            stamp()
        self.at += 1
        return self.words[self.at & 65535]


class Increment(IterativePE):  # type: ignore[misc]
    """A trivial element."""

    def _process(self, number: int) -> int:
        return number + 1


class Count(ConsumerPE):  # type: ignore[misc]
    """Counts and adds up."""

    def __init__(self) -> None:
        ConsumerPE.__init__(self)
        self.tuples = 0
        self.sum = 0

    def _process(self, number: int) -> None:
        self.tuples += 1
        self.sum += number
        if self.tuples % STAMP_EVERY == 0:
            stamp()

    def _postprocess(self) -> None:
        stamp()


class Last(ConsumerPE):  # type: ignore[misc]
    """A sink of few and slow tuples: every one is stamped."""

    def _process(self, item: Any) -> None:
        stamp()


class Tokenise(IterativePE):  # type: ignore[misc]
    """(word in lower case, 1)."""

    def _process(self, word: str) -> tuple[str, int]:
        return (word.lower(), 1)


class CountWords(IterativePE):  # type: ignore[misc]
    """Group-by count, four instances."""

    def __init__(self) -> None:
        IterativePE.__init__(self)
        self.inputconnections["input"]["grouping"] = [0]
        self.numprocesses = 4
        self.counts: dict[str, int] = {}

    def _process(self, item: tuple[str, int]) -> None:
        word, times = item
        self.counts[word] = self.counts.get(word, 0) + times

    def _postprocess(self) -> None:
        for item in self.counts.items():
            self.write("output", item)


class Top(ConsumerPE):  # type: ignore[misc]
    """The ten most frequent words."""

    def __init__(self) -> None:
        ConsumerPE.__init__(self)
        self.inputconnections["input"]["grouping"] = "global"
        self.all: list[tuple[str, int]] = []

    def _process(self, item: tuple[str, int]) -> None:
        self.all.append(item)

    def _postprocess(self) -> None:
        workloads.ranked(self.all)
        stamp()


class Spin(IterativePE):  # type: ignore[misc]
    """About 5 ms of pure Python."""

    def _process(self, number: int) -> int:
        return workloads.Spin._process(self, number)


class Nap(IterativePE):  # type: ignore[misc]
    """Sleeps."""

    def __init__(self, stage: int) -> None:
        IterativePE.__init__(self)
        self.stage = stage

    def _process(self, item: tuple[int, float, float]) -> tuple[int, float, float]:
        return workloads.Nap._process(self, item)


def _chain(*elements: Any) -> Any:
    graph = WorkflowGraph()
    for one, other in pairwise(elements):
        graph.connect(one, "output", other, "input")
    return graph


hops = _chain(Numbers(), Increment(), Increment(), Increment(), Count())
keyed = _chain(Words(), Tokenise(), CountWords(), Top())
cpu = _chain(Numbers(), Spin(), Last())
sleep = _chain(Naps(), Nap(0), Nap(1), Last())
