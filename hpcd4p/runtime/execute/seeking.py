"""The positions that the element of a source gives of itself, so that it need not be repeated from its start.

Owns when `position` is asked: never at a cost of more than `SHARE` of the source's time. Between two calls;
or also after a `write`, before that returns, if the element says that it `seeks_in_calls`. A position that
was given is of use when all that was written before it has been taken.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Any, NamedTuple

from hpcd4p.errors import ElementFailed
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute.error_text import show_error
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.loops import OURS
from hpcd4p.wire.position import Mark
from hpcd4p.workflow.generic import can_seek
from hpcd4p.workflow.sentinels import dumps

PAUSE_S = 0.01
"""A position is asked for so often at most: what is repeated is no longer than that, and what was held."""

SHARE = 1 / 256
"""Part of the time that asking may take."""

MOST_MARKS = 64
"""More wait only if one output is not taken from for long; the last is replaced then."""


class Counts(NamedTuple):
    """How much of a source there is."""

    written: dict[str, int]
    """Tuples by output."""
    failed: int


class Seeking:
    """What one element says of its position.

    Parameters
    ----------
    lock
        Held by whoever takes from the source.
    count
        Counts what there was, and what of it was taken. Called with the lock, in the source's thread.
    mark
        Where it goes on; None: it begins.

    Attributes
    ----------
    calls
        Calls that are over; set by the source.
    calling
        Whether a call is under way; set by the source.
    by_call
        Whether calls have to be made one by one, since a position is asked for inside them.
    remark
        Why the positions of the element are of no use, in words.
    """

    def __init__(
        self,
        instance: Instance,
        clock: Clock,
        lock: Lock,
        count: Callable[[], tuple[Counts, Counts]],
        mark: Mark | None = None,
    ) -> None:
        pe = instance.pe
        self.offered = can_seek(pe)
        self.by_call = self.offered and bool(getattr(pe, "seeks_in_calls", False))
        self.calls = mark.calls if mark is not None else 0
        self.calling = False
        self.remark = ""
        self._instance = instance
        self._pe: Any = pe
        self._now = clock.now
        self._lock = lock
        self._count = count
        self._first = mark
        self._marks: deque[Mark] = deque([mark] if mark is not None else ())
        self._next_at = -math.inf
        self._plain: Callable[[str, Any], None] | None = None

    def prepared(self) -> None:
        """Drop what `preprocess` has written again: it came before any position. Before the thread starts."""
        if self._first is not None:
            self._instance.take_back({})

    # ---- the source's thread

    def begin(self) -> None:
        """Before the first call: go to where the element was.

        Raises
        ------
        ElementFailed
            Its `seek` raised.
        """
        if self._first is not None:
            from pickle import loads

            self._instance.tuples, self._instance.busy_s = self._first.calls, self._first.busy_s
            try:
                self._pe.seek(loads(self._first.position))
            except OURS:
                raise
            except BaseException as error:  # user code: anything may come, sys.exit too
                raise ElementFailed(
                    f"seek of element {self._instance.plan.name} raised {show_error(error)}; the run cannot "
                    "go on where it was"
                ) from error
        if self.by_call:
            self._plain = self._pe._sink

    def ask(self) -> None:
        """Ask the element for its position, unless that was done just now."""
        began = self._now()
        if not self.offered or began < self._next_at:
            return
        try:
            position = dumps(self._pe.position(), protocol=5)
        except OURS:
            raise
        except BaseException as error:  # noqa: BLE001  # user code: anything may come, sys.exit too
            self.offered = False
            self.remark = f"its position() is of no use: {show_error(error)}"
            return
        self._keep(position)
        now = self._now()
        self._next_at = now + max(PAUSE_S, (now - began) / SHARE)

    def _keep(self, position: bytes) -> None:
        with self._lock:
            made, taken = self._count()
            self.best(taken)
            if len(self._marks) >= MOST_MARKS:
                self._marks.pop()
            self._marks.append(Mark(position, self.calls, *made, self._instance.busy_s))

    def _sink(self, name: str, value: Any) -> None:
        """Take one write, and ask."""
        assert self._plain is not None
        self._pe._sink = self._plain
        self._plain(name, value)
        if self.calling:
            self.ask()

    # ---- the main thread

    def want(self) -> None:
        """Have the next write ask, if it is time; the writes after it cost nothing."""
        if self._plain is not None and self.offered and self._now() >= self._next_at:
            self._pe._sink = self._sink

    def best(self, taken: Counts) -> Mark | None:
        """The last position of which all that came before it was taken; forgets those before it.

        Called with the lock.
        """
        marks = self._marks
        while len(marks) > 1 and _fits(marks[1], taken):
            marks.popleft()
        return marks[0] if marks and _fits(marks[0], taken) else None


def _fits(mark: Mark, taken: Counts) -> bool:
    enough = all(taken.written.get(name, 0) >= count for name, count in mark.written.items())
    return enough and mark.failed <= taken.failed
