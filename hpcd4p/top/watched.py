"""One run, looked at while it goes on, and after its end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from hpcd4p.live.file import NAME
from hpcd4p.live.found import FoundRun, Unreadable, found
from hpcd4p.top.history import History
from hpcd4p.top.lines import Line
from hpcd4p.top.page import Over, page
from hpcd4p.top.view import Shows, Size, View
from hpcd4p.top.watch import Viewer

_LATE_S = 2.0
"""Whether it lives is looked up as often as this, though it tells nothing new."""


class WatchedRun:
    """A viewer of one run; see `top.watch.Viewer`.

    Parameters
    ----------
    run
        As it was found.
    replay
        Gives the viewer of a record.
    """

    every_s = 0.5

    def __init__(self, run: FoundRun, replay: Callable[[Path], Viewer]) -> None:
        self._run = run
        self._replay = replay
        self._history = History()
        self._history.add(run.document)
        self._view = View()
        self._still: tuple[FoundRun, History] | None = None
        """What is shown while the page is held still."""
        self._over: Over | None = None
        self._seen: tuple[int, float] = (0, 0.0)
        """When the file of its status was written, and when that was looked at."""

    def look(self, now: float) -> bool:
        """Read its status if there is a new one."""
        written = _written(self._run.folder)
        if written == self._seen[0] and now < self._seen[1] + _LATE_S:
            return False
        self._seen = written, now
        each = found(self._run.folder)
        if each is None:
            before, self._over = self._over, over(self._run)
            return self._over != before
        self._over = None
        if isinstance(each, Unreadable):
            self._over = Over("unreadable", [each.why], False)
            return True
        self._run = each
        self._history.add(each.document)
        return self._still is None

    def press(self, key: str) -> Viewer | bool | None:
        """Obey a key."""
        if key == "r" and self.record is not None:
            return self._replay(self.record)
        if self._view.shows is Shows.RUN and key in ("escape", "backspace", "left"):
            return None
        known = self._view.press(key)
        if self._view.paused and self._still is None:
            self._still = self._run, self._history.copy()
        elif not self._view.paused:
            self._still = None
        return known

    @property
    def record(self) -> Path | None:
        """Its record, if it is over and has one."""
        return self._over.record if self._over is not None else None

    def lines(self, size: Size) -> Sequence[Line]:
        """The page."""
        run, history = self._still or (self._run, self._history)
        silent_s = max(0.0, time.time() - run.document.written) if self._still is None else run.silent_s
        made = page(run._replace(silent_s=silent_s), history, self._view, size, self._over)
        self._view.choices = made.choices
        return made.lines


def _written(folder: Path) -> int:
    try:
        return (folder / NAME).stat().st_mtime_ns
    except OSError:
        return 0


def over(run: FoundRun) -> Over:
    """What is to be said of a run whose status has gone: it has a record, or has gone on elsewhere."""
    record = Path(os.path.relpath(run.document.run.record))
    if record.parts[0] == os.pardir:
        record = Path(run.document.run.record)
    if record.exists():
        return Over("finished", [f"Its record is {record}; r replays it."], True, record)
    return Over(
        "gone",
        ["Its status is gone, and it has no record: it goes on under another name, or was removed."],
        False,
    )
