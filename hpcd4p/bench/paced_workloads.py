"""The workflows of *latency*, whose source keeps to a timetable; see `workloads`."""

from __future__ import annotations

import time
from typing import Any

from hpcd4p import IterativePE, ProducerPE, WorkflowGraph
from hpcd4p.bench.workloads import chain

PACED_S = 5.0
"""How long the source of *latency* writes."""


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
