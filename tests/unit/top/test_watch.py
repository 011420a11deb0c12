from __future__ import annotations

from collections.abc import Sequence

from hpcd4p.top.lines import Line, line
from hpcd4p.top.view import Size
from hpcd4p.top.watch import Viewer, watch


class Script:
    """A terminal at which somebody types what was written down; after that, nobody can."""

    def __init__(self, *typed: list[str]) -> None:
        self.typed = list(typed)
        self.drawn: list[str] = []
        self.waits: list[float] = []
        self.size = Size(80, 24)

    def draw(self, lines: Sequence[Line]) -> None:
        self.drawn.append(lines[0][0].text)

    def keys(self, wait_s: float) -> list[str] | None:
        self.waits.append(wait_s)
        return self.typed.pop(0) if self.typed else None


class Named:
    """A viewer that shows its name, and opens another."""

    every_s = 60.0

    def __init__(self, name: str, other: Viewer | None = None, news: bool = True) -> None:
        self.name, self.other, self.news = name, other, news

    def look(self, now: float) -> bool:
        return self.news

    def press(self, key: str) -> Viewer | bool | None:
        return {"o": self.other or False, "b": None, "c": True}.get(key, False)

    def lines(self, size: Size) -> Sequence[Line]:
        return [line(self.name)]


def drawn(viewer: Viewer, *typed: list[str]) -> list[str]:
    terminal = Script(*typed)
    watch(viewer, terminal)
    return terminal.drawn


def test_it_is_drawn_at_first_and_when_something_has_changed():
    assert drawn(Named("a", news=False), [], ["x"], ["c"], []) == ["a", "a"]


def test_one_that_opens_another_comes_back_after_it():
    assert drawn(Named("a", Named("b")), ["o"], ["b"], []) == ["a", "b", "a"]


def test_leaving_the_last_one_ends_it():
    terminal = Script(["b"], ["c"])
    watch(Named("a"), terminal)
    assert terminal.typed == [["c"]]


def test_q_ends_it_wherever_one_is():
    terminal = Script(["o"], ["q"], ["c"])
    watch(Named("a", Named("b")), terminal)
    assert terminal.typed == [["c"]]


def test_a_new_size_is_drawn_at_once():
    class Resized(Script):
        def keys(self, wait_s: float) -> list[str] | None:
            self.size = Size(20, 5)
            return super().keys(wait_s)

    terminal = Resized([], [])
    watch(Named("a", news=False), terminal)
    assert terminal.drawn == ["a", "a"]


def test_it_waits_for_the_next_look_and_no_longer():
    terminal = Script([])
    watch(Named("a"), terminal)
    assert all(59.0 < wait_s <= 60.0 for wait_s in terminal.waits)
