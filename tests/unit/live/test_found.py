from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest

from hpcd4p.live.document import ENDED, to_text
from hpcd4p.live.file import NAME, StatusFile
from hpcd4p.live.found import (
    FRESH_S,
    SILENT_S,
    FoundRun,
    Life,
    Unreadable,
    found,
    is_there,
    life_of,
    runs_in,
)
from hpcd4p.processes import began
from tests.unit.live.documents import document, identity

HERE, ELSEWHERE = "here", "n17"
FRESH, STALE, LONG = 1.0, 1.0 + FRESH_S + 0.1, SILENT_S + 0.1


@pytest.mark.parametrize(
    ("host", "silent_s", "lives", "jobs", "life"),
    [
        (HERE, FRESH, True, None, Life.UNDER_WAY),
        (HERE, FRESH, False, None, Life.UNDER_WAY),  # it may be in a container
        (HERE, STALE, True, None, Life.UNDER_WAY),  # an element has been in one call since
        (HERE, LONG, True, None, Life.UNDER_WAY),
        (HERE, STALE, False, None, Life.DEAD),
        (ELSEWHERE, STALE, False, None, Life.UNDER_WAY),  # its process cannot be seen
        (ELSEWHERE, LONG, True, None, Life.SILENT),
        (ELSEWHERE, LONG, False, {"5"}, Life.SILENT),
        (ELSEWHERE, STALE, False, {"6"}, Life.DEAD),  # its job has gone
    ],
)
def test_whether_it_lives_is_told_by_its_last_word_its_process_and_its_job(host, silent_s, lives, jobs, life):
    status = document(run=identity(host=host, job="5"))
    assert life_of(status, silent_s, HERE, lives, jobs) is life


def test_one_that_has_ended_without_a_record_says_so_itself():
    assert life_of(document(state=ENDED), FRESH, HERE, True, None) is Life.ENDED


def test_a_process_is_known_by_its_start_for_numbers_are_used_again():
    mine = identity(pid=os.getpid(), began=began(os.getpid()))
    assert is_there(mine)
    assert not is_there(replace(mine, began=mine.began - 60.0))


def test_all_runs_of_a_folder_are_found_by_name(tmp_path):
    for name in ("b", "a"):
        StatusFile(tmp_path / f"{name}.live").write(document(written=time.time()))
    StatusFile(tmp_path / "study" / "c.live").write(document())
    (tmp_path / "empty.live").mkdir()
    (tmp_path / "a.h5").touch()
    assert [run.folder.name for run in runs_in(tmp_path)] == ["a.live", "b.live"]
    assert [run.folder.name for run in runs_in(tmp_path, below=True)] == ["a.live", "b.live", "c.live"]
    assert list(runs_in(tmp_path / "nowhere")) == []


def test_one_of_another_version_is_told_and_hides_no_other(tmp_path):
    StatusFile(tmp_path / "a.live").write(document())
    (tmp_path / "b.live").mkdir()
    (tmp_path / "b.live" / NAME).write_text(to_text(document(version=99)))
    a, b = runs_in(tmp_path)
    assert isinstance(a, FoundRun)
    assert isinstance(b, Unreadable)
    assert "version 99" in b.why


def test_one_that_may_not_be_read_is_told(tmp_path, monkeypatch):
    def refuse(folder):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("hpcd4p.live.found.read_status", refuse)
    told = found(tmp_path / "a.live")
    assert isinstance(told, Unreadable)
    assert told.why == f"{tmp_path / 'a.live' / NAME} cannot be read: Permission denied"
