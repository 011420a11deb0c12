"""Several runs, a line each, looked at while they go on; one of them can be opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from hpcd4p.live.found import FoundRun, Life, Unreadable
from hpcd4p.live.text import RUNS_HEAD, nothing_under_way, run_line
from hpcd4p.top.grid import Column, grid
from hpcd4p.top.layout import window
from hpcd4p.top.lines import Line, Span, fit, joined, line, wrapped
from hpcd4p.top.view import Size
from hpcd4p.top.watch import Viewer

_MATTERS = (9, 8, 3, 6, 5, 4, 1, 7)
"""Of the columns, in the order of `RUNS_HEAD`."""

_COLUMNS = [
    Column(head, matters, left=at < 2)
    for at, (head, matters) in enumerate(zip(RUNS_HEAD, _MATTERS, strict=True))
]

_LEAST_NAME = 30
"""Names of runs begin alike, and end with when and which."""


class Found(NamedTuple):
    """What there is at one look."""

    runs: list[FoundRun | Unreadable]
    others: list[str]
    """What else is to be said, a sentence each: jobs that wait, say."""
    where: str


class SeveralRuns:
    """A viewer of all runs; see `top.watch.Viewer`.

    Parameters
    ----------
    find
        Gives what there is at the moment.
    open_run
        Gives the viewer of one.
    """

    every_s = 1.0

    def __init__(self, find: Callable[[], Found], open_run: Callable[[FoundRun], Viewer]) -> None:
        self._find = find
        self._open = open_run
        self._found = Found([], [], "")
        self._chosen = ""

    def look(self, now: float) -> bool:
        """Look for runs."""
        before, self._found = self._found, self._find()
        return self._found != before

    def press(self, key: str) -> Viewer | bool | None:
        """Obey a key."""
        told = self._told()
        names = [run.folder.name for run in told]
        at = names.index(self._chosen) if self._chosen in names else None
        steps = {"up": -1, "k": -1, "down": 1, "j": 1}
        if not told or (key not in steps and key not in ("enter", "right")):
            return False
        if key in steps:
            self._chosen = names[min(max(at + steps[key], 0), len(told) - 1) if at is not None else 0]
            return True
        return self._open(told[at or 0])

    def _told(self) -> list[FoundRun]:
        return [run for run in self._found.runs if isinstance(run, FoundRun)]

    def lines(self, size: Size) -> Sequence[Line]:
        """The page."""
        return runs_page(self._found, self._chosen, size)


def runs_page(found: Found, chosen: str, size: Size) -> list[Line]:
    """A line for each run, as `hpcd4p status` tells them."""
    told = [run for run in found.runs if isinstance(run, FoundRun)]
    going = sum(run.life is Life.UNDER_WAY for run in told)
    lines: list[Line] = [line(Span("hpcd4p", "title"), f"  {going} under way {found.where}"), ()]
    unreadable = [f"{run.folder.name}: {run.why}" for run in found.runs if isinstance(run, Unreadable)]
    below = [each for said in (*unreadable, *found.others) for each in wrapped(said, size.columns, "warn")]
    at = next((place for place, run in enumerate(told) if run.folder.name == chosen), None)
    if told:
        places = window(len(told), max(1, size.rows - 4 - len(below)), at)
        rows = [[Span(cell, _style(told[i], n)) for n, cell in enumerate(run_line(told[i]))] for i in places]
        lines += grid(_COLUMNS, rows, size.columns, None if at is None else at - places.start, _LEAST_NAME)
    elif not below:
        lines += wrapped(nothing_under_way(found.where), size.columns)
    lines += below
    keys = [("q", "quit"), ("↑↓", "choose"), ("Enter", "look into")]
    lines = lines[: max(0, size.rows - 1)]
    lines += [()] * (size.rows - 1 - len(lines))
    shown = joined([line(Span(key, "key"), Span(f" {word}", "dim")) for key, word in keys], size.columns)
    return [fit(each, size.columns) for each in [*lines, shown]]


def _style(run: FoundRun, column: int) -> str:
    if column != 1:
        return ""
    return "good" if run.life is Life.UNDER_WAY else "bad"
