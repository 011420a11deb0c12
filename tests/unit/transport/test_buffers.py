"""A buffer comes back when nobody has it any more, and not before."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.transport import buffers
from hpcd4p.transport.buffers import LARGE_BYTES, Buffers
from hpcd4p.wire.codec import Codec

SIZE = 2 * LARGE_BYTES


def address(space: memoryview) -> int:
    return np.frombuffer(space, np.uint8).__array_interface__["data"][0]


def received(into: Buffers, value: int) -> np.ndarray:
    """An array as it comes out of a message whose buffer was received."""
    head, buffer = Codec(b"test").frames(np.full(SIZE, value, np.uint8))
    space = into.take(SIZE)
    space[:] = buffer
    array = Codec.join([head, space])
    assert array.flags.writeable
    return array


def test_a_buffer_that_nobody_has_is_used_again():
    kept = Buffers()
    first = address(kept.take(SIZE))
    assert address(kept.take(SIZE)) == first


@pytest.mark.parametrize(
    "part", [lambda a: a, lambda a: a[5:7], lambda a: memoryview(a), lambda a: [a.view()]]
)
def test_a_buffer_is_not_used_again_while_somebody_has_an_array_of_it_or_a_part(part):
    kept = Buffers()
    mine = part(received(kept, 1))
    others = [received(kept, 2) for _ in range(5)]
    assert np.all(np.asarray(mine) == 1)
    del mine
    assert len({a.__array_interface__["data"][0] for a in others}) == 5


def test_sizes_are_not_mixed():
    kept = Buffers()
    kept.take(SIZE)
    assert len(kept.take(SIZE - 1)) == SIZE - 1


def test_small_buffers_are_not_kept():
    kept = Buffers()
    assert isinstance(kept.take(LARGE_BYTES - 1), bytearray)


@given(st.lists(st.tuples(st.integers(0, 7), st.booleans()), max_size=40))
def test_whatever_is_held_for_however_long_nothing_changes_under_its_holder(story):
    before, buffers.MOST_BYTES = buffers.MOST_BYTES, 3 * SIZE
    try:
        kept = Buffers()
        held: dict[int, np.ndarray] = {}
        for number, (slot, drop) in enumerate(story):
            if drop:
                held.pop(slot, None)
            else:
                held[slot] = received(kept, number % 251)
                held[slot][0] = slot
            for owner, array in held.items():
                assert array[0] == owner
                assert np.all(array[1:] == array[1])
        assert kept._bytes <= buffers.MOST_BYTES
    finally:
        buffers.MOST_BYTES = before
