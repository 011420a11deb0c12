"""`dispel4py.new.aggregate`: count, sum, least, greatest, mean and standard deviation of a stream.

Each element has the input ``input`` and the output ``output``, and writes once, at its end (but
`ContinuousReducePE`). The ``parallel_...`` functions make composites of two: the first, of any number of
instances (`numprocesses`), aggregates what it gets; the second, one instance, what the first wrote.

Ports, arguments and what is written are those of dispel4py, but for what can only be meant: a maximum may be
negative, any positions may be aggregated, an instance that got nothing writes nothing that another would
stumble over, and the second half of the standard deviation reads what the first half writes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from hpcd4p.workflow.generic import GROUPING, GenericPE
from hpcd4p.workflow.graph import WorkflowGraph


class AggregatePE(GenericPE):
    """Base: at the end it writes `value`, a list with one entry for each of the positions `indexes`."""

    def __init__(self, indexes: Sequence[Any] | None = None) -> None:
        super().__init__()
        self._add_input(self.INPUT_NAME)
        self._add_output(self.OUTPUT_NAME)
        self.indexes = [0] if indexes is None else list(indexes)
        self.value: list[Any] = [0 for _ in self.indexes]

    def _postprocess(self) -> None:
        self.write(self.OUTPUT_NAME, self.value)


class ContinuousReducePE(GenericPE):
    """Base: `_process` gets the bare tuple and changes `value`, which is written after each."""

    stateful = True

    def __init__(self, indexes: Sequence[Any] | None = None) -> None:
        super().__init__()
        self._add_input(self.INPUT_NAME)
        self._add_output(self.OUTPUT_NAME)
        self.indexes = [0] if indexes is None else list(indexes)
        self.value: list[Any] = [0 for _ in self.indexes]

    def process(self, inputs: dict[str, Any]) -> None:
        """Aggregate one tuple and write the result so far."""
        self._process(inputs[self.INPUT_NAME])
        self.write(self.OUTPUT_NAME, list(self.value))  # a copy: the next tuple changes it


class CountPE(AggregatePE):
    """Writes ``[number of tuples]``."""

    ordered = (
        False  # the others go by it: in the last digits of their sums, or which of equal values they keep
    )

    def __init__(self) -> None:
        super().__init__([0])

    def _process(self, data: Any) -> None:
        self.value = [self.value[0] + 1]


class SumPE(AggregatePE):
    """Writes the sum at each position."""

    def _process(self, data: Any) -> None:
        row = data[self.INPUT_NAME]
        self.value = [total + row[i] for total, i in zip(self.value, self.indexes, strict=True)]


class _ChoicePE(AggregatePE):
    """Writes, for each position, the one of all values that `_choose` prefers; None if there was none."""

    _choose: Callable[[Any, Any], Any]

    def __init__(self, indexes: Sequence[Any] | None = None) -> None:
        super().__init__(indexes)
        self.value = [None for _ in self.indexes]

    def _process(self, data: Any) -> None:
        row = data[self.INPUT_NAME]
        self.value = [self._better(best, row[i]) for best, i in zip(self.value, self.indexes, strict=True)]

    def _better(self, best: Any, value: Any) -> Any:
        if best is None or value is None:  # None comes from an instance of the first half that got nothing
            return value if best is None else best
        return self._choose(best, value)


class MaxPE(_ChoicePE):
    """Writes the greatest value at each position."""

    _choose = staticmethod(max)


class MinPE(_ChoicePE):
    """Writes the least value at each position."""

    _choose = staticmethod(min)


class _AveragePE(GenericPE):
    def __init__(self) -> None:
        super().__init__()
        self.sum: Any = 0
        self.count = 0

    def _postprocess(self) -> None:
        if self.count:
            self.write(self.OUTPUT_NAME, [float(self.sum) / self.count, self.count, self.sum])


class AverageParallelPE(_AveragePE):
    """Writes ``[mean, count, sum]`` of the position `index`; nothing, if it got nothing."""

    def __init__(self, index: Any = 0) -> None:
        super().__init__()
        self._add_input(self.INPUT_NAME)
        self._add_output(self.OUTPUT_NAME)
        self.index = index

    def _process(self, data: Any) -> None:
        self.sum += data[self.INPUT_NAME][self.index]
        self.count += 1


class AverageReducePE(_AveragePE):
    """Makes one ``[mean, count, sum]`` of several."""

    def __init__(self) -> None:
        super().__init__()
        self._add_input(self.INPUT_NAME, grouping="global")
        self._add_output(self.OUTPUT_NAME)

    def _process(self, data: Any) -> None:
        _, count, total = data[self.INPUT_NAME]
        self.count += count
        self.sum += total


class _DeviationPE(GenericPE):
    sum: Any = 0
    sum_squared: Any = 0
    count: int = 0

    def _postprocess(self) -> None:
        if self.count:
            self.write(self.OUTPUT_NAME, (self._deviation(), self.count, self.sum, self.sum_squared))

    def _deviation(self) -> float:
        """Standard deviation of a sample, from its sums; not a number for a single value."""
        if self.count < 2:
            return math.nan
        # rounding may make it a little less than 0 where all values are equal
        above = max(0, self.count * self.sum_squared - self.sum * self.sum)
        return math.sqrt(above / (self.count * (self.count - 1)))


class StdDevPE(_DeviationPE):
    """Writes ``(deviation, count, sum, sum of squares)`` of the position `index`, unless it got nothing."""

    def __init__(self, index: Any = 0) -> None:
        super().__init__()
        self._add_input(self.INPUT_NAME)
        self._add_output(self.OUTPUT_NAME)
        self.index = index

    def _process(self, data: Any) -> None:
        value = data[self.INPUT_NAME][self.index]
        self.sum += value
        self.sum_squared += value * value
        self.count += 1


class StdDevReducePE(_DeviationPE):
    """Makes one ``(deviation, count, sum, sum of squares)`` of several."""

    def __init__(self) -> None:
        super().__init__()
        self._add_input(self.INPUT_NAME, grouping="global")
        self._add_output(self.OUTPUT_NAME)

    def _process(self, data: Any) -> None:
        _, count, total, squares = data[self.INPUT_NAME]
        self.count += count
        self.sum += total
        self.sum_squared += squares


def parallel_aggregate(inst_pe: GenericPE, reduce_pe: GenericPE) -> WorkflowGraph:
    """Composite of `inst_pe`, whose instances each aggregate a part, and one instance of `reduce_pe`."""
    reduce_pe.inputconnections[AggregatePE.INPUT_NAME][GROUPING] = "global"
    reduce_pe.numprocesses = 1
    return _joined(inst_pe, reduce_pe)


def _joined(first: GenericPE, second: GenericPE) -> WorkflowGraph:
    composite = WorkflowGraph()
    composite.connect(first, AggregatePE.OUTPUT_NAME, second, AggregatePE.INPUT_NAME)
    composite.inputmappings = {"input": (first, AggregatePE.INPUT_NAME)}
    composite.outputmappings = {"output": (second, AggregatePE.OUTPUT_NAME)}
    return composite


def _positions(indexes: Sequence[Any] | None) -> list[int]:
    """Positions of the second half: what the first writes has one entry for each of `indexes`."""
    return list(range(1 if indexes is None else len(indexes)))


def parallel_count() -> WorkflowGraph:
    """Composite that writes ``[number of tuples]``."""
    total = SumPE([0])
    total.name = "CountReduce"
    total.ordered = False  # whole numbers
    return parallel_aggregate(CountPE(), total)


def parallel_sum(indexes: Sequence[Any] | None = None) -> WorkflowGraph:
    """Composite that writes the sum at each position."""
    return parallel_aggregate(SumPE(indexes), SumPE(_positions(indexes)))


def parallel_min(indexes: Sequence[Any] | None = None) -> WorkflowGraph:
    """Composite that writes the least value at each position."""
    return parallel_aggregate(MinPE(indexes), MinPE(_positions(indexes)))


def parallel_max(indexes: Sequence[Any] | None = None) -> WorkflowGraph:
    """Composite that writes the greatest value at each position."""
    return parallel_aggregate(MaxPE(indexes), MaxPE(_positions(indexes)))


def parallel_avg(index: Any = 0) -> WorkflowGraph:
    """Composite that writes ``[mean, count, sum]`` of the position `index`."""
    return _joined(AverageParallelPE(index), AverageReducePE())


def parallel_std_dev(index: Any = 0) -> WorkflowGraph:
    """Composite that writes ``(deviation, count, sum, sum of squares)`` of the position `index`."""
    return _joined(StdDevPE(index), StdDevReducePE())
