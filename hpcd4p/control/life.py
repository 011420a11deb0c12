"""A life: what state a thing is in, which may follow, and how it came there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Generic, NamedTuple, TypeVar

State = TypeVar("State", bound=Enum)

LAST_STEPS = 8
"""So many steps are kept, for the message of an error: what went before them is seldom its cause."""


class NoArrow(AssertionError):
    """A step that the table of a life does not have: a bug of the engine."""


class Step(NamedTuple):
    """One step of a life."""

    state: Enum
    cause: str
    now: float | None
    """When, in seconds, if that was said."""

    def __str__(self) -> str:
        notes = [self.cause] if self.cause else []
        if self.now is not None:
            notes.append(f"{self.now:.3f} s")
        return f"{self.state.name} ({', '.join(notes)})" if notes else self.state.name


class Life(Generic[State]):
    """The life of one thing, by a table of arrows.

    Parameters
    ----------
    who
        In words, for the message of an error.
    start
        Its first state.
    arrows
        By state, those that may follow. Every state is a key; one that is followed by none is an end.

    Attributes
    ----------
    state
        Where it is now.

    Examples
    --------
    >>> class Door(Enum):
    ...     OPEN = 1
    ...     SHUT = 2
    >>> life = Life("door", Door.OPEN, {Door.OPEN: {Door.SHUT}, Door.SHUT: set()})
    >>> life.go(Door.SHUT, "wind", now=2.5)
    >>> life.go(Door.OPEN, "a hand")
    Traceback (most recent call last):
    hpcd4p.control.life.NoArrow: door: no arrow from SHUT to OPEN (a hand); it was OPEN, SHUT (wind, 2.500 s)
    """

    __slots__ = ("_arrows", "_steps", "_who", "state")

    def __init__(self, who: str, start: State, arrows: Mapping[State, frozenset[State] | set[State]]) -> None:
        self.state = start
        self._who = who
        self._arrows = arrows
        self._steps: tuple[Step, ...] = (Step(start, "", None),)

    def go(self, to: State, cause: str = "", now: float | None = None) -> None:
        """Take the arrow to another state.

        Raises
        ------
        NoArrow
            There is none; the message tells the last steps. Nothing has changed.
        """
        step = Step(to, cause, now)
        if to not in self._arrows[self.state]:
            past = ", ".join(map(str, self._steps))
            raise NoArrow(f"{self._who}: no arrow from {self.state.name} to {step}; it was {past}")
        self.state = to
        self._steps = (*self._steps[1 - LAST_STEPS :], step)

    @property
    def ended(self) -> bool:
        """Whether no state can follow."""
        return not self._arrows[self.state]
