"""The twin of a process apart, for clusters in one process; and the death of whoever runs a tuple."""

from __future__ import annotations

import random
from collections.abc import Iterator

from hpcd4p.plan.model import Plan
from hpcd4p.runtime.apart import Killed as Death
from hpcd4p.runtime.apart import Part
from hpcd4p.runtime.flow import Flow
from hpcd4p.runtime.letters import Failure, show_value
from hpcd4p.runtime.loops import Leave
from hpcd4p.runtime.salvage import read_body
from hpcd4p.runtime.setup import copy_element
from hpcd4p.workflow.elements import GenericPE

TOLD_EARLY = 0.3
"""How often what a tuple wrote is told before it is done."""


class Killed(Leave):
    """The rank that is running has just been killed. Not an Exception: nothing may catch it."""


def die() -> None:
    """For elements and tuples: end the rank, or the process apart, that is running this."""
    raise Killed


class MemoryCell:
    """See `runtime.apart.Cell`. Tuples that call `die` kill it; `chance` says what is told at a time."""

    def __init__(self, plan: Plan, elements: list[GenericPE], rank: int, chance: random.Random) -> None:
        self._plan = plan
        self._elements = elements
        self._chance = chance
        self._failures: list[Failure] = []
        self._flow = Flow(plan, rank, self._fail, 0.0)

    def _fail(self, failure: Failure) -> None:
        self._failures.append(failure)

    def run(self, element: int, body: memoryview, tuples: int) -> Iterator[Part]:
        """See `Cell.run`."""
        try:
            port, values, lost = read_body(body, element, tuples)
        except Killed:
            yield Part(tuples, [], [], 0.0, Death(-1, "while it was unpickled", "", "", ""))
            return
        instance = None
        for i in range(len(values)):
            if instance is None:
                plan = self._plan.elements[element]
                instance = self._flow.instance(plan, copy_element(self._elements[element], 2))
                instance.start()
            try:
                instance.run(port, values[i : i + 1])
            except Killed:
                instance.take()
                yield Part(1, [], [], 0.0, Death(i, "by its own hand", port, show_value(values[i]), ""))
                instance = None
                continue
            failures, self._failures = self._failures, []
            out = instance.take()
            if out and self._chance.random() < TOLD_EARLY:
                yield Part(0, out, [], 0.0)
                out = []
            yield Part(1, out, failures, 0.0)
        for each in lost:
            self._flow.give_up(each)
            failures, self._failures = self._failures, []
            yield Part(each.tuples, [], failures, 0.0)

    def close(self) -> None:
        """See `Cell.close`: there is nothing to end."""
