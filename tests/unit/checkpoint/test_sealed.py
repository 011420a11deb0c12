"""A sealed file gives back what was written, or says what is wrong, before anything is unpickled."""

from __future__ import annotations

import errno
import os
import pickle
import resource
import stat
import subprocess
import sys
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.checkpoint.durable import LEFT_BYTES, LEFT_PART, LOOK_BYTES
from hpcd4p.checkpoint.header import MAGIC, VERSION
from hpcd4p.checkpoint.sealed import PIECE_BYTES, Sealed, SealedWriter, open_sealed, stamp, verify_sealed
from hpcd4p.errors import (
    CheckpointError,
    CheckpointNotWritten,
    NoRoom,
    NotSealed,
    OtherVersion,
    SealBroken,
    SealForeign,
)
from tests.unit.checkpoint.crash import before_step, full_disk, killed_at, read_only

KEY = b"k" * 32
VERSION_AT = len(MAGIC)
LARGE = 4 * LOOK_BYTES

went_off: list[str] = []


def go_off(sound):
    went_off.append(sound)


class Bomb:
    """Says when it is unpickled."""

    def __reduce__(self):
        return go_off, ("bang",)


def seal(path: Path, *pieces: bytes, key: bytes = KEY, epoch: int = 7, zipped: bool = False) -> Sealed:
    with SealedWriter(path, key, epoch, zipped=zipped) as file:
        for piece in pieces:
            file.write(piece)
    assert file.sealed is not None
    return file.sealed


class Unpicklable:
    """Fails in the middle of a pickle."""

    def __reduce__(self):
        raise KeyError


def dump(thing, path: Path) -> None:
    with SealedWriter(path, KEY, 7) as file:
        pickle.dump(thing, file)


def load(path: Path):
    with open_sealed(path, KEY, 7) as file:
        return pickle.load(file)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rank-3"


@pytest.mark.parametrize("zipped", [False, True])
@given(pieces=st.lists(st.binary(max_size=100) | st.integers(0, 2 * PIECE_BYTES).map(bytes), max_size=6))
def test_what_was_written_is_read(zipped, pieces, tmp_path_factory):
    path = tmp_path_factory.mktemp("sealed") / "rank-3"
    sealed = seal(path, *pieces, zipped=zipped)
    with open_sealed(path, KEY, 7, sealed.digest) as file:
        assert file.read() == b"".join(pieces)
    assert sealed == verify_sealed(path, KEY, 7) == stamp(path)
    assert sealed.size == path.stat().st_size


@pytest.mark.parametrize("zipped", [False, True])
def test_a_pickle_streams_in_and_out(path, zipped):
    thing = {"array": np.arange(100_000), "text": "x" * 1_000_000, "many": list(range(10_000))}
    with SealedWriter(path, KEY, 7, zipped=zipped) as file:
        pickle.dump(thing, file, protocol=5)
        pickle.dump("and another", file, protocol=5)
    with open_sealed(path, KEY, 7) as file:
        back = pickle.load(file)
        assert pickle.load(file) == "and another"
        with pytest.raises(EOFError):
            pickle.load(file)
    assert (back["array"] == thing["array"]).all()
    assert back["many"] == thing["many"]


def test_compressing_pays(path):
    assert seal(path, b"abc" * 100_000, zipped=True).size < 10_000 < seal(path, b"abc" * 100_000).size


def test_a_buffer_of_numbers_is_written_as_its_bytes(path):
    with SealedWriter(path, KEY, 7) as file:
        assert file.write(memoryview(np.arange(3, dtype=np.int64))) == 24
    with open_sealed(path, KEY, 7) as reader:
        assert np.frombuffer(reader.read(), dtype=np.int64).tolist() == [0, 1, 2]


# ---- what is refused


@pytest.fixture
def bomb(path):
    """Bytes of a file that would go off."""
    went_off.clear()
    seal(path, pickle.dumps(Bomb()))
    load(path)
    assert went_off == ["bang"]
    went_off.clear()
    return path.read_bytes()


def test_no_file_that_is_cut_short_is_unpickled(path, bomb):
    for size in range(len(bomb)):
        path.write_bytes(bomb[:size])
        with pytest.raises(SealBroken, match=r"rank-3 is cut short.*`hpcd4p resume`"):
            load(path)
    assert went_off == []


def test_no_bit_may_change(path, bomb):
    for at in range(len(bomb)):
        for bit in range(8):
            changed = bytearray(bomb)
            changed[at] ^= 1 << bit
            path.write_bytes(changed)
            with pytest.raises(SealBroken, match="rank-3"):
                load(path)
    assert went_off == []


