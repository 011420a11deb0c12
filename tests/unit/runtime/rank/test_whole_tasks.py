"""A snapshot with all bytes of its tasks, though tasks are finished and blocks used anew while it is read."""

from __future__ import annotations

import numpy as np
import pytest

from hpcd4p.errors import ForeignBytesError
from hpcd4p.runtime.rank.whole_tasks import PASSES, whole_snapshot
from hpcd4p.transport.memory_blocks import MemoryBlocks
from hpcd4p.wire.codec import OUT_OF_BAND_BYTES, TASK, Codec, about, block_of
from hpcd4p.wire.messages import Publication, Snapshot
from hpcd4p.wire.statistics import Statistics

CODEC = Codec(b"test")


class Pool:
    """Tasks with arrays, in blocks, of which some are finished whenever a block is read."""

    def __init__(self, tasks: int, done_each_time: int) -> None:
        self.held: dict = {}
        self.blocks = MemoryBlocks(0, self.held)
        self.tasks = [self.task(number) for number in range(tasks)]
        self.done_each_time = done_each_time
        self.made_each_time = 0
        self.read = 0

    def task(self, number: int) -> Publication:
        array = np.full(OUT_OF_BAND_BYTES, number % 251, np.uint8)
        frames = CODEC.frames([array])
        block = self.blocks.put(frames[1:])
        return Publication(2, 1, CODEC.seal_frames(frames, about(TASK, 2, 1), block))

    def release(self, task: Publication) -> None:
        block = block_of(task.payload)
        assert block is not None
        self.blocks.release(block)

    def finish(self) -> None:
        """The pool goes on: what is first in line is done, and its block free."""
        for task in self.tasks[: self.done_each_time]:
            self.release(task)
        del self.tasks[: self.done_each_time]
        self.tasks += [self.task(number) for number in range(self.made_each_time)]

    def open(self, block, sizes):
        self.finish()
        return self.blocks.open(block, sizes)

    def snapshot(self) -> Snapshot:
        self.read += 1
        plain = Publication(1, 1, CODEC.seal(self.read, about(TASK, 1, 1)))
        return Snapshot({2: len(self.tasks)}, [plain, *self.tasks], {}, [], Statistics(), {})


def values(snapshot: Snapshot) -> list[int]:
    opened = [
        CODEC.open(t.payload, about(TASK, t.element, t.tuples)) for t in snapshot.tasks if t.element == 2
    ]
    return [int(array[0]) for (array,) in opened]


def test_where_nothing_is_finished_meanwhile_one_snapshot_is_enough():
    pool = Pool(5, 0)
    seen = whole_snapshot(pool.snapshot, CODEC, pool)
    assert values(seen) == [0, 1, 2, 3, 4]
    assert pool.read == 1
    assert all(block_of(task.payload) is None for task in seen.tasks)


@pytest.mark.parametrize("done", [1, 2, 3])
def test_tasks_that_are_finished_before_they_are_read_are_missing_in_the_next(done):
    pool = Pool(30, done)
    seen = whole_snapshot(pool.snapshot, CODEC, pool)
    assert pool.read > 1
    assert values(seen) == values(whole_snapshot(pool.snapshot, CODEC, pool.blocks))
    assert seen.pending == {2: len(seen.tasks) - 1}, "tasks and counts are of one moment"


def test_a_block_that_is_wrong_though_its_task_is_not_finished_is_told():
    pool = Pool(3, 0)
    pool.release(pool.tasks[1])
    with pytest.raises(ForeignBytesError, match="not what its writer has made"):
        whole_snapshot(pool.snapshot, CODEC, pool)
    assert pool.read == 2


def test_what_this_run_has_not_written_is_told_at_once():
    pool = Pool(2, 0)
    pool.tasks[0] = Publication(2, 1, Codec(b"another").seal(1, about(TASK, 2, 1)))
    with pytest.raises(ForeignBytesError, match="was not written by this run"):
        whole_snapshot(pool.snapshot, CODEC, pool)


def test_it_ends_where_tasks_are_finished_faster_than_they_are_read():
    pool = Pool(4, 4)
    pool.made_each_time = 4
    with pytest.raises(ForeignBytesError):
        whole_snapshot(pool.snapshot, CODEC, pool)
    assert pool.read == PASSES
