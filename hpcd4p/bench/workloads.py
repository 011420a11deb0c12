"""The workflows of the benchmark, written with the public names only.

They are what the other systems of the comparison were measured on; those that only we run are in
`array_workloads` and `paced_workloads`. Must never import the engine: this is what a user would write.
"""

from __future__ import annotations

import time
from functools import lru_cache
from itertools import pairwise
from typing import Any

from hpcd4p import ConsumerPE, GenericPE, IterativePE, ProducerPE, WorkflowGraph

WORDS = 1000
"""Different words of *keyed*."""

SPIN = 100_000
"""Turns of the loop of one *cpu* task: about 5 ms."""

SILENCE_S = 10.0
"""Pause of the source of *silent*."""


class Numbers(ProducerPE):
    """1, 2, 3, ..."""

    def __init__(self) -> None:
        super().__init__()
        self.last = 0

    def _process(self, inputs: Any) -> int:
        self.last += 1
        return self.last


class Increment(IterativePE):
    """A trivial element: what is measured is everything around it."""

    def _process(self, number: int) -> int:
        return number + 1


class Count(ConsumerPE):
    """Counts tuples and adds them up; says both at the end."""

    stateful = True
    ordered = False  # whole numbers

    def __init__(self) -> None:
        super().__init__()
        self._add_output("total")
        self.tuples = 0
        self.sum = 0

    def _process(self, number: int) -> None:
        self.tuples += 1
        self.sum += number

    def _postprocess(self) -> None:
        self.write("total", (self.tuples, self.sum))


def hops() -> WorkflowGraph:
    """Source, three trivial stateless elements, counting sink."""
    return chain(Numbers(), Increment(), Increment(), Increment(), Count())


@lru_cache(1)
def words() -> list[str]:
    """65,536 words drawn by Zipf's law; `Words` goes round and round."""
    from random import Random  # not on the ranks that never draw

    weights = [1 / rank for rank in range(1, WORDS + 1)]
    return Random(1).choices([f"Word{i}" for i in range(WORDS)], weights, k=1 << 16)


class Words(ProducerPE):
    """The words, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 0
        words()  # made before the clock runs

    def preprocess(self) -> None:
        """Find the words."""
        self._words = words()

    def _process(self, inputs: Any) -> str:
        self.at += 1
        return self._words[self.at & 65535]


class Tokenise(IterativePE):
    """(word in lower case, 1)."""

    def _process(self, word: str) -> tuple[str, int]:
        return (word.lower(), 1)


class CountWords(IterativePE):
    """Group-by count, four instances, as dispel4py writes it."""

    ordered = False  # whole numbers

    def __init__(self) -> None:
        super().__init__(numprocesses=4)
        self.inputconnections["input"]["grouping"] = [0]
        self.counts: dict[str, int] = {}

    def _process(self, item: tuple[str, int]) -> None:
        word, times = item
        self.counts[word] = self.counts.get(word, 0) + times

    def _postprocess(self) -> None:
        for item in self.counts.items():
            self.write("output", item)


class Top(IterativePE):
    """The ten most frequent words."""

    ordered = False  # sorted at the end

    def __init__(self) -> None:
        super().__init__()
        self.inputconnections["input"]["grouping"] = "global"
        self.all: list[tuple[str, int]] = []

    def _process(self, item: tuple[str, int]) -> None:
        self.all.append(item)

    def _postprocess(self) -> None:
        for item in ranked(self.all):
            self.write("output", item)


def ranked(counts: Any) -> list[tuple[str, int]]:
    """Ten largest counts; words of one count by name."""
    return sorted(counts, key=lambda item: (-item[1], item[0]))[:10]


def keyed() -> WorkflowGraph:
    """Zipf words, tokenise, group-by count on 4 partitions, global top."""
    return chain(Words(), Tokenise(), CountWords(), Top())


class Spin(IterativePE):
    """About 5 ms of pure Python."""

    def _process(self, number: int) -> int:
        value = number
        for i in range(SPIN):
            value = (value * 31 + i) & 0xFFFF
        return value


def cpu() -> WorkflowGraph:
    """Tasks that only compute."""
    return chain(Numbers(), Spin())


def naps_s(item: int) -> tuple[float, float]:
    """How long the two stages sleep for `item`: beta(2, 5) · 0.1 s each, the same in every system."""
    from random import Random

    dice = Random(item)
    return dice.betavariate(2, 5) * 0.1, dice.betavariate(2, 5) * 0.1


class Naps(ProducerPE):
    """(number, seconds of the first stage, seconds of the second)."""

    def __init__(self) -> None:
        super().__init__()
        self.last = 0

    def _process(self, inputs: Any) -> tuple[int, float, float]:
        self.last += 1
        return (self.last, *naps_s(self.last))


class Nap(IterativePE):
    """Sleeps, as an element does that waits for a service."""

    def __init__(self, stage: int) -> None:
        super().__init__()
        self.stage = stage

    def _process(self, item: tuple[int, float, float]) -> tuple[int, float, float]:
        time.sleep(item[1 + self.stage])
        return item


def sleep() -> WorkflowGraph:
    """Tasks that only wait."""
    return chain(Naps(), Nap(0), Nap(1))


class Silent(ProducerPE):
    """Two tuples with a long pause between them."""

    def __init__(self) -> None:
        super().__init__()
        self.last = 0

    def _process(self, inputs: Any) -> int:
        if self.last:
            time.sleep(SILENCE_S)
        self.last += 1
        return self.last


def silent() -> WorkflowGraph:
    """A source that keeps everybody waiting."""
    return chain(Silent(), Increment(), Count())


def chain(*elements: GenericPE) -> WorkflowGraph:
    """Connect each ``output`` to the next ``input``."""
    graph = WorkflowGraph()
    for one, other in pairwise(elements):
        graph.connect(one, "output", other, "input")
    return graph
