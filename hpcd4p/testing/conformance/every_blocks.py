"""What all blocks of memory keep: what was put is read as it was put, by any rank, until it is released."""

from __future__ import annotations

from hpcd4p.errors import ForeignBytesError
from hpcd4p.testing.conformance.worlds import BlocksWorld

SIZES = (1 << 16, 100_001)
"""Of the buffers of a batch: the second begins nowhere in particular."""

TIMES = 20
"""Enough for memory that is used again to be used again."""


def _batch(seed: int) -> list[bytes]:
    return [bytes([seed, size % 251]) * (size // 2) + b"!" * (size % 2) for size in SIZES]


def _read(world: BlocksWorld, rank: int, block: object) -> list[bytes]:
    return [bytes(buffer) for buffer in world[rank].open(block, SIZES)]  # type: ignore[arg-type]


def buffers_are_read_as_they_were_put(world: BlocksWorld) -> None:
    block = world[1].put(_batch(1))
    assert _read(world, 2, block) == _batch(1)


def what_the_writer_does_to_a_buffer_that_was_put_is_not_seen(world: BlocksWorld) -> None:
    batch = [bytearray(buffer) for buffer in _batch(1)]
    block = world[1].put([memoryview(buffer) for buffer in batch])
    batch[0][:] = bytes(len(batch[0]))
    assert _read(world, 2, block) == _batch(1)


def each_block_has_its_own_memory(world: BlocksWorld) -> None:
    blocks = [world[rank].put(_batch(10 * rank + i)) for rank in (1, 2) for i in range(3)]
    assert [_read(world, 0, block) for block in blocks] == [_batch(i) for i in (10, 11, 12, 20, 21, 22)]


def a_buffer_may_be_written_to_and_nobody_else_sees_it(world: BlocksWorld) -> None:
    block = world[1].put(_batch(1))
    assert block is not None
    for rank in (2, 2, 3):  # a rank that has opened it once may be asked to repeat it
        buffers = world[rank].open(block, SIZES)
        assert [bytes(buffer) for buffer in buffers] == _batch(1)
        for buffer in buffers:
            buffer[:] = bytes(len(buffer))


def what_was_opened_stays_when_the_block_is_released(world: BlocksWorld) -> None:
    opened = []
    for i in range(TIMES):
        block = world[1].put(_batch(i))
        assert block is not None
        opened.append(world[2].open(block, SIZES))
        world[2].release(block)
    assert [[bytes(buffer) for buffer in buffers] for buffers in opened] == [_batch(i) for i in range(TIMES)]


def memory_that_is_used_again_holds_what_was_put_last(world: BlocksWorld) -> None:
    for i in range(TIMES):
        block = world[1].put(_batch(i))
        assert block is not None
        assert _read(world, 2 + i % 2, block) == _batch(i)
        world[2 + i % 2].release(block)


def a_block_that_was_released_is_refused(world: BlocksWorld) -> None:
    for _ in range(TIMES):
        block = world[1].put(_batch(1))
        assert block is not None
        world[2].release(block)
        world[1].put(_batch(2))
        try:
            world[3].open(block, SIZES)
        except ForeignBytesError:
            continue
        raise AssertionError("it was opened")
