"""Folder and journal of a run are made when it is worth it; what of them is of use if the record is not."""

from __future__ import annotations

import shutil

import pytest

from hpcd4p.launch.checkpoint_files import RECORD_BYTES, CheckpointFiles
from hpcd4p.launch.later import what_is_kept
from tests.unit.checkpoint.test_folder import IDENTITY, write


@pytest.fixture
def files(tmp_path):
    made = CheckpointFiles(tmp_path / "run.checkpoints", IDENTITY)
    made.held.append(b"7")
    yield made
    made.end(remove=True)


def test_nothing_is_made_before_it_is_asked_for(files, tmp_path):
    assert (files.are_there, files.epochs, list(tmp_path.iterdir())) == (False, [], [])
    assert list(files.journal.entries()) == [b"7"]
    assert files.are_there
    assert (tmp_path / "run.checkpoints" / "run.json").exists()


def test_a_folder_that_somebody_removes_has_no_checkpoints(files):
    write(files.folder, 1)
    assert files.epochs == [1]
    shutil.rmtree(files.path)
    assert files.epochs == []


def test_without_a_folder_nothing_is_kept(files):
    assert what_is_kept(files, complete=True) == ""
    assert not files.are_there


def test_with_a_checkpoint_no_output_is_lost(files):
    write(files.folder, 1)
    assert what_is_kept(files, complete=False).startswith("no output is lost")


def test_without_one_the_journal_has_what_came_unless_it_is_not_complete_or_gone(files):
    files.set_up()
    assert what_is_kept(files, complete=False) == ""
    assert f"is in {files.path}: " in what_is_kept(files, complete=True)
    assert files.journal.size > files.journal.begins
    shutil.rmtree(files.path)
    assert what_is_kept(files, complete=True) == ""


@pytest.mark.parametrize("epochs", [0, 1])
def test_a_journal_that_takes_no_more_gives_its_room_back_unless_a_checkpoint_needs_it(files, epochs):
    files.give_room()  # it is not there yet
    for epoch in range(epochs):
        write(files.folder, epoch + 1)
    files.journal.end()
    files.give_room()
    assert (files.journal.size > files.journal.begins) == bool(epochs)


def test_the_record_counts_more_where_it_lies_beside(files):
    assert files.journal.reserve == 0
    files.lie_beside_the_record()
    assert files.journal.reserve == RECORD_BYTES


def test_also_before_there_is_a_journal(files):
    files.lie_beside_the_record()
    assert files.journal.reserve == RECORD_BYTES
