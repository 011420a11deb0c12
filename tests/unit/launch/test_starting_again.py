"""Which ends of a run are followed by another start, and with which words."""

from __future__ import annotations

import json

import pytest

from hpcd4p.checkpoint.place import JOURNAL
from hpcd4p.errors import Interrupted, MpiSetupError, RankLost
from hpcd4p.launch.starting_again import Ended, StartingAgain, newest
from hpcd4p.launch.status_note import (
    BEGUN,
    RESTARTED_VARIABLE,
    STATUS_VARIABLE,
    Rest,
    StatusNote,
    leave_note,
    leave_rest,
    restarted_because,
)

DIED = "rank 2, which held the state of Count, died 3.1 s into the run; start it again"


@pytest.fixture
def folder(tmp_path):
    make(tmp_path, 4)
    (tmp_path / "epoch-000005.part").mkdir()
    return str(tmp_path)


def make(path, epoch):
    (path / f"epoch-{epoch:06}").mkdir()
    (path / f"epoch-{epoch:06}" / "manifest").touch()


def test_the_newest_complete_checkpoint_is_found(folder):
    epoch, age_s = newest(folder)
    assert epoch == 4
    assert 0 <= age_s < 60
    assert newest("") == (0, 0.0)
    assert newest(folder + "/nothing") == (0, 0.0)


def test_after_a_death_it_goes_on_and_says_so(folder, capfd):
    again = StartingAgain(3)
    assert again.again(Ended(3, None, False, Rest(folder, True, DIED)))
    said = capfd.readouterr().err
    assert (
        "rank 2, which held the state of Count, died 3.1 s into the run; it goes on from checkpoint 4" in said
    )
    assert "are lost (start 1 of 3 from there)" in said
    assert said.count("\n") == 1
    assert again.words(["run", "w.py", "--", "x"]) == ["run", "--resume", folder, "w.py", "--", "x"]
    assert again.words(["run", "--resume", folder]) == ["run", "--resume", folder]
    ((why, age_s),) = json.loads(again.variables()[RESTARTED_VARIABLE])
    assert why.startswith("rank 2, which")
    assert 0 <= age_s < 60


@pytest.mark.parametrize(
    ("status", "error", "asked", "died"),
    [
        (0, None, False, True),
        (1, None, False, True),
        (2, None, False, True),
        (70, None, False, True),
        (3, None, True, True),  # Ctrl-C
        (3, None, False, False),  # rank 0 heard a signal, or somebody else writes to its Redis
        (None, Interrupted("x"), True, True),
        (None, MpiSetupError("x"), False, True),
    ],
)
def test_another_end_is_an_end(folder, status, error, asked, died):
    assert not StartingAgain(3).again(Ended(status, error, asked, Rest(folder, died)))


def test_a_rank_0_that_dies_before_it_has_said_anything_is_started_again(folder, capfd):
    again = StartingAgain(2)
    killed = RankLost("rank 0 was killed: Open MPI ended with status 137")
    assert again.again(Ended(None, killed, False, Rest(folder)))
    assert again.again(Ended(None, killed, False, Rest("")))
    assert not again.again(Ended(None, killed, False, Rest("")))
    assert (
        "rank 0 was killed; that was start 2 from checkpoint 4 without a newer one" in capfd.readouterr().err
    )
    assert again.folder == folder


def test_without_checkpoints_nothing_is_said(tmp_path, capfd):
    for rest in (Rest(""), Rest(str(tmp_path))):
        assert not StartingAgain(3).again(Ended(None, RankLost("x"), False, rest))
    assert capfd.readouterr().err == ""


def test_without_a_checkpoint_it_is_said_where_the_outputs_are(tmp_path, capfd):
    folder = tmp_path / "a run"
    folder.mkdir()
    (folder / JOURNAL).touch()
    rest = Rest(str(folder))
    assert not StartingAgain(3).again(Ended(None, RankLost("x"), False, rest))
    said = capfd.readouterr().err
    assert f"the run had no checkpoint yet; `hpcd4p show '{folder}'` has what came out so far" in said
    assert not StartingAgain(3).again(Ended(3, None, False, rest))  # rank 0 has said it
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("several_nodes", [False, True])
def test_what_rank_0_says_stands_beside_its_word(several_nodes, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with StatusNote(several_nodes) as note:
        monkeypatch.setenv(STATUS_VARIABLE, note.path)
        assert note.rest() == Rest("")
        long = "/" + "ö" * 200
        assert leave_rest(Rest(long, True, ""))
        assert note.word() == ""
        leave_note(f"{BEGUN} 7")
        assert (note.word(), note.head()) == ("begun 7", 7)
        assert note.rest() == Rest(long, True, "")
        assert leave_rest(Rest("/f", False, "stopped"))
        leave_note("3")
        assert (note.status(), note.rest()) == (3, Rest("/f", False, "stopped"))
    monkeypatch.delenv(STATUS_VARIABLE)
    assert not leave_rest(Rest("/f"))


def test_ranks_hear_why_they_were_started_again(monkeypatch):
    monkeypatch.setenv(RESTARTED_VARIABLE, '[["a", 1], ["b", 2.5]]')
    assert restarted_because() == [("a", 1.0), ("b", 2.5)]
    for foreign in ("{", "{}", "7", '["a"]', '[["a", "b"]]', "[[1, 2, 3]]"):
        monkeypatch.setenv(RESTARTED_VARIABLE, foreign)
        assert restarted_because() == []
