from __future__ import annotations

import os

import pytest

from hpcd4p.live.document import CLOSING, ENDED, STARTING
from hpcd4p.live.file import StatusFile, read_status
from hpcd4p.live.found import is_there
from hpcd4p.live.run import LiveRun, own_memory, resident_bytes
from hpcd4p.record.summary import Summary
from tests.unit.live.documents import document, identity


@pytest.fixture
def live(tmp_path):
    return LiveRun(tmp_path / "a.h5", "work", "hybrid", 4, tmp_path / "kept.checkpoints")


def tell(live: LiveRun, **given) -> None:
    live.tell(document(run=live.identity, **given))


def test_it_says_which_run_it_is(live, tmp_path):
    mine = live.identity
    assert (mine.workflow, mine.mapping, mine.ranks, mine.pid) == ("work", "hybrid", 4, os.getpid())
    assert mine.record == str(tmp_path / "a.h5")
    assert mine.checkpoints == str(tmp_path / "kept.checkpoints")
    assert is_there(mine)


def test_before_the_first_status_there_is_nothing_and_nothing_to_remove(live, tmp_path):
    live.closing(Summary("work"))
    live.end("it never began")
    live.end()
    assert list(tmp_path.iterdir()) == []


def test_while_the_record_is_written_it_says_so(live, tmp_path):
    tell(live)
    live.closing(Summary("work"))
    assert read_status(tmp_path / "a.live").state == CLOSING


def test_with_its_record_it_is_gone(live, tmp_path):
    with live:
        tell(live)
        assert (tmp_path / "a.live").exists()
    assert not (tmp_path / "a.live").exists()


def test_without_a_record_it_says_why(live, tmp_path):
    tell(live)
    with pytest.raises(OSError, match="full"), live:
        raise OSError("the disk is full")
    left = read_status(tmp_path / "a.live")
    assert (left.state, left.reason) == (ENDED, "the disk is full")


def test_an_end_without_words_has_the_name_of_its_cause(live, tmp_path):
    tell(live)
    with pytest.raises(KeyboardInterrupt), live:
        raise KeyboardInterrupt
    assert read_status(tmp_path / "a.live").reason == "KeyboardInterrupt"


def test_a_run_that_goes_on_takes_the_place_of_the_dead_one(live, tmp_path):
    kept = str(tmp_path / "kept.checkpoints")
    for name, checkpoints in (("dead", kept), ("other", "/r/other.checkpoints"), ("none", "")):
        status = document(run=identity(checkpoints=checkpoints))
        StatusFile(tmp_path / f"{name}.live").write(status)
    tell(live)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.live", "none.live", "other.live"]


def test_one_without_checkpoints_takes_nobodys_place(tmp_path):
    StatusFile(tmp_path / "none.live").write(document())
    live = LiveRun(tmp_path / "a.h5", "work", "hybrid", 4)
    tell(live)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.live", "none.live"]


def test_the_folder_stays_where_it_was_whatever_an_element_does(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    live = LiveRun(tmp_path.relative_to(tmp_path) / "a.h5", "work", "hybrid", 4)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    tell(live)
    assert (tmp_path / "a.live").exists()


def test_the_memory_of_a_process_that_is_gone_is_not_known():
    assert resident_bytes(2**22 + 1) is None
    assert own_memory().ranks[0] > 1 << 20


# ---- the start


def test_while_ranks_are_missing_it_says_that_it_starts(live, tmp_path):
    live.starting()
    left = read_status(tmp_path / "a.live")
    assert (left.state, left.run, left.limits) == (STARTING, live.identity, [])


def test_a_run_that_never_began_leaves_nothing(live, tmp_path):
    live.starting()
    with pytest.raises(OSError, match="gone"), live:
        raise OSError("a rank is gone")
    assert not (tmp_path / "a.live").exists()


def test_a_run_that_ends_before_its_first_status_leaves_nothing(live, tmp_path):
    with live:
        live.starting()
        live.closing(Summary("work"))
        assert read_status(tmp_path / "a.live").state == STARTING
    assert not (tmp_path / "a.live").exists()


def test_one_that_starts_does_not_take_the_place_of_a_dead_one_yet(tmp_path):
    StatusFile(tmp_path / "dead.live").write(document(run=identity(checkpoints=str(tmp_path / "c"))))
    again = LiveRun(tmp_path / "a.h5", "work", "hybrid", 4, tmp_path / "c")
    again.starting()
    assert (tmp_path / "dead.live").exists()
    tell(again)
    assert not (tmp_path / "dead.live").exists()
