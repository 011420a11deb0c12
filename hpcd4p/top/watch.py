"""The loop of a live page: look, draw, obey keys."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from hpcd4p.top.lines import Line
from hpcd4p.top.view import Size

QUIT = "q"


class Viewer(Protocol):
    """What is looked at: a run, several, or one that is over.

    Attributes
    ----------
    every_s
        From one look to the next.
    """

    every_s: float

    def look(self, now: float) -> bool:
        """See what there is at `now`, seconds of any clock that goes on; gives whether that is news."""

    def press(self, key: str) -> Viewer | bool | None:
        """Obey a key: another viewer is to be shown; this one, which has changed or not; None: leave it."""

    def lines(self, size: Size) -> Sequence[Line]:
        """The page."""


class Terminal(Protocol):
    """Where it is shown; see `top.screen.Screen`."""

    @property
    def size(self) -> Size:
        """As it is now."""

    def draw(self, lines: Sequence[Line]) -> None:
        """Show a page."""

    def keys(self, wait_s: float) -> list[str] | None:
        """Keys that were typed."""


def watch(viewer: Viewer, terminal: Terminal) -> None:
    """Show a viewer, and those that it opens, until somebody leaves."""
    shown = [viewer]
    due, size = 0.0, None
    news = True
    while shown:
        now = time.monotonic()
        if now >= due:
            news = shown[-1].look(now) or news
            due = now + shown[-1].every_s
        if news or terminal.size != size:
            size = terminal.size
            terminal.draw(shown[-1].lines(size))
            news = False
        keys = terminal.keys(due - time.monotonic())
        if keys is None:
            return
        for key in keys:
            if key == QUIT:
                return
            answer = shown[-1].press(key)
            if answer is None:
                shown.pop()
            elif not isinstance(answer, bool):
                shown.append(answer)
            if answer is None or not isinstance(answer, bool):
                due = 0.0
            news = news or answer is not False
            if not shown:
                return
