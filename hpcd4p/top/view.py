"""What whoever looks has chosen: the order of the elements, a row, a page, a pause. No terminal in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from hpcd4p.live.document import Element
from hpcd4p.top.bands import Band
from hpcd4p.top.history import Unit


class Sort(StrEnum):
    """The order of the elements."""

    PLAN = "plan"
    NAME = "name"
    RATE = "rate"
    BACKLOG = "backlog"
    BUSY = "busy"


class Shows(StrEnum):
    """Which page there is."""

    RUN = "run"
    ELEMENT = "element"
    RANKS = "ranks"
    HELP = "help"


class Size(NamedTuple):
    """Of a terminal."""

    columns: int
    rows: int


class Choices(NamedTuple):
    """What can be chosen on a page, in the order in which it is shown."""

    elements: Sequence[str] = ()
    bands: Sequence[Band] = ()


def in_order(elements: Sequence[Element], sort: Sort) -> list[Element]:
    """Elements by name, or by a number with the largest first."""
    match sort:
        case Sort.NAME:
            return sorted(elements, key=lambda e: e.name)
        case Sort.RATE:
            return sorted(elements, key=lambda e: -e.rate)
        case Sort.BACKLOG:
            return sorted(elements, key=lambda e: -e.backlog)
        case Sort.BUSY:
            return sorted(elements, key=lambda e: -e.busy)
    return list(elements)


@dataclass
class View:
    """Of one person.

    Attributes
    ----------
    element, unit
        The row that is chosen; what it was called, for rows move.
    on_ranks
        Whether the row that is chosen is one of the ranks.
    scroll
        The first line of a page that is longer than the terminal.
    """

    sort: Sort = Sort.PLAN
    shows: Shows = Shows.RUN
    element: str = ""
    unit: Unit | None = None
    on_ranks: bool = False
    paused: bool = False
    scroll: int = 0
    choices: Choices = field(default_factory=Choices)
    """Of the page that is on the terminal."""

    def press(self, key: str) -> bool:
        """Obey a key; gives whether it has one that it knows."""
        match key:
            case "?" | "h":
                self._show(Shows.RUN if self.shows is Shows.HELP else Shows.HELP)
            case "escape" | "backspace" | "left" if self.shows is not Shows.RUN:
                self._show(Shows.RUN)
            case " " | "p":
                self.paused = not self.paused
            case "s":
                orders = list(Sort)
                self.sort = orders[(orders.index(self.sort) + 1) % len(orders)]
            case "up" | "k" | "down" | "j" | "pageup" | "pagedown" | "home" | "end":
                self._move(key)
            case "tab" if self.shows is Shows.RUN:
                self.on_ranks = not self.on_ranks and bool(self.choices.bands)
                self._choose(0)
            case "enter" | "right" if self.shows is Shows.RUN:
                self._choose(0)
                if self.on_ranks or self.element:
                    self._show(Shows.RANKS if self.on_ranks else Shows.ELEMENT)
            case _:
                return False
        return True

    def _show(self, page: Shows) -> None:
        self.shows = page
        self.scroll = 0

    def _move(self, key: str) -> None:
        steps = {"up": -1, "k": -1, "down": 1, "j": 1, "pageup": -10, "pagedown": 10}
        by = steps.get(key, -(10**9) if key == "home" else 10**9)
        if self.shows is Shows.RUN:
            self._choose(by)
        else:
            self.scroll = max(0, self.scroll + by)

    def _choose(self, by: int) -> None:
        """Choose the row that is so many below the one that is chosen; the first if none is."""
        rows = self.choices.bands if self.on_ranks else self.choices.elements
        if not rows:
            return
        at = self.place
        if at is None:
            at = -1 if by > 0 else len(rows) if by < 0 else 0
        to = min(max(at + by, 0), len(rows) - 1)
        if self.on_ranks:
            self.unit = self.choices.bands[to].units[0]
        else:
            self.element = self.choices.elements[to]

    @property
    def place(self) -> int | None:
        """The place of the chosen row among those of its table; None: none is chosen."""
        if self.on_ranks:
            return chosen_band(self.choices.bands, self.unit)
        names = list(self.choices.elements)
        return names.index(self.element) if self.element in names else None


def chosen_band(bands: Sequence[Band], unit: Unit | None) -> int | None:
    """The place of the line with a unit: with another size, ranks may share other lines."""
    return next((place for place, band in enumerate(bands) if unit in band.units), None)
