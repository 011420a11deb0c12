"""Keeps checkpoints only where there is room for them."""

from __future__ import annotations

import errno
from types import SimpleNamespace

import pytest

from hpcd4p.checkpoint.durable import not_written
from hpcd4p.checkpoint.folder import Folder
from hpcd4p.checkpoint.journal import Journal
from hpcd4p.checkpoint.sealed import SealedWriter
from hpcd4p.errors import CheckpointError
from hpcd4p.runtime.head.file_keeper import FileKeeper
from hpcd4p.runtime.head.keeper import row_of
from hpcd4p.wire.cut_reports import Saved
from hpcd4p.wire.statistics import Statistics


@pytest.fixture
def folder(tmp_path):
    made = Folder.create(tmp_path / "c", {"words": []})
    yield made
    made.remove()


@pytest.fixture
def keeper(folder):
    made = keeper_of(folder)
    yield made
    made.close()


def keeper_of(folder, size=0):
    journal = Journal(folder.journal, folder.key, None)
    return FileKeeper(folder, journal, lambda: "", lambda row: {"row": row}, lambda fixed: b"head", size)


def keep(keeper, folder, epoch, size, needs=()):
    """Have rank 1 save so many bytes, and the checkpoint completed; gives why it was not."""
    keeper.begin(epoch)
    (part,) = folder.path.glob("*.part")
    keeper.fix(epoch, SimpleNamespace(snapshot=SimpleNamespace(stats=Statistics()), elapsed_s=5.0))
    with SealedWriter(part / "rank-1", folder.key, epoch) as file:
        file.write(bytes(size))
    saved = [Saved(1, epoch, file.sealed.size, file.sealed.digest, needs=needs)]
    keeper.complete(epoch, saved, row_of(epoch, 5.0, 0, 0.0, 0.1, saved))
    while not (kept := keeper.ended()):
        pass
    return kept[0].why_not


def test_one_that_will_not_fit_is_not_begun_and_told_in_the_same_words(keeper, folder, monkeypatch):
    assert keep(keeper, folder, 1, 100_000) == ""
    told = []
    for free in (90_000, 80_000):
        monkeypatch.setattr(folder, "free", lambda free=free: free)
        with pytest.raises(CheckpointError, match=r"has 90,000 bytes free, .* takes 100,\d\d\d") as e:
            keeper.begin(2)
        told.append(str(e.value))
    assert told[0] == told[1]
    assert list(folder.path.glob("*.part")) == []
    monkeypatch.setattr(folder, "free", lambda: 200_000)
    assert keep(keeper, folder, 2, 1000) == ""
    monkeypatch.setattr(folder, "free", lambda: 2000)
    keeper.begin(3)  # the last one counts


def test_before_all_is_written_again_there_must_be_room_for_all(keeper, folder, monkeypatch):
    assert keep(keeper, folder, 1, 100_000) == ""
    assert keep(keeper, folder, 2, 1000, (1,)) == ""
    monkeypatch.setattr(folder, "free", lambda: 5000)
    keeper.begin(3)  # changes of 1000 bytes
    monkeypatch.undo()
    assert keep(keeper, folder, 3, 110_000, (1, 2)) == ""
    monkeypatch.setattr(folder, "free", lambda: 61_000)
    with pytest.raises(CheckpointError, match=r"takes 100,\d\d\d"):
        keeper.begin(4)


def test_after_one_that_did_not_fit_there_must_be_more_room(keeper, folder, monkeypatch):
    monkeypatch.setattr(folder, "free", lambda: 90_000)
    keeper.begin(1)
    keeper.give_up(1)
    keeper.begin(2)  # it was not for want of room
    keeper.give_up(2, no_room=True)
    for free in (90_000, 80_000):
        monkeypatch.setattr(folder, "free", lambda free=free: free)
        with pytest.raises(CheckpointError, match=r"has 90,000 bytes free, .* takes 90,001 or more"):
            keeper.begin(3)
    monkeypatch.setattr(folder, "free", lambda: 90_001)
    keeper.begin(3)


def test_so_it_is_if_rank_0_finds_no_room(keeper, folder, monkeypatch):
    monkeypatch.setattr(folder, "free", lambda: 90_000)
    with monkeypatch.context() as full:
        full.setattr(folder, "complete", full_disk)
        assert "No space left" in keep(keeper, folder, 1, 10)
    with pytest.raises(CheckpointError, match="make room"):
        keeper.begin(2)


def full_disk(epoch, facts):
    raise not_written("manifest", OSError(errno.ENOSPC, "No space left on device"))


def test_a_run_that_goes_on_knows_how_large_its_last_one_was(folder, monkeypatch):
    keeper = keeper_of(folder, 5000)
    monkeypatch.setattr(folder, "free", lambda: 4999)
    with pytest.raises(CheckpointError, match="make room"):
        keeper.begin(1)
    keeper.close()
