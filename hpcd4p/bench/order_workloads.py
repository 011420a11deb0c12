"""The workflows of *order*: three stateless elements before an ordered one; see `workloads`.

Service times follow from the number of a tuple, so that those of an ordered run and of another are the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from hpcd4p import IterativePE, KeyedPE, WorkflowGraph
from hpcd4p.bench.paced_workloads import Kept, Paced
from hpcd4p.bench.workloads import Numbers, chain

Law = Callable[[float], float]
"""Quantiles of service times."""

STAGES = 3

TUPLE_S = 0.005
"""Mean of a slow tuple, in all stages."""

KEYS = 64

STEPS = 1 << 12
"""Different service times."""

MOST = 40.0
"""A heavy-tailed service time is at most so many times the mean."""

SPINS = 25
"""Turns of a loop: what a quick tuple takes on average in a stage, about a microsecond."""


def uniform(part: float) -> float:
    """Service time at this part of the distribution, in units of the mean: none to twice of it."""
    return 2 * part


def heavy(part: float) -> float:
    """The same where few take most of the time: Pareto's law with exponent 1.5, its mean about 1."""
    return float(min(MOST, 1 / 3 * (1 - part) ** (-2 / 3)))


def times(law: Law, mean: float) -> list[float]:
    """Service times in an order that shows no rule."""
    from random import Random  # not on the ranks that get them

    found = [mean * law((step + 0.5) / STEPS) for step in range(STEPS)]
    Random(1).shuffle(found)
    return found


class Stage(IterativePE):
    """Takes a time that follows from the number of its tuple.

    Parameters
    ----------
    number
        Of the stage: a tuple that is slow in one need not be in the next.
    mean
        Seconds that it sleeps on average; or turns of a loop, if `spins`.
    """

    def __init__(self, number: int, law: Law, mean: float, spins: bool = False) -> None:
        super().__init__()
        self.first = 1009 * number
        self.spins = spins
        self.times = times(law, mean)

    def take(self, number: int) -> None:
        """Take the time of tuple `number`."""
        self.wait(self.times[(self.first + number) % STEPS])

    def wait(self, size: float) -> None:
        """Sleep, or work."""
        if self.spins:
            for _ in range(int(size)):
                pass
        else:
            time.sleep(size)

    def _process(self, number: int) -> int:
        self.take(number)
        return number


class LastStage(Stage):
    """A stage that gives (key, number)."""

    def _process(self, number: int) -> Any:
        self.take(number)
        return number % KEYS, number


class Steps(KeyedPE):
    """Of each key, how many have come and how many came before one that was written before them."""

    ordered = True

    def process_key(self, key: int, value: int, state: tuple[int, int, int] | None) -> tuple[int, int, int]:
        """Look at the one before."""
        many, late, last = state or (0, 0, 0)
        return many + 1, late + (value < last), value

    def end_key(self, key: int, state: tuple[int, int, int]) -> None:
        """Say how many."""
        self.write("output", (key, state[0], state[1]))


class AnySteps(Steps):
    """The same in any order: how many came late is not said."""

    ordered = False

    def end_key(self, key: int, state: tuple[int, int, int]) -> None:
        """Say how many."""
        self.write("output", (key, state[0], 0))


def quick(law: Law, last: type[Steps]) -> WorkflowGraph:
    """Trivial elements."""
    first = [Stage(stage, law, SPINS, spins=True) for stage in range(STAGES - 1)]
    return chain(Numbers(), *first, LastStage(STAGES - 1, law, SPINS, spins=True), last())


def slow(law: Law, last: type[Steps]) -> WorkflowGraph:
    """Elements that wait, `TUPLE_S` for a tuple in all."""
    mean_s = TUPLE_S / STAGES
    first = [Stage(stage, law, mean_s) for stage in range(STAGES - 1)]
    return chain(Numbers(), *first, LastStage(STAGES - 1, law, mean_s), last())


class PacedStage(Stage):
    """A stage of (number, instant)."""

    def _process(self, item: Any) -> Any:
        self.take(item[0])
        return item


class OrderedKept(Kept):
    """`Kept` in order."""

    ordered = True


class AnyKept(Kept):
    """`Kept` in any order."""

    ordered = False


def paced(last: type[Kept]) -> WorkflowGraph:
    """A source that keeps to a timetable before the slow elements, of which times are uniform."""
    stages = [PacedStage(stage, uniform, TUPLE_S / STAGES) for stage in range(STAGES)]
    return chain(Paced(), *stages, last())
