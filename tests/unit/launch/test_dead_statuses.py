"""What is left of runs that were killed: their status."""

from __future__ import annotations

import os
import time

import pytest

from hpcd4p.launch.leftovers import AGE_S, STATUS, find, remove
from hpcd4p.live.document import ENDED
from hpcd4p.live.file import StatusFile
from hpcd4p.processes import began
from tests.unit.live.documents import document, identity

HERE = os.uname().nodename
NOBODY = 2**22 + 1
"""No process has this number."""


def leave(folder, written: float, **given) -> None:
    state = given.pop("state", "running")
    usual = {"host": HERE, "pid": NOBODY, "user": os.getuid()}
    StatusFile(folder).write(document(written=written, state=state, run=identity(**{**usual, **given})))


@pytest.mark.parametrize(
    ("given", "goes"),
    [
        ({}, True),
        ({"state": ENDED}, True),
        ({"user": os.getuid() + 1}, False),  # somebody else's
        ({"host": "elsewhere"}, False),  # it may live
        ({"pid": os.getpid(), "began": began(os.getpid())}, False),  # it lives
    ],
)
def test_what_dead_runs_of_mine_have_told_goes(tmp_path, given, goes):
    leave(tmp_path / "study" / "a.live", time.time() - 2 * AGE_S, **given)
    left = [each for each in find([tmp_path], tmp_path) if each.kind == STATUS]
    assert bool(left) == goes
    assert remove(left) == left
    assert (tmp_path / "study" / "a.live").exists() == (not goes)


def test_what_has_just_died_stays_for_whoever_looks(tmp_path):
    leave(tmp_path / "a.live", time.time() - AGE_S / 2)
    assert [each for each in find([tmp_path], tmp_path) if each.kind == STATUS] == []
