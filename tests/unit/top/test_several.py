from __future__ import annotations

from pathlib import Path

import pytest

from hpcd4p.live.found import FoundRun, Life, Unreadable
from hpcd4p.top.lines import cells, plain
from hpcd4p.top.several import Found, SeveralRuns
from hpcd4p.top.view import Size
from tests.unit.live.documents import document
from tests.unit.top.scenes import texts


def run(name: str, life: Life = Life.UNDER_WAY) -> FoundRun:
    return FoundRun(Path(f"results/{name}.live"), document(), life, 0.5)


class Looked:
    """What there is; changed by the test."""

    def __init__(self, *runs: FoundRun | Unreadable, others: tuple[str, ...] = ()) -> None:
        self.found = Found(list(runs), list(others), "in results")
        self.opened: list[str] = []
        self.viewer = SeveralRuns(lambda: self.found, self.open)
        assert self.viewer.look(0.0) == bool(runs or others) or not runs

    def open(self, one: FoundRun):
        self.opened.append(one.folder.stem)
        return self.viewer

    def lines(self, columns: int = 100, rows: int = 24) -> list[str]:
        return texts(list(self.viewer.lines(Size(columns, rows))))


def test_each_run_has_a_line_and_what_cannot_be_read_hides_no_other():
    broken = Unreadable(Path("results/c.live"), "results/c.live/status.json has version 99 of the status")
    lines = Looked(run("a"), run("b", Life.DEAD), broken, others=("job 18: pending",)).lines()
    assert lines[0] == "hpcd4p  1 under way in results"
    assert [each.split()[:2] for each in lines[3:5]] == [["a", "under"], ["b", "dead"]]
    assert lines[5:7] == [
        "c.live: results/c.live/status.json has version 99 of the status",
        "job 18: pending",
    ]


def test_one_is_chosen_and_opened():
    there = Looked(run("a"), run("b"))
    assert there.viewer.press("down") is True
    assert there.viewer.press("down") is True
    assert there.viewer.press("down") is True
    assert there.viewer.press("enter") is there.viewer
    assert there.opened == ["b"]
    assert there.viewer.press("up") is True
    there.viewer.press("enter")
    assert there.opened == ["b", "a"]


def test_one_that_goes_is_chosen_no_longer():
    there = Looked(run("a"), run("b"))
    there.viewer.press("down")
    there.found = Found([run("b")], [], "in results")
    assert there.viewer.look(1.0)
    there.viewer.press("enter")
    assert there.opened == ["b"]


def test_when_all_have_ended_that_is_said():
    there = Looked(run("a"))
    there.found = Found([], [], "in results")
    assert there.viewer.look(1.0)
    assert any(each.startswith("no run is under way in results; ") for each in there.lines())
    assert there.viewer.press("enter") is False


def test_what_has_not_changed_is_no_news():
    there = Looked(run("a"))
    assert not there.viewer.look(1.0)


@pytest.mark.parametrize("columns", [1, 20, 80, 200])
@pytest.mark.parametrize("rows", [1, 2, 5, 24])
def test_the_page_fits_its_terminal(columns, rows):
    there = Looked(*(run(f"run-{n}") for n in range(40)), others=("job 18: pending",))
    for _ in range(30):
        there.viewer.press("down")
    lines = there.viewer.lines(Size(columns, rows))
    assert len(lines) == rows
    assert all(cells(plain(each)) <= columns for each in lines)
    if rows == 24 and columns >= 20:
        assert any("run-29" in plain(each) for each in lines)
