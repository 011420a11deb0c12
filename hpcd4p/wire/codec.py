"""How tuples become bytes: pickle protocol 5, large buffers out of band, a keyed tag in front.

Owns the byte layout of every payload. It must never unpickle bytes whose tag it has not checked.

A sealed payload (what goes through Redis)::

    tag (16 bytes) | serial u64 | frames: count u32, sizes u64 each | bytes of each

A payload of a task ends with its birth (`Codec.born`). If the large buffers lie in a block of shared memory
(`wire.block`), the highest bit of the serial is set, and only the pickle follows. The scripts
(`transport/lua/`) count the bytes of the block as if they were there::

    tag | serial u64 | bytes in the block u64 | the block | frames: count u32, sizes u64 each | pickle

The tag is a keyed BLAKE2b of the rest and of what the payload is *about* (`about`): its kind, and what its
reader knows about it already, so that no payload can be read as another. The serial begins with the rank that
sealed it, so no two payloads of a run are equal.

An array is pickled as a header and a raw buffer: its data is copied once into the payload and once
out of it, into memory that the receiver may write to, as it could in the sequential run.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any

try:  # what hashlib and hmac hand out; they would load OpenSSL for it (DECISIONS.md)
    from _blake2 import blake2b as blake2b
    from _operator import _compare_digest
except ImportError:
    from hashlib import blake2b
    from hmac import compare_digest as _compare_digest  # type: ignore[no-redef]

from hpcd4p.errors import ForeignBytesError
from hpcd4p.wire.block import PACKED_BYTES, Block
from hpcd4p.wire.heads import BORN, Heads, head_of
from hpcd4p.wire.messages import Segment

compare_digest = _compare_digest

TAG_BYTES = 16

OUT_OF_BAND_BYTES = 1 << 14
"""Buffers below this stay inside the pickle: a frame of its own costs more than the copy."""

MOST_BUFFERS = 4000
"""MPI promises tags up to 32767 only, and the number of buffers travels in one."""

TASK, LETTER, REPORT, ORDER, PROGRESS, ACCOUNT, WANTED, GIVEN = range(1, 9)
"""Kinds of payloads."""

_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")
_HEAD = struct.Struct("<QI")
_ABOUT = struct.Struct("<IIQ")
_MARK = b"mark"
_ASIDE = 1 << 63
"""In the serial: the buffers lie in a block."""
_ASIDE_AT = TAG_BYTES + 7
"""The byte of a payload that has this bit."""
_WEIGHT_AT = TAG_BYTES + 8

Fetch = Callable[[Block, Sequence[int]], list[Any]]
"""Gives the buffers of these sizes that lie in a block (`transport.broker.Blocks.open`)."""


def about(kind: int, which: int = 0, number: int = 0) -> bytes:
    """What a payload is about: its kind, and two numbers that its reader knows."""
    return _ABOUT.pack(kind, which, number)


def frame_sizes(frames: list[Any]) -> list[int]:
    """Bytes of each frame."""
    return [f.nbytes if isinstance(f, memoryview) else len(f) for f in frames]


def block_of(payload: bytes | memoryview) -> Block | None:
    """The block in which the buffers of a payload lie; only for one that `Codec.check` has passed."""
    if len(payload) > _WEIGHT_AT and payload[_ASIDE_AT] >> 7:
        return Block.unpack(payload, _WEIGHT_AT + 8)
    return None


def weight(payload: bytes | memoryview) -> int:
    """Bytes that a payload stands for: its own, and those in its block. The scripts count so, too."""
    if len(payload) > _WEIGHT_AT and payload[_ASIDE_AT] >> 7:
        return len(payload) + int.from_bytes(payload[_WEIGHT_AT : _WEIGHT_AT + 8], "little")
    return len(payload)


class Unreadable(Exception):
    """Bytes of this run cannot be unpickled; the cause of this exception is the one raised meanwhile."""

    def __init__(self, frames: list[Any]) -> None:
        self.frames = frames


class Codec(Heads):
    """Turns tuples into payloads and back, for one run.

    Parameters
    ----------
    secret
        Key of the tags, known to the ranks of the run only.
    rank
        The rank that seals.

    Attributes
    ----------
    dumps
        Pickles, like `pickle.dumps`. In runs, the result of `workflow.sentinels.tuple_dumper` once the
        elements are made.
    """

    def __init__(self, secret: bytes, *, rank: int = 0) -> None:
        self._secret = secret
        self._serial = rank << 40
        self.dumps: Callable[..., bytes] = pickle.dumps

    def frames(self, thing: Any) -> list[bytes | memoryview]:
        """Pickle of `thing` and, after it, the raw buffers that it refers to (not copied)."""
        large: list[bytes | memoryview] = []

        def keep_in_band(buffer: pickle.PickleBuffer) -> bool:
            try:
                raw = buffer.raw()
            except BufferError:  # not contiguous: pickle copies it
                return True
            if raw.nbytes < OUT_OF_BAND_BYTES or len(large) >= MOST_BUFFERS:
                return True
            large.append(raw)
            return False

        body = self.dumps(thing, protocol=5, buffer_callback=keep_in_band)
        return [body, *large]

    def pack(self, segments: list[Segment], place: str = "", born: float = 0.0) -> list[bytes | memoryview]:
        """Frames of a message of keyed data; its receiver can count the tuples without unpickling it.

        `place`: origin and path, behind a colon, of what waits for its turn. `born`: see `seal_frames`.
        """
        counts: dict[int, int] = {}
        for segment in segments:
            counts[segment.element] = counts.get(segment.element, 0) + len(segment.values)
        frames = self.frames(segments)
        frames[0] = b"".join([head_of(counts, place, born), frames[0]])
        return frames

    @classmethod
    def unpack(cls, frames: list[Any]) -> list[Segment]:
        """Inverse of `pack`; the buffers become the memory of the arrays, so they must be writable."""
        segments: list[Segment] = cls.join([memoryview(frames[0])[cls.size(frames) :], *frames[1:]])
        return segments

    @staticmethod
    def join(frames: list[Any]) -> Any:
        """Inverse of `frames`; the buffers become the memory of the arrays, so they must be writable.

        Raises
        ------
        Unreadable
            Some object in it cannot be made; `runtime.execute.salvage` reads the rest.
        """
        try:
            return pickle.loads(frames[0], buffers=frames[1:])
        except (Exception, SystemExit) as error:  # user classes: unpickling them may raise anything
            raise Unreadable(frames) from error

    def seal(self, thing: Any, what: bytes = b"") -> bytes:
        """A tagged payload that holds `thing`; for `about` see the function of that name."""
        return self.seal_frames(self.frames(thing), what)

    def seal_frames(
        self,
        frames: list[bytes | memoryview],
        what: bytes = b"",
        block: Block | None = None,
        born: float = 0.0,
    ) -> bytes:
        """The same of what `frames` gave; with `block`, all but the first of them are there already.

        `born`: when a source wrote the oldest tuple in it, seconds since the epoch; it stands at the end.
        """
        sizes = frame_sizes(frames)
        self._serial += 1
        if block is None:
            head = struct.pack(f"<QI{len(sizes)}Q", self._serial, len(sizes), *sizes)
            parts = [head, *frames]
        else:
            aside = struct.pack("<QQ", self._serial | _ASIDE, sum(sizes[1:]))
            table = struct.pack(f"<I{len(sizes)}Q", len(sizes), *sizes)
            parts = [aside, block.pack(), table, frames[0]]
        if born:
            parts.append(BORN.pack(born))
        # one copy of each frame, and no more
        return b"".join([self._tag(parts, what), *parts])

    def _tag(self, parts: Iterable[bytes | memoryview], what: bytes) -> bytes:
        tag = blake2b(digest_size=TAG_BYTES, key=self._secret, person=what)
        for part in parts:
            tag.update(part)
        return tag.digest()

    def check(self, payload: bytes | memoryview, what: bytes = b"") -> memoryview:
        """The payload without its tag, which has been checked.

        Raises
        ------
        ForeignBytesError
            The tag is not that of this run's secret, or the payload is about something else.
        """
        view = memoryview(payload)
        if not compare_digest(self._tag([view[TAG_BYTES:]], what), view[:TAG_BYTES]):
            raise ForeignBytesError(
                f"a payload of {len(payload)} bytes in Redis was not written by this run, or was moved, and "
                "was refused: somebody else writes to the keys of the run. Give it a Redis of its own (leave "
                "--redis-url out), or one where its user alone may touch its keys"
            )
        return view[TAG_BYTES:]

    def open(self, payload: bytes | memoryview, what: bytes = b"", fetch: Fetch | None = None) -> Any:
        """The thing that was sealed; raises as `check` does. For `fetch` see `split`."""
        return self.unseal(self.check(payload, what), fetch)

    @staticmethod
    def born(payload: bytes | memoryview) -> float:
        """`born` of a payload that `check` has passed; 0: it has none."""
        ends = TAG_BYTES
        if len(payload) > _WEIGHT_AT and payload[_ASIDE_AT] >> 7:
            ends += 16 + PACKED_BYTES
            (count,) = _U32.unpack_from(payload, ends)
            ends += 4 + 8 * count + _U64.unpack_from(payload, ends + 4)[0]
        elif len(payload) >= TAG_BYTES + _HEAD.size:
            _, count = _HEAD.unpack_from(payload, ends)
            ends += _HEAD.size + 8 * count
            ends += sum(struct.unpack_from(f"<{count}Q", payload, ends - 8 * count))
        return float(BORN.unpack_from(payload, ends)[0]) if len(payload) == ends + BORN.size else 0.0

    @staticmethod
    def sealer(payload: bytes | memoryview) -> int:
        """The rank that has sealed this payload; only for one that `check` has passed."""
        serial: int = _HEAD.unpack_from(payload, TAG_BYTES)[0]
        return (serial & ~_ASIDE) >> 40

    @classmethod
    def unseal(cls, view: memoryview, fetch: Fetch | None = None) -> Any:
        """The thing that was sealed, from a payload that `check` has passed."""
        return cls.join(cls.split(view, fetch))

    @staticmethod
    def split(view: memoryview, fetch: Fetch | None = None) -> list[Any]:
        """Frames of the thing that was sealed, not unpickled; `fetch` gives those that lie in a block."""
        if view[7] >> 7:
            at = 16 + PACKED_BYTES
            (count,) = _U32.unpack_from(view, at)
            pickled, *sizes = struct.unpack_from(f"<{count}Q", view, at + 4)
            at += 4 + 8 * count
            assert fetch is not None  # nobody else is given such a payload
            return [view[at : at + pickled], *fetch(Block.unpack(view, 16), sizes)]
        _, count = _HEAD.unpack_from(view)
        lengths = struct.unpack_from(f"<{count}Q", view, _HEAD.size)
        at = _HEAD.size + 8 * count
        frames: list[Any] = []
        for size in lengths:
            part = view[at : at + size]
            frames.append(bytearray(part) if frames else part)
            at += size
        return frames

    @classmethod
    def whole(cls, view: memoryview, fetch: Fetch) -> memoryview:
        """What `check` gave, for a reader who cannot fetch: with the buffers in it."""
        if not view[7] >> 7:
            return view
        frames = cls.split(view, fetch)
        sizes = frame_sizes(frames)
        head = struct.pack(f"<QI{len(sizes)}Q", 0, len(sizes), *sizes)
        return memoryview(b"".join([head, *frames]))

    def mark(self, payload: bytes | memoryview, more: str = "") -> int:
        """The mark of this payload: a number of 128 bits that only this run can compute."""
        said = bytes(payload[:TAG_BYTES]) + more.encode()
        digest = blake2b(said, digest_size=16, key=self._secret, person=_MARK).digest()
        return int.from_bytes(digest, "little")
