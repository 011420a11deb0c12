"""Blocks that a rank lends another: each message gets what it was sent with; none is used too early."""

from __future__ import annotations

import os

import numpy as np
import pytest

from hpcd4p import descriptors
from hpcd4p.control.placing import KEPT_BYTES, Placing
from hpcd4p.errors import ForeignBytesError
from hpcd4p.launch.blocks_folder import blocks_folder, folder_name
from hpcd4p.transport import lent_blocks
from hpcd4p.transport.lent_blocks import LentBlocks
from hpcd4p.transport.own_blocks import OwnBlocks
from hpcd4p.transport.shared_blocks import SharedBlocks

SIZE = 1 << 20


@pytest.fixture
def folder():
    with blocks_folder(folder_name()) as folder:
        if not folder:
            pytest.skip("there is no /dev/shm that can be written to")
        yield folder


def ranks(folder, count=2):
    return [LentBlocks(OwnBlocks(folder, rank, Placing(count, 1 << 16))) for rank in range(count)]


def filled(number: int) -> bytes:
    return bytes([number % 256]) * SIZE


def array(buffer) -> np.ndarray:
    return np.frombuffer(buffer, np.uint8)


def test_what_is_lent_is_what_is_borrowed(folder):
    one, other = ranks(folder)
    buffers = [b"a" * 50_001, memoryview(bytearray(b"b" * 70_000))]
    block = one.lend(1, buffers)
    assert [bytes(each) for each in other.borrow(block, [50_001, 70_000])] == [
        bytes(each) for each in buffers
    ]


def test_little_is_not_worth_a_block(folder):
    assert ranks(folder)[0].lend(1, [b"a" * 1000] * 10) is None


def test_no_memory_is_used_again_as_long_as_an_array_of_it_lives(folder):
    one, other = ranks(folder)
    held = []
    for i in range(1000):
        other.give_back()
        block = one.lend(1, [filled(i)])
        if block is None:  # as much as is lent at once is out
            break
        held.append(array(other.borrow(block, [SIZE])[0]))
    assert KEPT_BYTES // SIZE // 2 < len(held) <= KEPT_BYTES // SIZE
    assert [int(each[0]) for each in held] == [i % 256 for i in range(len(held))]
    assert all(each.tobytes() == filled(i) for i, each in enumerate(held))
    del held[5]
    other.give_back()
    assert other.borrow(one.lend(1, [filled(7)]), [SIZE])[0][0] == 7


def test_a_few_blocks_are_enough_for_as_many_messages_as_there_are(folder):
    one, other = ranks(folder)
    for i in range(200):
        buffer = other.borrow(one.lend(1, [filled(i)]), [SIZE])[0]
        assert (buffer[0], buffer[-1]) == (i % 256, i % 256)
        buffer[:] = bytes(SIZE)  # it is the receiver's
        del buffer
        other.give_back()
    assert len(os.listdir(folder)) == 1


def test_blocks_stay_mapped_but_not_without_end(folder, monkeypatch):
    monkeypatch.setattr(lent_blocks, "MOST_MAPPED", 3)
    one, other = ranks(folder)
    for i in range(20):
        lent = [one.lend(1, [filled(i + j)]) for j in range(5)]
        got = [other.borrow(block, [SIZE])[0] for block in lent]
        assert [each[0] for each in got] == [i + j for j in range(5)]
        del got
        other.give_back()
    assert len(other._mapped) <= 5


def test_another_block_of_its_number_is_refused(folder):
    one, other = ranks(folder)
    block = one.lend(1, [filled(1)])
    with pytest.raises(ForeignBytesError):
        other.borrow(block._replace(stamp=block.stamp + 1), [SIZE])
    other.borrow(block, [SIZE])
    with pytest.raises(ForeignBytesError):
        other.borrow(block._replace(inode=1, number=block.number + 1), [SIZE])


