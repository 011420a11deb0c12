"""One contract, the blocks of memory: in this process, and in the shared memory of the node."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from hpcd4p.control.placing import Placing
from hpcd4p.errors import ForeignBytesError
from hpcd4p.launch.blocks_folder import blocks_folder, folder_name
from hpcd4p.testing.conformance import EVERY_BLOCKS
from hpcd4p.transport import shared_blocks
from hpcd4p.transport.own_blocks import OwnBlocks
from hpcd4p.transport.shared_blocks import SharedBlocks
from tests.contract.worlds import blocks_in, blocks_in_memory

OWNER = """
import os, time
from hpcd4p.launch.blocks_folder import blocks_folder, folder_name
with blocks_folder(folder_name()) as folder:
    open(os.path.join(folder, "block"), "w").close()
    print(folder, flush=True)
    time.sleep(60)
"""

names = pytest.mark.parametrize("promise", EVERY_BLOCKS, ids=lambda each: each.__name__)

BATCH = [b"a" * 100_000, b"b" * 70_000]
SIZES = [100_000, 70_000]


@pytest.fixture
def folder():
    with blocks_folder(folder_name()) as folder:
        if not folder:
            pytest.skip("there is no /dev/shm that can be written to")
        yield folder


class Never(Placing):
    """Keeps no block."""

    def lasts(self, size, kept, total):
        return False


def ranks(folder, count=2, kind=Placing):
    return [SharedBlocks(OwnBlocks(folder, rank, kind(count, 1))) for rank in range(count)]


@names
def test_blocks_in_memory(promise):
    promise(blocks_in_memory())


@names
def test_blocks_in_shared_memory(promise, folder):
    promise(blocks_in(folder))


@names
def test_blocks_in_shared_memory_of_which_none_is_kept(promise, folder, monkeypatch):
    monkeypatch.setattr(Placing, "lasts", Never.lasts)
    promise(blocks_in(folder))


@names
def test_blocks_that_are_copied_for_there_are_many(promise, folder, monkeypatch):
    monkeypatch.setattr(shared_blocks, "MOST_OPEN", 0)
    promise(blocks_in(folder))


def test_only_the_user_may_read_them(folder):
    ranks(folder)[0].put(BATCH)
    (name,) = os.listdir(folder)
    assert os.stat(folder).st_mode & 0o777 == 0o700
    assert os.stat(f"{folder}/{name}").st_mode & 0o777 == 0o600


def test_a_block_is_used_again_when_nobody_reads_it_any_more(folder):
    one, other = ranks(folder)
    first = one.put(BATCH)
    array = np.frombuffer(other.open(first, SIZES)[0], np.uint8)
    other.release(first)
    assert one.put(BATCH).number != first.number
    del array
    other.release(one.put(BATCH))  # it looks what is read still
    assert first.number in {one.put(BATCH).number for _ in "abc"}


def test_a_block_that_is_not_kept_is_removed_when_it_is_released(folder):
    one, other = ranks(folder, kind=Never)
    block = one.put(BATCH)
    other.release(block)
    assert os.listdir(folder) == []


def test_kept_blocks_of_another_size_give_way(folder, monkeypatch):
    monkeypatch.setattr("hpcd4p.control.placing.KEPT_BYTES", 400_000)
    one, other = ranks(folder)
    for _ in "ab":
        other.release(one.put(BATCH))
    other.release(one.put([b"c" * 20_000]))
    other.release(one.put([b"d" * 380_000]))
    assert sum(os.stat(f"{folder}/{name}").st_size for name in os.listdir(folder)) <= 400_000


def test_what_is_read_in_a_forked_child_is_never_used_again(folder):
    one, other = ranks(folder)
    block = one.put(BATCH)
    array = np.frombuffer(other.open(block, SIZES)[0], np.uint8)
    wake, ready = os.pipe()
    child = os.fork()
    if not child:
        os.read(wake, 1)
        os._exit(0 if array.tobytes() == BATCH[0] else 1)
    del array
    other.release(block)
    for _ in range(5):
        other.release(one.put([b"c" * 100_000, b"d" * 70_000]))
    os.write(ready, b"x")
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("kind", [Placing, Never])
def test_another_file_of_its_name_is_refused(folder, kind):
    one, other = ranks(folder, kind=kind)
    block = one.put(BATCH)
    path = f"{folder}/{block.rank}-{block.number}"
    data = Path(path).read_bytes()
    os.rename(path, path + "x")
    with open(path, "wb", opener=lambda *a: os.open(*a, 0o600)) as file:
        file.write(data)
    with pytest.raises(ForeignBytesError, match="is not what this run has written"):
        other.open(block, SIZES)
    os.unlink(path)
    os.symlink(path + "x", path)
    with pytest.raises(OSError):  # noqa: PT011  # it is a link: no file of ours is
        other.open(block, SIZES)


def test_a_file_that_others_may_read_is_refused(folder):
    one, other = ranks(folder)
    block = one.put(BATCH)
    os.chmod(f"{folder}/{block.rank}-{block.number}", 0o644)
    with pytest.raises(ForeignBytesError, match="is not what this run has written"):
        other.open(block, SIZES)


def test_a_file_that_is_gone_says_who_may_have_taken_it(folder):
    one, other = ranks(folder)
    block = one.put(BATCH)
    os.unlink(f"{folder}/{block.rank}-{block.number}")
    with pytest.raises(ForeignBytesError, match="enable-linger"):
        other.open(block, SIZES)


def test_without_room_there_is_no_block(folder, monkeypatch):
    (one,) = ranks(folder, 1)
    monkeypatch.setattr(Placing, "fits", lambda self, size, free, total: False)
    assert one.put(BATCH) is None
    assert os.listdir(folder) == []


def test_a_memory_that_is_full_in_the_middle_leaves_no_file(folder, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "no space")

    (one,) = ranks(folder, 1)
    monkeypatch.setattr(os, "posix_fallocate", full)
    assert one.put(BATCH) is None
    assert os.listdir(folder) == []


def test_a_folder_that_is_gone_is_no_room(folder):
    (one,) = ranks(folder, 1)
    os.rmdir(folder)
    assert one.put(BATCH) is None


def test_a_block_that_is_opened_twice_is_used_again_when_neither_is_read(folder):
    one, other = ranks(folder)
    block = one.put(BATCH)
    array = np.frombuffer(other.open(block, SIZES)[0], np.uint8)
    other.open(block, SIZES)
    other.release(block)
    for _ in range(5):
        other.release(one.put([b"c" * 100_000, b"d" * 70_000]))
    assert array.tobytes() == BATCH[0]


def test_what_is_given_back_and_not_read_is_not_mapped_any_more(folder):
    one, other = ranks(folder, kind=Never)
    for _ in range(3 * shared_blocks.MOST_OPEN):
        other.open(one.put(BATCH), SIZES)
    maps = Path("/proc/self/maps").read_text()
    assert maps.count(folder) < 3


def test_the_folder_is_gone_when_who_has_made_it_is_killed(folder):
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True) as owner:
        made = owner.stdout.readline().strip()
        assert os.listdir(made) == ["block"]
        owner.kill()
    end = time.monotonic() + 60
    while os.path.exists(made) and time.monotonic() < end:
        time.sleep(0.01)
    assert not os.path.exists(made)
