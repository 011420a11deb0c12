"""One task that runs beside its rank, and what has come of it so far."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from hpcd4p.control.local import gives_back
from hpcd4p.runtime.commit.lease import Lease
from hpcd4p.weight import weigh

if TYPE_CHECKING:
    from hpcd4p.runtime.rank.cell import Part


class LentTask:
    """The task of `lease`.

    Parameters
    ----------
    parts
        See `Cell.run`.

    Attributes
    ----------
    held
        Parts that have come and are not in a transaction.
    written, bytes
        How many tuples they hold, and what those weigh, estimated.
    done
        Tuples that are done.
    worked_s
        Seconds that the process has worked.
    rest
        Port and tuples that were not begun, when it has stopped early.
    changed
        What its element has changed there, in words.
    filled
        Content of what it has filled in.
    guilty
        Whether a tuple has ended the process.
    died
        How a process has died with it; '': none has, or it is a suspect.
    ended
        Whether all has come.
    """

    def __init__(self, lease: Lease, parts: Iterator[Part | None]) -> None:
        self.lease = lease
        self.held: list[Part] = []
        self.written = 0
        self.bytes = 0.0
        self.done = 0
        self.worked_s = 0.0
        self.rest: tuple[str, Any] | None = None
        self.changed = self.filled = ""
        self.guilty = self.ended = False
        self.died = ""
        self._parts = parts

    def hear(self) -> bool:
        """Take in what has come; whether there was anything."""
        came = False
        for part in self._parts:
            if part is None:
                return came
            self._hold(part)
            came = True
            if self.died and not self.lease.parted:
                return True
        self.ended = True
        return True

    def _hold(self, part: Part) -> None:
        self.held.append(part)
        for _, values in part.out:
            self.written += len(values)
            self.bytes += weigh(values) * len(values) if values else 0.0
        self.done += part.tuples
        self.worked_s += part.busy_s
        self.rest = part.rest
        self.changed = self.changed or part.changed
        self.filled = part.filled or self.filled
        self.guilty = self.guilty or part.killed is not None
        if part.killed is not None and not self.lease.task.attempts:
            self.died = self.died or part.killed.how

    def take(self) -> list[Part]:
        """The parts held, which are no longer."""
        held, self.held, self.written, self.bytes = self.held, [], 0, 0.0
        return held

    def is_late(self, now: float, slice_s: float) -> bool:
        """Whether it should stop after the tuple that it is at, and leave the rest to others."""
        task, left = self.lease.task, self.lease.task.tuples - self.done
        late, service_s = now - self.lease.began > slice_s, self.worked_s / max(1, self.done)
        return gives_back(late, left, service_s, False, self.lease.repeating or bool(task.attempts))
