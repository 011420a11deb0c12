"""Folders of runs that were killed before their first checkpoint are found and removed, and no others."""

from __future__ import annotations

import os
import time

import pytest

from hpcd4p.checkpoint.barren import barren, remove_barren
from hpcd4p.checkpoint.folder import Folder
from tests.unit.checkpoint.test_folder import IDENTITY, write

AGE_S = 60.0


def made(path, *, epochs=0, lives=False, old=True):
    folder = Folder.create(path, IDENTITY)
    for epoch in range(epochs):
        write(folder, epoch + 1)
    if not lives:
        folder.unlock()
    if old:
        before = time.time() - 2 * AGE_S
        for each in path.iterdir():
            os.utime(each, (before, before))
    return folder


@pytest.fixture
def results(tmp_path):
    made(tmp_path / "dead.checkpoints")
    made(tmp_path / "study" / "dead.checkpoints")
    made(tmp_path / "can-go-on.checkpoints", epochs=1)
    made(tmp_path / "young.checkpoints", old=False)
    (tmp_path / "other.checkpoints").mkdir()
    (tmp_path / "damaged.checkpoints").mkdir()
    (tmp_path / "damaged.checkpoints" / "run.json").write_text("[")
    living = made(tmp_path / "lives.checkpoints", lives=True)
    yield tmp_path
    living.unlock()


def test_those_of_the_dead_that_have_none_are_found(results):
    found = [str(each.relative_to(results)) for each in barren(results, AGE_S)]
    assert found == ["dead.checkpoints", "study/dead.checkpoints"]


def test_they_are_removed_unless_they_are_in_use_by_then_or_have_one(results):
    for each in results.glob("*.checkpoints"):
        remove_barren(each)
    left = {each.name.partition(".")[0] for each in results.glob("*.checkpoints")}
    assert left == {"can-go-on", "other", "damaged", "lives"}
    assert not [each.name for each in results.glob("lives.checkpoints/*") if each.name == "epoch-000001"]


def test_where_there_is_no_folder_there_is_nothing(tmp_path):
    assert list(barren(tmp_path / "none", AGE_S)) == []
