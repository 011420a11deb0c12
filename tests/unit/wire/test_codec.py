"""What goes in comes out; what somebody else wrote is refused before it is unpickled."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hpcd4p.errors import ForeignBytesError
from hpcd4p.wire.block import Block, places
from hpcd4p.wire.codec import (
    LETTER,
    MOST_BUFFERS,
    OUT_OF_BAND_BYTES,
    TAG_BYTES,
    TASK,
    Codec,
    about,
    block_of,
    weight,
)
from hpcd4p.workflow.sentinels import tuple_dumper

CODEC = Codec(b"ours")

ATOMS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
VALUES = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)

went_off: list[str] = []


def go_off(sound):
    went_off.append(sound)


class Bomb:
    """Says when it is unpickled."""

    def __reduce__(self):
        return go_off, ("bang",)


def large(items: int = 1) -> list[np.ndarray]:
    return [np.arange(i, i + OUT_OF_BAND_BYTES // 8, dtype=np.int64) for i in range(items)]


@given(VALUES)
def test_values_come_back_as_they_were(value):
    back = CODEC.open(CODEC.seal(value))
    assert back == value
    assert type(back) is type(value)


NATIVE = st.sampled_from(["?", "u1", "i2", "i8", "f4", "f8", "c16", "U5", "S3", "M8[s]"])


@given(hnp.arrays(NATIVE, hnp.array_shapes(max_dims=3, max_side=60)))
def test_arrays_come_back_as_they_were_and_may_be_written_to(array):
    back = CODEC.open(CODEC.seal(array))
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()
    assert back.flags.writeable


def test_large_arrays_travel_out_of_band_without_a_copy():
    arrays = large(3)
    body, *buffers = CODEC.frames(("input", arrays))
    assert len(buffers) == 3
    assert len(body) < OUT_OF_BAND_BYTES
    assert all(np.shares_memory(np.frombuffer(b, np.int64), a) for b, a in zip(buffers, arrays, strict=True))


def test_large_arrays_may_be_written_to_and_are_nobody_elses():
    (array,) = large()
    sealed = CODEC.seal(array)
    back, again = CODEC.open(sealed), CODEC.open(sealed)
    back[:] = -1
    assert again.tolist() == array.tolist()


def test_small_arrays_stay_inside():
    assert len(CODEC.frames(np.arange(10))) == 1


def test_an_array_that_is_not_contiguous_is_copied():
    array = np.arange(40_000).reshape(200, 200)[:, ::2]
    assert CODEC.open(CODEC.seal(array)).tolist() == array.tolist()


def test_more_buffers_than_a_tag_can_count_travel_inside():
    raw = [bytearray(OUT_OF_BAND_BYTES) for _ in range(MOST_BUFFERS + 5)]
    frames = CODEC.frames([pickle.PickleBuffer(each) for each in raw])
    assert len(frames) == 1 + MOST_BUFFERS
    assert len(CODEC.join(frames)) == len(raw)


# ---- strangers


@given(VALUES, st.data())
def test_a_byte_that_was_changed_is_noticed(value, data):
    payload = bytearray(CODEC.seal(value))
    at = data.draw(st.integers(0, len(payload) - 1))
    payload[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ForeignBytesError):
        CODEC.open(bytes(payload))


@given(st.binary(max_size=100))
def test_bytes_of_no_meaning_are_refused(payload):
    with pytest.raises(ForeignBytesError):
        CODEC.open(payload)


@given(VALUES, st.integers(1, 40))
def test_a_payload_that_was_cut_is_refused(value, missing):
    with pytest.raises(ForeignBytesError):
        CODEC.open(CODEC.seal(value)[:-missing])


def test_the_payload_of_another_run_is_refused():
    with pytest.raises(ForeignBytesError, match="was not written by this run, or was moved, and was refused"):
        CODEC.open(Codec(b"theirs").seal("hello"))


def test_a_payload_is_only_what_it_was_sealed_about():
    sealed = CODEC.seal("hello", about(TASK, 3, 7))
    assert CODEC.open(sealed, about(TASK, 3, 7)) == "hello"
    for other in (b"", about(LETTER, 3, 7), about(TASK, 4, 7), about(TASK, 3, 8)):
        with pytest.raises(ForeignBytesError):
            CODEC.open(sealed, other)


def test_no_two_payloads_are_equal_nor_their_marks():
    codecs = [Codec(b"ours", rank=rank) for rank in range(3)]
    sealed = [codec.seal("hello") for codec in codecs for _ in range(3)]
    assert len(set(sealed)) == len({CODEC.mark(each) for each in sealed}) == 9


def test_a_refused_payload_has_not_been_unpickled():
    theirs = Codec(b"theirs").seal(Bomb())
    for payload in (theirs, bytes(TAG_BYTES) + theirs[TAG_BYTES:], pickle.dumps(Bomb())):
        with pytest.raises(ForeignBytesError):
            CODEC.open(payload)
    assert went_off == []
    CODEC.open(CODEC.seal(Bomb()))  # the bomb is a real one
    assert went_off == ["bang"]
    went_off.clear()


def test_by_value_functions_of_nowhere_travel():
    codec = Codec(b"ours")
    codec.dumps = tuple_dumper(by_value=True)
    assert codec.open(codec.seal(lambda x: x + 1))(2) == 3


BLOCK = Block(rank=5, number=7, stamp=1 << 40, inode=(1 << 60) + 3, lasting=True)


def aside(thing, block=BLOCK):
    """A payload whose buffers lie in a block, and these buffers."""
    frames = CODEC.frames(thing)
    return CODEC.seal_frames(frames, about(TASK, 1, 2), block), [bytes(f) for f in frames[1:]]


def test_of_buffers_that_lie_in_a_block_only_the_address_travels():
    arrays = large(3)
    payload, buffers = aside(arrays)
    assert len(payload) < 1000
    asked = []

    def fetch(block, sizes):
        asked.append((block, list(sizes)))
        return [bytearray(b) for b in buffers]

    back = CODEC.open(payload, about(TASK, 1, 2), fetch)
    assert all(np.array_equal(a, b) for a, b in zip(arrays, back, strict=True))
    assert asked == [(BLOCK, [OUT_OF_BAND_BYTES] * 3)]


def test_the_block_of_a_payload_and_all_that_it_stands_for_are_known_without_opening_it():
    payload, buffers = aside(large(3))
    assert block_of(payload) == BLOCK
    assert weight(payload) == len(payload) + sum(map(len, buffers))
    assert CODEC.sealer(payload) == 0
    plain = Codec(b"ours", rank=70_000).seal(large(3))
    assert (block_of(plain), weight(plain), Codec.sealer(plain)) == (None, len(plain), 70_000)
    for short in (b"", b"\xff" * 24):
        assert (block_of(short), weight(short)) == (None, len(short))


def test_an_address_that_somebody_changed_is_refused_before_anything_is_fetched():
    payload, _ = aside(large())
    fetched = []
    for at in range(TAG_BYTES, len(payload)):
        changed = payload[:at] + bytes([payload[at] ^ 1]) + payload[at + 1 :]
        with pytest.raises(ForeignBytesError):
            CODEC.open(changed, about(TASK, 1, 2), lambda *a: fetched.append(a))
    assert fetched == []


def test_whoever_cannot_fetch_gets_all_of_it():
    arrays = large(2)
    payload, buffers = aside(arrays)
    view = CODEC.check(payload, about(TASK, 1, 2))
    whole = CODEC.whole(view, lambda block, sizes: [bytearray(b) for b in buffers])
    assert all(np.array_equal(a, b) for a, b in zip(arrays, Codec.unseal(whole), strict=True))
    plain = CODEC.check(CODEC.seal(arrays))
    assert CODEC.whole(plain, lambda *_: []) is plain


def test_buffers_begin_where_vectors_like_it_and_do_not_overlap():
    sizes = [1, 64, 65, 0, 1000]
    *begins, end = places(sizes)
    assert all(begin % 64 == 0 and begin > 0 for begin in begins)
    assert all(b + s <= n for b, s, n in zip(begins, sizes, [*begins[1:], end], strict=True))