def test_nothing_may_follow_or_be_missing_within(path, bomb):
    half = len(bomb) // 2
    begin, end = bomb[:half], bomb[half:]
    for changed in (bomb + b"x", bomb + bomb, begin + b"x" + end, begin + end[1:]):
        path.write_bytes(changed)
        with pytest.raises(SealBroken):
            load(path)
    assert went_off == []


def test_a_flipped_bit_deep_in_a_large_file_is_found(path):
    seal(path, bytes(3 * PIECE_BYTES), zipped=False)
    data = bytearray(path.read_bytes())
    data[2 * PIECE_BYTES] ^= 1
    path.write_bytes(data)
    with pytest.raises(SealBroken, match="has changed since it was written"):
        verify_sealed(path, KEY, 7)


def test_another_runs_file_is_named_as_such(path):
    seal(path, pickle.dumps(Bomb()), key=b"q" * 32)
    with pytest.raises(SealForeign, match="another run"):
        load(path)


@pytest.mark.parametrize("epoch", [6, 8])
def test_a_file_of_another_epoch_is_refused(path, epoch):
    seal(path, b"x", epoch=epoch)
    with pytest.raises(SealForeign, match=f"rank-3 of epoch {epoch}"):
        load(path)


def test_a_file_of_another_rank_is_refused(path, tmp_path):
    seal(tmp_path / "rank-4", b"x")
    (tmp_path / "rank-4").rename(path)
    with pytest.raises(SealForeign, match="rank-4 of epoch 7"):
        load(path)


def test_another_version_is_named(path, bomb):
    changed = bytearray(bomb)
    changed[VERSION_AT] += 1
    path.write_bytes(changed)
    with pytest.raises(OtherVersion, match=rf"version {VERSION + 1} .* reads version {VERSION}"):
        load(path)


@pytest.mark.parametrize("data", [b"\x89HDF\r\n\x1a\n" * 20, b"x", b"\0" * 500, pickle.dumps(Bomb())])
def test_what_is_no_checkpoint_is_named_so(path, data):
    path.write_bytes(data)
    with pytest.raises(NotSealed, match="not a file of a checkpoint"):
        load(path)
    assert went_off == []


def test_a_header_that_is_right_but_made_by_somebody_else_does_not_help(path, bomb):
    """All but the tag can be computed without the key, from another file of the run."""
    other = path.with_name("other")
    seal(other, pickle.dumps(Bomb()) + b"more")
    foot = 8 + 32 + 8
    start = bomb.index(pickle.dumps(Bomb()))
    body = other.read_bytes()[start : -foot + 8]
    path.write_bytes(bomb[:start] + body + bomb[-40:])
    with pytest.raises(SealBroken):
        load(path)
    assert went_off == []


def test_the_file_of_the_manifest_and_no_other_is_taken(path):
    first = seal(path, b"first")
    second = seal(path, b"again")
    assert first.size == second.size
    with open_sealed(path, KEY, 7, second.digest) as file:
        assert file.read() == b"again"
    with pytest.raises(SealBroken, match="not the file that its manifest names"):
        open_sealed(path, KEY, 7, first.digest)


def test_what_is_not_there_or_no_file_is_told(path):
    with pytest.raises(CheckpointError, match="rank-3 cannot be read: No such file"):
        load(path)
    assert stamp(path) is None
    path.mkdir()
    with pytest.raises(NotSealed, match="is no file"):
        load(path)


def test_a_link_is_not_followed(path, tmp_path):
    seal(path, b"x")
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CheckpointError):
        load(path)


def test_a_pipe_is_no_file_and_nobody_waits_for_it(path):
    os.mkfifo(path)
    with pytest.raises(NotSealed, match="is no file"):
        load(path)


def test_a_disk_that_cannot_read_is_told(path, monkeypatch):
    seal(path, b"x")

    def broken(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "pread", broken)
    with pytest.raises(SealBroken, match="cannot be read: Input/output error"):
        verify_sealed(path, KEY, 7)


# ---- how it is written


