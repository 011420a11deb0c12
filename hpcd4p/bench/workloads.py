"""The workflows of the benchmark, written with the public names only.

`arrays` apart, they are what the other systems of the comparison were measured on. Must never import
the engine: this is what a user would write.
"""

from __future__ import annotations

import time
from functools import lru_cache
from itertools import pairwise
from typing import Any

from hpcd4p import ConsumerPE, GenericPE, IterativePE, KeyedPE, ProducerPE, WorkflowGraph

WORDS = 1000
"""Different words of *keyed*."""

SPIN = 100_000
"""Turns of the loop of one *cpu* task: about 5 ms."""

BLOCK = 1 << 17
"""Numbers in an array: 1 MiB of float64."""

STATIONS = 16
"""Keys of *arrays*."""

PACED_S = 5.0
"""How long the source of *latency* writes."""

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


class Blocks(ProducerPE):
    """(number of the call, 1 MiB of float64); without state, so that the pool runs it."""

    def preprocess(self) -> None:
        """Make the block: making one for each call would measure numpy."""
        import numpy as np

        self.block = np.ones(BLOCK)

    def _process(self, inputs: Any) -> tuple[int, Any]:
        # a view each: of one and the same object, pickle would send a single copy for a whole batch
        return inputs["index"], self.block[:]


class Tag(IterativePE):
    """(station, array): leaves the array alone."""

    def _process(self, item: tuple[int, Any]) -> tuple[int, Any]:
        return item[0] % STATIONS, item[1]


class Scale(IterativePE):
    """(station, 2 · array)."""

    def _process(self, item: tuple[int, Any]) -> tuple[int, Any]:
        return item[0] % STATIONS, item[1] * 2.0


class Touch(KeyedPE):
    """Per station: how many numbers came, and the sum of the last ones of the arrays."""

    partitions = 4

    def process_key(self, key: Any, value: Any, state: Any) -> Any:
        """Look at the end of the array only: what is measured is its way here."""
        numbers, total = state or (0, 0.0)
        return numbers + value.size, total + float(value[-1])


class Stack(KeyedPE):
    """Per station: the sum of the arrays; writes how many numbers it has and their mean."""

    partitions = 4

    def process_key(self, key: Any, value: Any, state: Any) -> Any:
        """Add in place."""
        if state is None:
            return [1, value.copy()]
        state[0] += 1
        state[1] += value
        return state

    def end_key(self, key: Any, state: Any) -> None:
        """Write (station, (numbers, sum of the means))."""
        self.write("output", (key, (state[0] * state[1].size, float(state[1].mean()))))


def arrays() -> WorkflowGraph:
    """1 MiB arrays to a keyed reduce that only looks at them."""
    return chain(Blocks(), Tag(), Touch())


def stack() -> WorkflowGraph:
    """1 MiB arrays, scaled and then summed by key."""
    return chain(Blocks(), Scale(), Stack())


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


def paced_tuples(rate: int) -> int:
    """Tuples of *latency*: a hundred at least, for their 99th percentile."""
    return max(100, int(rate * PACED_S))


class Paced(ProducerPE):
    """(number, instant), so many a second, all in one call, as a source does that listens to something."""

    stateful = True  # so that it stays on the head, as a source does that holds a connection

    def _process(self, inputs: Any) -> None:
        rate = inputs["rate"]
        began = time.monotonic()
        for number in range(paced_tuples(rate)):
            left = began + number / rate - time.monotonic()
            if left > 0:
                time.sleep(left)
            self.write("output", (number, time.monotonic()))


class Passing(IterativePE):
    """Adds the instant at which a tuple is here."""

    def _process(self, item: tuple[Any, ...]) -> tuple[Any, ...]:
        return (*item, time.monotonic())


class Kept(Passing):
    """The same in a partition, by number."""

    def __init__(self) -> None:
        super().__init__()
        self.numprocesses = 4
        self.inputconnections["input"]["grouping"] = [0]


def latency() -> WorkflowGraph:
    """A source that keeps to a timetable, the pool, and the sink of the run."""
    return chain(Paced(), Passing())


def latency_keyed() -> WorkflowGraph:
    """The same with partitions before the sink."""
    return chain(Paced(), Passing(), Kept())


def chain(*elements: GenericPE) -> WorkflowGraph:
    """Connect each ``output`` to the next ``input``."""
    graph = WorkflowGraph()
    for one, other in pairwise(elements):
        graph.connect(one, "output", other, "input")
    return graph
