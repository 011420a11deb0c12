"""The workflows of *hands*: every rank works, or should; see `workloads`."""

from __future__ import annotations

import time
from typing import Any

from hpcd4p import IterativePE, KeyedPE, WorkflowGraph
from hpcd4p.bench.paced_workloads import Kept, Paced
from hpcd4p.bench.workloads import Nap, Naps, Numbers, chain

KEYS = 7
"""Of the trivial sum behind the naps."""

WORK_S = 0.008
"""Of each tuple before a partition whose waits are measured."""

LONG_S = 1.0


def naps() -> WorkflowGraph:
    """Tasks that only wait, 28 ms on average."""
    return chain(Naps(), Nap(0))


class Keyed(IterativePE):
    """(key, 1) of a nap."""

    def _process(self, item: tuple[int, float, float]) -> tuple[int, int]:
        return item[0] % KEYS, 1


class Sum(KeyedPE):
    """A sum for each key."""

    def process_key(self, key: int, value: int, state: int | None) -> int:
        """Add."""
        return (state or 0) + value


def naps_keyed() -> WorkflowGraph:
    """The same before a trivial sum, which a stateful rank holds."""
    return chain(Naps(), Nap(0), Keyed(), Sum())


class Working(IterativePE):
    """Takes `WORK_S`, and adds the instant at which it is done."""

    def _process(self, item: tuple[Any, ...]) -> tuple[Any, ...]:
        time.sleep(WORK_S)
        return (*item, time.monotonic())


def lent_waits() -> WorkflowGraph:
    """A source that keeps to a timetable, work of 8 ms in the pool, partitions."""
    return chain(Paced(), Working(), Kept())


class Long(IterativePE):
    """Takes a second."""

    def _process(self, number: int) -> tuple[int, int]:
        time.sleep(LONG_S)
        return number % KEYS, 1


def long_keyed() -> WorkflowGraph:
    """Tasks of a second before a trivial sum."""
    return chain(Numbers(), Long(), Sum())
