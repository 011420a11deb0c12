from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hpcd4p.live.document import Document
from hpcd4p.live.file import NAME, StatusFile
from hpcd4p.live.found import FoundRun, found
from hpcd4p.processes import began
from hpcd4p.top.view import Size
from hpcd4p.top.watched import WatchedRun
from tests.unit.live.documents import identity
from tests.unit.top.scenes import texts, usual


class Told:
    """A run in a folder that tells what the test says, and who watches it."""

    def __init__(self, folder: Path) -> None:
        self.file = StatusFile(folder / "factors-1.live")
        pid = os.getpid()
        self.run = identity(
            record=str(folder / "factors-1.h5"), host=os.uname().nodename, pid=pid, began=began(pid)
        )
        self.now = 0.0
        self.tell(0)
        each = found(self.file.folder)
        assert isinstance(each, FoundRun)
        self.replays: list[Path] = []
        self.viewer = WatchedRun(each, self.replay)

    def replay(self, path: Path):
        self.replays.append(path)
        return self.viewer

    def tell(self, at: int) -> Document:
        status = replace(usual(at), written=time.time() + at / 1e3, run=self.run)
        self.file.write(status)
        os.utime(self.file.folder / NAME, ns=(at, at))  # two within a tick of the clock are two
        return status

    def look(self) -> bool:
        self.now += 10.0
        return self.viewer.look(self.now)

    def lines(self) -> list[str]:
        return texts(list(self.viewer.lines(Size(80, 24))))


@pytest.fixture
def told(tmp_path):
    return Told(tmp_path)


def strip(lines: list[str]) -> str:
    (row,) = [each for each in lines if each.startswith("0 ")]
    return row.split()[-1]


def test_each_new_status_is_a_cell(told):
    told.tell(1)
    assert told.look()
    told.tell(2)
    assert told.look()
    assert strip(told.lines()) == "───"


def test_one_that_is_held_still_stays_and_misses_nothing(told):
    told.viewer.press("p")
    told.tell(1)
    assert not told.look()
    assert strip(told.lines()) == "─"
    told.viewer.press("p")
    assert strip(told.lines()) == "──"


def test_a_run_that_has_ended_offers_its_replay(told, tmp_path):
    assert told.viewer.press("r") is False
    (tmp_path / "factors-1.h5").touch()
    told.file.remove()
    assert told.look()
    assert told.lines()[0].startswith("factors  finished")
    assert told.viewer.press("r") is told.viewer
    assert told.replays == [tmp_path / "factors-1.h5"]
    assert not told.look()


def test_one_that_goes_on_elsewhere_is_told_and_one_that_comes_back_is_shown(told):
    told.file.remove()
    assert told.look()
    assert told.lines()[0].startswith("factors  gone")
    told.tell(5)
    assert told.look()
    assert told.lines()[0].startswith("factors  under way")


def test_a_status_of_another_version_is_told_as_status_tells_it(told):
    (told.file.folder / NAME).write_text('{"version": 99}')
    assert told.look()
    lines = told.lines()
    assert lines[0].startswith("factors  unreadable")
    assert "has version 99 of the status; this hpcd4p reads version" in " ".join(lines)


def test_escape_leaves_the_page_of_the_run(told):
    told.lines()
    told.viewer.press("?")
    assert told.viewer.press("escape") is True
    assert told.viewer.press("escape") is None
