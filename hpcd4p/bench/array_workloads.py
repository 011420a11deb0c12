"""The workflows of the benchmark that move arrays; see `workloads`."""

from __future__ import annotations

from typing import Any

from hpcd4p import IterativePE, KeyedPE, ProducerPE, WorkflowGraph
from hpcd4p.bench.workloads import chain

BLOCK = 1 << 17
"""Numbers in an array: 1 MiB of float64."""

STATIONS = 16
"""Keys of *arrays*."""


class Blocks(ProducerPE):
    """(number of the call, 1 MiB of float64); without state, so that the pool runs it."""

    def preprocess(self) -> None:
        """Make the block once: making one for each call would measure numpy."""
        import numpy as np

        self.block = np.ones(BLOCK)

    def _process(self, inputs: Any) -> tuple[int, Any]:
        # a view for each: if it were one object, pickle would send a single copy for a whole batch
        return inputs["index"], self.block[:]


class Tag(IterativePE):
    """(station, array): leaves the array unchanged."""

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
        """Look only at the end of the array, for its transport is measured."""
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


class FixedBlocks(Blocks):
    """The same in one place: its arrays go to the pool as tasks."""

    stateful = True


class Ends(IterativePE):
    """(station, (how many numbers an array has, the last of them))."""

    def _process(self, item: tuple[int, Any]) -> tuple[int, tuple[int, float]]:
        return item[0] % STATIONS, (item[1].size, float(item[1][-1]))


class Add(KeyedPE):
    """Per station: the sums of both."""

    partitions = 4

    def process_key(self, key: Any, value: Any, state: Any) -> Any:
        """Add."""
        numbers, total = state or (0, 0.0)
        return numbers + value[0], total + value[1]


def pooled() -> WorkflowGraph:
    """1 MiB arrays from a source to the pool, which only looks at them."""
    return chain(FixedBlocks(), Ends(), Add())


def arrays() -> WorkflowGraph:
    """1 MiB arrays to a keyed reduce that only looks at them."""
    return chain(Blocks(), Tag(), Touch())


def stack() -> WorkflowGraph:
    """1 MiB arrays, scaled and then summed by key."""
    return chain(Blocks(), Scale(), Stack())
