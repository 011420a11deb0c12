"""The last checkpoint of a run that was asked to end: it gets some seconds, then the run ends in any case."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hpcd4p.runtime.clock import Clock

ONE_WISH_S = 0.1
"""Signals that come closer together than this are one wish; a person takes longer."""


class Hurries(Protocol):
    """What makes it."""

    hurried: bool

    def hurry(self) -> None:
        """Make one more as soon as possible."""


class LastCut:
    """Of one run; on the head, or in its one process.

    Parameters
    ----------
    last_s
        Seconds for it, by what has asked the run to end.

    Attributes
    ----------
    insisted
        Whether the run is to end at once.
    """

    def __init__(self, clock: Clock, last_s: Callable[[str], float]) -> None:
        self._last_s = last_s
        self._clock = clock
        self._asked: float | None = None
        self._until: float | None = None
        self.insisted = False

    def asked(self, insists: bool) -> None:
        """The run was asked to end; `insists`: if it was before, it is to end at once. From a handler."""
        now = self._clock.now()
        if self._asked is None:
            self._asked = now
        elif insists and now - self._asked > ONE_WISH_S:
            self.insist()

    def insist(self) -> None:
        """The run is to end at once."""
        self.insisted = True

    def awaited(self, name: str, cutter: Hurries | None) -> bool:
        """Whether a run that `name` has asked to end goes on for it; begins it."""
        if cutter is None or self.insisted:
            return False
        now = self._clock.now()
        if self._until is None:
            self._until = now + self._last_s(name)
            if self._until > now:
                cutter.hurry()
        return now < self._until and not cutter.hurried