def test_its_user_alone_may_read_it(path):
    before = os.umask(0)
    try:
        seal(path, b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_until_it_is_closed_there_is_nothing_under_its_name(path, tmp_path):
    file = SealedWriter(path, KEY, 7)
    file.write(bytes(3 * PIECE_BYTES))
    assert not path.exists()
    file.close()
    assert [p.name for p in tmp_path.iterdir()] == ["rank-3"]


def test_it_is_on_the_disk_before_it_has_its_name_and_then_its_name_is(path):
    with before_step(-1, full_disk) as seen:
        seal(path, b"x")
    assert seen == ["open", "pwrite", "pwrite", "fsync", "rename", "open", "fsync"]


def test_what_was_there_stays_until_the_new_one_is_whole(path):
    seal(path, b"old")
    with pytest.raises(KeyError):
        dump([bytes(2 * PIECE_BYTES), Unpicklable()], path)
    with open_sealed(path, KEY, 7) as reader:
        assert reader.read() == b"old"
    assert len(list(path.parent.iterdir())) == 1


@pytest.mark.parametrize(("happens", "words"), [(full_disk, "make room"), (read_only, "choose a folder")])
def test_an_error_at_any_step_is_one_class_and_leaves_nothing(path, happens, words):
    for step in count():
        with before_step(step, happens) as seen:
            try:
                seal(path, bytes(3 * PIECE_BYTES))
            except CheckpointNotWritten as error:
                told = str(error)
            else:
                break
        assert words in told
        assert "rank-3 cannot be written" in told
        if seen[-1] == "unlink" or (seen[step] == "open" and path.exists()):
            path.unlink(missing_ok=True)  # it is whole: the folder could not be synced
        assert list(path.parent.iterdir()) == []
    assert step > 6
    assert verify_sealed(path, KEY, 7)


@pytest.mark.parametrize("pieces", [1, 64], ids=["in one", "in many"])
@pytest.mark.parametrize(("total", "free", "enough"), [
    (1 << 40, LEFT_BYTES + LARGE, True), (1 << 40, LEFT_BYTES + LARGE // 2, False),
    (1 << 30, (1 << 30) // LEFT_PART + LARGE, True), (1 << 30, (1 << 30) // LEFT_PART - 1, False),
])  # fmt: skip
def test_a_large_one_is_given_up_before_it_fills_its_disk(path, monkeypatch, total, free, enough, pieces):
    def facts(folder):
        assert folder == str(path.parent)
        left = free - sum(each.stat().st_size for each in path.parent.iterdir())
        return SimpleNamespace(f_blocks=total, f_bavail=left, f_frsize=1)

    monkeypatch.setattr(os, "statvfs", facts)
    data = [bytes(LARGE // pieces - 1000)] * pieces
    if enough:
        seal(path, *data)
        return
    with pytest.raises(NoRoom, match=r"would fill its disk: after .* are free; make room"):
        seal(path, *data)
    assert list(path.parent.iterdir()) == []


def test_a_small_one_fits_on_any_disk(path, monkeypatch):
    monkeypatch.setattr(os, "statvfs", lambda folder: pytest.fail("nobody asks"))
    seal(path, bytes(LOOK_BYTES - 1000))


def test_a_limit_of_the_system_is_an_error_like_any(path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 * PIECE_BYTES // 2, hard))
    try:
        with pytest.raises(CheckpointNotWritten, match="File too large"):
            seal(path, *[bytes(PIECE_BYTES)] * 3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(path.parent.iterdir()) == []


def test_short_writes_are_gone_on_with(path, monkeypatch):
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: real(fd, data[:1000], at))
    seal(path, bytes(5000), os.urandom(5000))
    assert verify_sealed(path, KEY, 7)


def test_killed_at_any_step_the_file_is_whole_or_not_there(path):
    for step in count():
        killed = killed_at(step, lambda: seal(path, b"x" * (2 * PIECE_BYTES)))
        if path.exists():
            verify_sealed(path, KEY, 7)
            path.unlink()
        if not killed:
            break
    assert step > 6


def test_what_is_pickled_may_close_the_file_and_all_is_written(path):
    class Closes:
        def __reduce__(self):
            for each in Path("/proc/self/fd").iterdir():  # not all, as os.closerange would: pytest has some
                if each.is_symlink() and ".part" in str(each.readlink()):
                    os.close(int(each.name))
            return str, ("closed",)

    with SealedWriter(path, KEY, 7) as file:
        pickle.dump([bytes(2 * PIECE_BYTES), Closes(), b"y" * PIECE_BYTES], file)
    assert load(path)[1] == "closed"


def test_a_rank_imports_next_to_nothing_for_it():
    code = (
        "import sys, hpcd4p.wire.codec, hpcd4p.descriptors; before = set(sys.modules);"
        "import hpcd4p.checkpoint.sealed; print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == [
        "hpcd4p.checkpoint",
        "hpcd4p.checkpoint.bodies",
        "hpcd4p.checkpoint.durable",
        "hpcd4p.checkpoint.header",
        "hpcd4p.checkpoint.sealed",
    ]
