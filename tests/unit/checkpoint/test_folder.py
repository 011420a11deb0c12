"""A folder of checkpoints: nothing half-written looks complete, and what is there is the run's own."""

from __future__ import annotations

import json
import os
import stat
from itertools import count
from pathlib import Path

import pytest

from hpcd4p.checkpoint.folder import KEPT, Folder
from hpcd4p.checkpoint.header import VERSION
from hpcd4p.checkpoint.journal import Journal
from hpcd4p.checkpoint.sealed import SealedWriter, open_sealed, stamp
from hpcd4p.errors import (
    CheckpointError,
    CheckpointInUse,
    CheckpointNotWritten,
    NotSealed,
    OtherVersion,
    SealBroken,
)
from tests.unit.checkpoint.crash import before_step, full_disk, killed_at, read_only

IDENTITY = {"hpcd4p": "0.1.0", "workflow": "words"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.checkpoint"


@pytest.fixture
def folder(path):
    folder = Folder.create(path, IDENTITY)
    yield folder
    folder.unlock()


def write(folder: Folder, epoch: int, size: int = 100, **facts: object) -> Path:
    """An epoch of two files."""
    part = folder.begin(epoch)
    files = {}
    for name in ("head", "rank-3"):
        with SealedWriter(part / name, folder.key, epoch) as file:
            file.write(b"%d" % epoch * size)
        assert file.sealed is not None
        files[name] = file.sealed[1:]
    return folder.complete(epoch, {"files": files, **facts})


def names(path: Path) -> set[str]:
    return {each.name for each in path.iterdir()}


def damage(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


# ---- a run begins


def test_what_was_created_is_opened(path, folder):
    again = Folder.open(path)
    assert again.key == folder.key
    assert len(again.key) == 32
    assert again.identity == IDENTITY
    assert names(path) == {"run.json", "key", "lock"}
    assert again.latest() is None
    assert json.loads((path / "run.json").read_text())["workflow"] == "words"


def test_a_run_that_has_a_secret_already_keeps_that(path):
    folder = Folder.create(path, IDENTITY, bytes(range(32)))
    folder.unlock()
    assert folder.key == Folder.open(path).key == bytes(range(32))


def test_others_can_neither_look_into_it_nor_read_what_is_in_it(path):
    before = os.umask(0)
    try:
        folder = Folder.create(path, IDENTITY)
        write(folder, 1)
    finally:
        os.umask(before)
    folder.unlock()
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for each in path.rglob("*"):
        assert stat.S_IMODE(each.stat().st_mode) == (0o700 if each.is_dir() else 0o600), each


def test_a_folder_that_is_there_and_empty_is_taken_and_closed_to_others(path):
    path.mkdir(mode=0o755)
    Folder.create(path, IDENTITY).unlock()
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_folder_with_other_files_is_left_alone(path):
    path.mkdir()
    (path / "thesis.tex").write_text("")
    with pytest.raises(CheckpointError, match=r"other files \(thesis.tex, for one\)"):
        Folder.create(path, IDENTITY)
    assert names(path) == {"thesis.tex"}


def test_a_run_that_can_be_resumed_is_not_begun_anew(path, folder):
    write(folder, 1)
    folder.unlock()
    with pytest.raises(CheckpointError, match=r"has not finished.*hpcd4p resume"):
        Folder.create(path, IDENTITY)
    assert Folder.open(path).epochs() == [1]


def test_what_a_run_has_left_that_nobody_can_go_on_with_is_in_nobodys_way(path, folder):
    Journal(folder.journal, folder.key).close()
    with pytest.raises(CheckpointInUse):
        Folder.create(path, IDENTITY)
    folder.unlock()
    again = Folder.create(path, IDENTITY | {"workflow": "other"})
    again.unlock()
    assert again.key != folder.key
    assert Folder.open(path).identity["workflow"] == "other"
    assert names(path) == {"run.json", "key", "lock"}


@pytest.mark.parametrize("happens", [full_disk, read_only])
def test_a_folder_that_cannot_be_made_leaves_nothing_and_one_class_of_error(path, happens):
    for step in count():
        with before_step(step, happens) as seen:
            try:
                folder = Folder.create(path, IDENTITY)
            except CheckpointNotWritten:
                assert not path.exists() or names(path) == set()
                folder = Folder.create(path, IDENTITY)
        assert Folder.open(path).key == folder.key
        folder.remove()
        assert not path.exists()
        if step >= len(seen):
            break
    assert step > 12


def test_killed_while_it_is_made_it_can_be_made_again(path):
    for step in count():
        killed = killed_at(step, lambda: Folder.create(path, IDENTITY))
        if not killed:
            break
        if path.exists() and "run.json" not in names(path):
            Folder.create(path, IDENTITY).remove()
            assert not path.exists()
        elif path.exists():
            folder = Folder.open(path)
            folder.lock()
            folder.remove()
    assert step > 8


def test_a_file_is_no_folder(path):
    path.write_text("")
    with pytest.raises(CheckpointNotWritten, match="cannot be written"):
        Folder.create(path, IDENTITY)
    with pytest.raises(NotSealed, match="has no checkpoints"):
        Folder.open(path)


def test_there_is_nothing_to_open(path):
    with pytest.raises(NotSealed, match="has no checkpoints: they are removed when a run has finished"):
        Folder.open(path)
    path.mkdir()
    with pytest.raises(NotSealed):
        Folder.open(path)


def test_another_version_is_named_with_the_hpcd4p_that_wrote_it(path, folder):
    run = path / "run.json"
    run.write_text(run.read_text().replace(f'"version": {VERSION}', '"version": 99'))
    with pytest.raises(OtherVersion, match=r"resume with hpcd4p 0\.1\.0"):
        Folder.open(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null"])
def test_a_description_that_nobody_can_read_is_damaged(path, folder, text):
    (path / "run.json").write_text(text)
    with pytest.raises(SealBroken, match=r"run\.json has changed"):
        Folder.open(path)


# ---- one at a time


def test_the_second_one_is_told_who_has_it_and_since_when(path, folder):
    again = Folder.open(path)
    with pytest.raises(
        CheckpointInUse, match=rf"process {os.getpid()} on {os.uname().nodename} since 2\d\d\d-"
    ):
        again.lock()
    folder.unlock()
    again.lock()
    with pytest.raises(CheckpointInUse):
        folder.lock()
    again.unlock()


def test_a_run_that_has_finished_meanwhile_cannot_be_locked(path, folder):
    again = Folder.open(path)
    folder.remove()
    with pytest.raises(CheckpointError):
        again.lock()
    path.mkdir()
    with pytest.raises(NotSealed):
        again.lock()
    assert names(path) == set()


# ---- epochs


def test_an_epoch_is_not_there_before_it_is_complete(path, folder):
    part = folder.begin(1)
    assert part.name == "epoch-000001.part"
    assert folder.epochs() == []
    assert folder.latest() is None
    assert write(folder, 1) == path / "epoch-000001"
    found = folder.latest()
    assert found is not None
    assert (found.epoch, found.path, found.refused) == (1, path / "epoch-000001", [])
    with open_sealed(found.path / "rank-3", folder.key, 1, found.digest("rank-3")) as file:
        assert file.read() == b"1" * 100


def test_the_manifest_gives_back_what_the_head_put_in(folder):
    write(folder, 3, counts={"a": [1, 2]})
    found = folder.latest()
    assert found is not None
    assert found.manifest["counts"] == {"a": [1, 2]}
    assert found.manifest["epoch"] == 3


def test_the_last_two_are_kept(path, folder):
    for epoch in (1, 2, 5, 9):
        write(folder, epoch)
    assert KEPT == 2
    assert folder.epochs() == [9, 5]
    assert names(path) == {"run.json", "key", "lock", "epoch-000005", "epoch-000009"}


def test_a_large_number_is_newer(folder):
    write(folder, 999_999)
    write(folder, 1_000_000)
    assert folder.epochs() == [1_000_000, 999_999]


def test_what_was_begun_and_not_completed_goes(path, folder):
    write(folder, 1)
    (folder.begin(2) / "rank-3").write_bytes(b"half")
    folder.begin(3)
    assert names(path) == {"run.json", "key", "lock", "epoch-000001", "epoch-000003.part"}
    folder.abandon()
    assert names(path) == {"run.json", "key", "lock", "epoch-000001"}


def test_epochs_only_grow(folder):
    write(folder, 2)
    with pytest.raises(AssertionError, match="epoch 2 is not newer than 2"):
        folder.begin(2)


@pytest.mark.parametrize("how", ["missing", "shorter", "another"])
def test_a_file_that_the_head_does_not_find_as_reported_is_told(folder, how):
    part = folder.begin(1)
    with SealedWriter(part / "rank-3", folder.key, 1) as file:
        file.write(b"x")
    assert file.sealed is not None
    if how == "missing":
        (part / "rank-3").unlink()
    elif how == "shorter":
        (part / "rank-3").write_bytes((part / "rank-3").read_bytes()[:-1])
    else:
        with SealedWriter(part / "rank-3", folder.key, 1) as other:
            other.write(b"y")
    with pytest.raises(CheckpointNotWritten, match="is the folder the same on all nodes"):
        folder.complete(1, {"files": {"rank-3": file.sealed[1:]}})
    assert folder.epochs() == []


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("name", ["manifest", "rank-3", "head"])
def test_where_the_newest_is_gone_the_one_before_is_found_and_why_is_told(folder, name, whole):
    write(folder, 1)
    (write(folder, 2) / name).unlink()
    found = folder.latest(whole=whole)
    assert found is not None
    assert found.epoch == 1
    (reason,) = found.refused
    assert reason.startswith("checkpoint 2: ")
    assert name in reason


def test_where_the_newest_is_damaged_the_one_before_is_found(folder):
    write(folder, 1)
    damage(write(folder, 2) / "rank-3")
    found = folder.latest()
    assert found is not None
    assert found.epoch == 1
    assert "rank-3 has changed since it was written" in found.refused[0]
    # not read as a whole: whoever opens the file sees it
    later = folder.latest(whole=False)
    assert later is not None
    with pytest.raises(SealBroken):
        open_sealed(later.path / "rank-3", folder.key, 2, later.digest("rank-3"))


def test_gone_back_the_damaged_one_does_not_push_the_good_one_out(folder):
    write(folder, 1)
    damage(write(folder, 2) / "rank-3")
    folder.back_to(1)
    assert folder.epochs() == [1]
    write(folder, 2)
    assert folder.epochs() == [2, 1]
    assert folder.latest().epoch == 2


def test_where_all_are_damaged_all_reasons_are_told(folder):
    damage(write(folder, 1) / "head")
    damage(write(folder, 2) / "manifest")
    with pytest.raises(SealBroken, match=r"start it again: checkpoint 2: .*manifest.*; checkpoint 1: .*head"):
        folder.latest()


def test_an_epoch_under_another_number_is_refused(path, folder):
    write(folder, 1)
    (path / "epoch-000001").rename(path / "epoch-000004")
    with pytest.raises(SealBroken, match="of epoch 1"):
        folder.latest()


def test_a_journal_that_is_shorter_than_its_checkpoint_is_told(folder):
    journal = Journal(folder.journal, folder.key)
    journal.append(b"one")
    first = journal.end()
    write(folder, 1, journal=first)
    journal.append(b"two")
    write(folder, 2, journal=journal.end())
    assert folder.latest().epoch == 2
    journal.cut_back(first)
    found = folder.latest()
    assert found.epoch == 1
    assert "outputs.journal" in found.refused[0]
    journal.close()


# ---- files that refer to older ones


def chained(folder: Folder, epoch: int, *older: int, name: str = "rank-3") -> Path:
    """An epoch of two files, of which one refers to that of older ones."""
    part = folder.begin(epoch)
    files = {}
    for each in ("head", "rank-3"):
        with SealedWriter(part / each, folder.key, epoch) as file:
            file.write(b"%d" % epoch * 100)
        assert file.sealed is not None
        files[each] = file.sealed[1:]
    refers = []
    for e in older:
        home = folder.path / f"epoch-{e:06}"
        found = stamp(home / name) or stamp(home.with_suffix(".base") / name)
        assert found is not None
        refers.append((e, *found[1:]))
    return folder.complete(epoch, {"files": files, "older": {name: refers} if refers else {}})


def test_what_the_kept_ones_refer_to_is_kept_and_nothing_else(path, folder):
    chained(folder, 1)
    chained(folder, 2, 1)
    chained(folder, 3, 1, 2)
    chained(folder, 4, 1, 2, 3)
    assert folder.epochs() == [4, 3]
    assert {each.name for each in path.glob("epoch-*")} == {
        "epoch-000001.base", "epoch-000002.base", "epoch-000003", "epoch-000004",
    }  # fmt: skip
    assert names(path / "epoch-000001.base") == {"rank-3"}
    found = folder.latest()
    assert [(each.epoch, Path(each.path).parent.name) for each in found.older()["rank-3"]] == [
        (1, "epoch-000001.base"), (2, "epoch-000002.base"), (3, "epoch-000003"),
    ]  # fmt: skip
    for each in found.older()["rank-3"]:
        with open_sealed(each.path, folder.key, each.epoch, each.digest) as file:
            assert file.read() == b"%d" % each.epoch * 100
    chained(folder, 5)
    chained(folder, 6)
    assert {each.name for each in path.glob("epoch-*")} == {"epoch-000005", "epoch-000006"}


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("epoch", [1, 2])
def test_without_an_older_file_an_epoch_is_not_complete(path, folder, whole, epoch):
    chained(folder, 1)
    chained(folder, 2, 1)
    chained(folder, 3)
    chained(folder, 4, 1, 2)
    (next(path.glob(f"epoch-{epoch:06}*")) / "rank-3").unlink()
    found = folder.latest(whole=whole)
    assert found.epoch == 3
    assert "rank-3" in found.refused[0]


def test_an_older_file_that_has_changed_is_found(path, folder):
    chained(folder, 1)
    chained(folder, 2)
    chained(folder, 3, 1)
    damage(path / "epoch-000001.base" / "rank-3")
    found = folder.latest()
    assert found.epoch == 2
    assert "rank-3 has changed" in found.refused[0]


def test_an_epoch_whose_older_file_is_gone_is_not_completed(path, folder):
    chained(folder, 1)
    found = stamp(path / "epoch-000001" / "rank-3")
    assert found is not None
    older = [(1, *found[1:])]
    (path / "epoch-000001" / "rank-3").unlink()
    part = folder.begin(2)
    with SealedWriter(part / "rank-3", folder.key, 2) as file:
        file.write(b"x")
    assert file.sealed is not None
    with pytest.raises(CheckpointNotWritten, match=r"rank-3 is gone, and .*epoch-000002 needs it"):
        folder.complete(2, {"files": {"rank-3": file.sealed[1:]}, "older": {"rank-3": older}})
    assert folder.epochs() == [1]


def test_where_a_kept_manifest_is_damaged_nothing_is_removed(path, folder):
    chained(folder, 1)
    damage(chained(folder, 2, 1) / "manifest")
    chained(folder, 3, 1)
    assert folder.epochs() == [3, 2, 1]


def test_when_the_run_has_finished_older_files_go_too(path, folder):
    for epoch in (1, 2, 3):
        chained(folder, epoch, *range(1, epoch))
    folder.remove()
    assert not path.exists()


def test_killed_at_any_step_what_the_newest_refers_to_is_there(path):
    Folder.create(path, IDENTITY).unlock()
    folder = Folder.open(path)

    def work() -> None:
        mine = Folder.open(path)
        mine.lock()
        newest = (mine.epochs() or [0])[0]
        chained(mine, newest + 1, *range(max(1, newest - 2), newest + 1))

    for _ in range(4):
        assert not killed_at(10**6, work)
    for step in count():
        killed = killed_at(step, work)
        found = folder.latest()
        assert found.refused == []
        assert len(found.older()["rank-3"]) == 3
        if not killed:
            break
    assert step > 20
    assert len(list(path.glob("epoch-*"))) == 5  # two, and those to which the older one refers besides


# ---- disks, and deaths


@pytest.mark.parametrize("happens", [full_disk, read_only])
def test_an_error_at_any_step_of_an_epoch_is_one_class_and_leaves_the_one_before(folder, happens):
    write(folder, 1)
    write(folder, 2)
    for step in count():
        with before_step(step, happens):
            try:
                write(folder, 3)
            except CheckpointNotWritten:
                pass
            else:
                break
        assert folder.epochs() == [2, 1]
        assert folder.latest().epoch == 2
    assert step > 20
    assert folder.latest().epoch == 3


def test_killed_at_any_step_the_newest_is_whole(path):
    Folder.create(path, IDENTITY).unlock()
    folder = Folder.open(path)

    def work() -> None:
        mine = Folder.open(path)
        mine.lock()
        write(mine, (mine.epochs() or [0])[0] + 1)

    for _ in range(3):
        work_in_order = Folder.open(path)
        work_in_order.lock()
        write(work_in_order, (work_in_order.epochs() or [0])[0] + 1)
        work_in_order.unlock()
    for step in count():
        before = folder.epochs()
        killed = killed_at(step, work)
        after = folder.epochs()
        assert after[:2] == before[:2] or after[0] == before[0] + 1
        assert folder.latest().refused == []
        for epoch in after:  # no half of one that is removed, either
            assert names(path / f"epoch-{epoch:06}") == {"head", "rank-3", "manifest"}
        assert len(after) >= KEPT
        if not killed:
            break
    assert step > 20
    assert len(folder.epochs()) == KEPT
    assert not list(path.glob("*.part"))


def test_killed_while_it_is_removed_nothing_looks_complete(path):
    for step in count():
        folder = Folder.create(path, IDENTITY)
        write(folder, 1)
        write(folder, 2)
        folder.unlock()

        def work() -> None:
            mine = Folder.open(path)
            mine.lock()
            mine.remove()

        killed = killed_at(step, work)
        if not killed:
            break
        try:
            again = Folder.open(path)
        except NotSealed:
            continue  # made anew by the next turn
        assert again.latest().epoch == 2
        again.lock()
        again.remove()
    assert step > 10
    assert not path.exists()


def test_when_the_run_has_finished_nothing_is_left(path, folder):
    Journal(folder.journal, folder.key).close()
    write(folder, 1)
    folder.begin(2)
    folder.remove()
    assert not path.exists()
    folder.remove()


def test_where_nothing_can_be_removed_the_run_stays_whole_and_it_is_told(folder):
    write(folder, 1)
    with before_step(0, read_only), pytest.raises(CheckpointNotWritten, match=r"run\.json"):
        folder.remove()
    assert folder.latest().epoch == 1
    folder.remove()


def test_what_somebody_else_has_put_there_stays(path, folder):
    write(folder, 1)
    (path / "note.txt").write_text("mine")
    folder.remove()
    assert names(path) == {"note.txt"}


def test_what_it_takes_and_what_is_free_can_be_asked(folder):
    before = folder.size()
    write(folder, 1, size=1 << 20)
    assert folder.size() - before >= 2 << 20
    assert folder.free() > 0