def test_a_forked_child_has_its_own(folder):
    """As with any memory: what a child writes its parent does not see, and what it reads stays."""
    one, other = ranks(folder)
    mine = array(other.borrow(one.lend(1, [filled(1)]), [SIZE])[0])
    wake, ready = os.pipe()
    child = os.fork()
    if not child:
        os.read(wake, 1)
        as_it_was = mine.tobytes() == filled(1)
        mine[:] = 9
        os._exit(0 if as_it_was and mine.tobytes() == filled(9) else 1)
    del mine
    for i in range(5):
        other.give_back()
        other.borrow(one.lend(1, [filled(i)]), [SIZE])
    held = array(other.borrow(one.lend(1, [filled(77)]), [SIZE])[0])
    os.write(ready, b"x")
    assert os.waitpid(child, 0)[1] == 0
    assert held.tobytes() == filled(77)


def test_what_a_child_writes_is_not_seen(folder):
    one, other = ranks(folder)
    mine = array(other.borrow(one.lend(1, [filled(1)]), [SIZE])[0])
    child = os.fork()
    if not child:
        mine[:] = 9
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert mine.tobytes() == filled(1)


def test_what_the_parent_writes_later_its_child_does_not_see(folder):
    """A copy of the process saves what was in line, while the rank goes on and writes to it."""
    one, other = ranks(folder)
    mine = array(other.borrow(one.lend(1, [filled(1)]), [SIZE])[0])
    mine[0] = 2
    wake, ready = os.pipe()
    child = os.fork()
    if not child:
        os.read(wake, 1)
        os._exit(0 if mine.tobytes() == b"\2" + filled(1)[1:] else 1)
    mine[:] = 9
    os.write(ready, b"x")
    assert os.waitpid(child, 0)[1] == 0
    assert mine.tobytes() == filled(9)


def copy_of_this_process(ends):
    """A child that ends when a byte can be read from `ends`."""
    with descriptors.copying():
        child = os.fork()
    if not child:
        os.read(ends, 1)
        os._exit(0)
    return child


def test_what_a_copy_has_had_is_given_back_once_it_has_ended_and_nobody_reads_it_here(folder):
    one, other = ranks(folder)
    block = one.lend(1, [filled(1)])
    mine = array(other.borrow(block, [SIZE])[0])
    wake, ready = os.pipe()
    copy = copy_of_this_process(wake)
    mine[:] = 5  # seen by nobody else

    def lent_again():
        other.give_back()
        return one.lend(1, [filled(2)]).number == block.number

    assert not lent_again(), "the copy reads it"
    os.write(ready, b"x")
    os.waitpid(copy, 0)
    assert not lent_again(), "it is read here"
    assert (mine == 5).all()
    del mine
    assert lent_again()


def test_a_second_copy_keeps_what_the_first_has_had(folder):
    one, other = ranks(folder)
    block = one.lend(1, [filled(1)])
    other.borrow(block, [SIZE])
    pipes = [os.pipe() for _ in range(2)]
    copies = [copy_of_this_process(wake) for wake, _ in pipes]
    for copy, (_, ready) in zip(copies, pipes, strict=True):
        other.give_back()
        assert one.lend(1, [filled(2)]).number != block.number
        os.write(ready, b"x")
        os.waitpid(copy, 0)
    other.give_back()
    assert one.lend(1, [filled(2)]).number == block.number


def test_what_a_child_of_the_user_has_had_is_never_given_back(folder):
    """It may close all that it inherits, and read on."""
    one, other = ranks(folder)
    block = one.lend(1, [filled(1)])
    other.borrow(block, [SIZE])
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    other.give_back()
    assert one.lend(1, [filled(2)]).number != block.number


def test_what_is_released_twice_stays_with_whoever_has_it_now(folder):
    own = OwnBlocks(folder, 0, Placing(2, 1 << 16))
    lender, writer, borrower, reader = LentBlocks(own), SharedBlocks(own), ranks(folder)[1], SharedBlocks(own)
    first = lender.lend(1, [filled(1)])
    borrower.borrow(first, [SIZE])
    borrower.give_back()
    task = writer.put([filled(2)])
    assert task.number == first.number
    reader.release(task)
    second = lender.lend(1, [filled(3)])
    assert second.number == first.number
    reader.release(task)
    assert lender.lend(1, [filled(4)]).number != first.number
    assert borrower.borrow(second, [SIZE])[0][0] == 3
