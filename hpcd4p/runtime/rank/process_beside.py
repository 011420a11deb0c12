"""The process beside a rank that lends itself: made when it is first needed, and ended with the rank."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from hpcd4p.runtime.rank.cpu import CpuAccount, CpuClock
from hpcd4p.runtime.rank.link import Link
from hpcd4p.wire.messages import Task
from hpcd4p.wire.reports import Doubted

if TYPE_CHECKING:
    from hpcd4p.runtime.rank.cell import Cell, Part


MOST_WAITS = 5
"""Seconds that a process may take to say what has changed in it; only one that is stopped takes longer."""


class ProcessBeside:
    """Of one rank.

    Parameters
    ----------
    make
        Gives what runs a task apart; None where that cannot be had.
    measured
        Whether its CPU time is.
    """

    def __init__(self, link: Link, make: Callable[[], Cell | None], measured: bool = False) -> None:
        self._measured = measured
        self._link = link
        self._make = make
        self._cell: Cell | None = None
        self._leaves = False
        """Whether it was told to leave."""
        self._cores: CpuAccount | None = None
        self._cores_of: int | None = None
        self._clock: CpuClock | None = None

    def run(self, task: Task, body: memoryview) -> Iterator[Part | None] | None:
        """Run `task`; see `Cell.run`. None if no process can be had."""
        self._cell = self._cell or self._make()
        if self._cell is None:
            return None
        return self._cell.run(task.element, body, task.tuples, lent=not task.attempts)

    def stop(self) -> None:
        """See `Cell.stop`."""
        if self._cell is not None:
            self._cell.stop()

    def listen(self, on: bool) -> None:
        """Whether what comes from the process ends a sleep of the rank."""
        self._link.listen(self._cell.ear if on and self._cell is not None else None)

    @property
    def look_s(self) -> float | None:
        """See `Cell`."""
        return None if self._cell is None else self._cell.look_s

    def count_cores(self, growth: dict[str, int]) -> None:
        """Add to `growth` what the process has had of the cores since the last call."""
        pid = None if self._cell is None else self._cell.pid
        if pid != self._cores_of:
            self._cores_of = pid
            if self._clock is not None:
                self._clock.close()
            self._clock = self._cores = None
            if pid is not None and self._measured:
                self._clock = CpuClock(pid)
                self._cores = CpuAccount(self._clock)
        if self._cores is not None:
            self._cores.count(growth)

    def core_s(self) -> float:
        """Seconds of a core that the process has had, as far as that is measured."""
        return 0.0 if self._clock is None else self._clock.read_us()[0] * 1e-6

    def dismiss(self) -> list[Doubted]:
        """Have it leave, after the last task; gives its elements whose change was not seen in time."""
        if self._cell is None or self._leaves:
            return []  # of a run that finds at its very end that it must stop
        self._leaves = True
        found, waits = [], 0
        for each in self._cell.changes():
            if each is not None:
                found.append(Doubted(self._link.rank, *each))
                continue
            waits += 1
            if waits > MOST_WAITS:
                break
            self._cell.wait(1.0)
        self._cell.dismiss()
        return found

    def close(self, patience_s: float = 0.0) -> None:
        """End the process; see `Cell.close`."""
        self._link.listen(None)
        if self._cell is not None:
            self._cell.close(patience_s)
            self._cell = None
