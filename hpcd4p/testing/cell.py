"""The twin of a process apart, for clusters in one process; and the death of whoever runs a tuple."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from hpcd4p.plan.model import Plan
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute.flow import Flow
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.letters import Failure, show_value
from hpcd4p.runtime.execute.loops import Leave
from hpcd4p.runtime.execute.probation import Probation
from hpcd4p.runtime.execute.salvage import UnreadTuples, read_body, read_closely
from hpcd4p.runtime.execute.setup import copy_element
from hpcd4p.runtime.rank.cell import EndedProcess, Part
from hpcd4p.wire.reports import Claimed, Doubted
from hpcd4p.workflow.elements import GenericPE

TOLD_EARLY = 0.3
"""How often what a tuple wrote is told before it is done."""

TOLD_LATE = 0.5
"""How often a rank that has lent itself looks once more before it is told what has become of a tuple."""

LOOK_S = 0.001
"""Between two of these looks."""


class Killed(Leave):
    """The rank that is running has just been killed. Not an Exception: nothing may catch it."""


def die() -> None:
    """For elements and tuples: end the rank, or the process apart, that is running this."""
    raise Killed


class MemoryCell:
    """See `runtime.rank.cell.Cell`. Tuples that call `die` kill it; `chance` says what is told at a time."""

    look_s: float | None = LOOK_S
    ear: None = None
    pid: None = None

    def __init__(
        self, plan: Plan, elements: list[GenericPE], rank: int, chance: random.Random, clock: Clock
    ) -> None:
        self._plan = plan
        self._elements = elements
        self._chance = chance
        self._clock = clock
        self._failures: list[Failure] = []
        self._flow = Flow(plan, rank, self._fail, clock)
        self._changed: list[str] = []
        self._probation = Probation(plan, elements, rank, self._note_change, clock)
        self._kept: dict[int, Instance] = {}
        self._stopping = False

    def _note_change(self, report: Claimed | Doubted) -> None:
        self._changed.append(report.changed)

    def _fail(self, failure: Failure) -> None:
        self._failures.append(failure)

    def run(self, element: int, body: memoryview, tuples: int, lent: bool = False) -> Iterator[Part | None]:
        """See `Cell.run`."""
        self._stopping = False
        port, values, lost, deaths = self._read(element, body, tuples)
        if deaths:
            yield Part(0, [], [], 0.0, EndedProcess(-1, "by its own hand", "", "", ""))
        if not lent:
            self._kept.clear()
        for i in range(len(values)):
            yield None
            instance = self._instance(element)
            began = self._clock.now()
            try:
                instance.run(port, values[i : i + 1])
            except Killed:
                instance.take()
                self._kept.clear()
                if lent:
                    lent = False
                    yield Part(0, [], [], 0.0, EndedProcess(-1, "by its own hand", "", "", ""))
                yield Part(
                    1, [], [], 0.0, EndedProcess(i, "by its own hand", port, show_value(values[i]), "")
                )
                continue
            busy_s = self._clock.now() - began
            last = i + 1 == len(values)
            self._probation.inspect(instance, must=last and not lent)
            while lent and self._chance.random() < TOLD_LATE:
                yield None
            failures, self._failures = self._failures, []
            out = instance.take()
            if out and self._chance.random() < TOLD_EARLY:
                yield Part(0, out, [], 0.0)
                out = []
            stops = lent and self._stopping and not last and not lost
            changed, self._changed = " and ".join(self._changed), []
            filled = self._probation.filled(element)
            rest = (port, values[i + 1 :]) if stops else None
            yield Part(1, out, failures, busy_s, None, changed, filled, rest=rest)
            if stops:
                return
        for each in lost:
            self._flow.give_up(each)
            failures, self._failures = self._failures, []
            yield Part(each.tuples, [], failures, 0.0)

    def _instance(self, element: int) -> Instance:
        instance = self._kept.get(element)
        if instance is None:
            plan = self._plan.elements[element]
            instance = self._flow.instance(plan, copy_element(self._elements[element], 2))
            instance.start()
            self._kept[element] = instance
            self._probation.begin(instance)
        return instance

    def _read(self, element: int, body: memoryview, tuples: int) -> tuple[str, Any, list[UnreadTuples], int]:
        fatal: dict[int, str] = {}
        steps = [0]
        try:
            return *read_body(body, element, tuples), 0
        except Killed:
            pass
        while True:
            try:
                return *read_closely(body, element, tuples, steps.append, fatal), len(fatal)
            except Killed:
                fatal[steps[-1]] = "it ended its process by its own hand while it was unpickled"

    def start(self) -> None:
        """See `Cell.start`: there is nothing to start."""

    def stop(self) -> None:
        """See `Cell.stop`."""
        self._stopping = True

    def changes(self) -> Iterator[tuple[int, str] | None]:
        """See `Cell.changes`."""
        for each in self._probation.end(self._kept.values()):
            yield each.element, each.changed

    def wait(self, seconds: float) -> None:
        """See `Cell.wait`: there is nothing to wait for."""

    def dismiss(self) -> None:
        """See `Cell.dismiss`: there is nothing to end."""

    def close(self, patience_s: float = 0.0) -> None:
        """See `Cell.close`."""
        self._kept.clear()
