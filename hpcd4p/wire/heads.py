"""What stands in front of a message of keyed data, and can be read without unpickling it. Pure.

::

    elements u32, with two flags | element u32, tuples u32 of each | birth f64 | size u32, place | pickle
"""

from __future__ import annotations

import struct
from typing import Any

_U32 = struct.Struct("<I")
BORN = struct.Struct("<d")

_PLACED = 1 << 31
"""In the count: there is a place."""
_AGED = 1 << 30
"""There is a birth."""
_MANY = _AGED - 1


def head_of(counts: dict[int, int], place: str, born: float) -> bytes:
    """The head of a message with so many tuples by element; for the others see `Codec.pack`."""
    flat = [n for pair in counts.items() for n in pair]
    many = len(counts) | bool(place) * _PLACED | bool(born) * _AGED
    head = struct.pack(f"<{1 + len(flat)}I", many, *flat)
    if born:
        head += BORN.pack(born)
    if place:
        word = place.encode()
        head += _U32.pack(len(word)) + word
    return head


def _behind(many: int) -> int:
    """Where the place begins; `many`: the first number."""
    return 4 + 8 * (many & _MANY) + bool(many & _AGED) * BORN.size


class Heads:
    """Reads heads."""

    @staticmethod
    def place(frames: list[Any]) -> tuple[int, str] | None:
        """Origin and path of a message; None: it has none."""
        (many,) = _U32.unpack_from(frames[0])
        if not many & _PLACED:
            return None
        at = _behind(many)
        (size,) = _U32.unpack_from(frames[0], at)
        origin, path = bytes(memoryview(frames[0])[at + 4 : at + 4 + size]).decode().split(":")
        return int(origin), path

    @staticmethod
    def birth(frames: list[Any]) -> float:
        """`born` of a message: see `Codec.pack`; 0: it has none."""
        (many,) = _U32.unpack_from(frames[0])
        return float(BORN.unpack_from(frames[0], 4 + 8 * (many & _MANY))[0]) if many & _AGED else 0.0

    @staticmethod
    def counts(frames: list[Any]) -> dict[int, int]:
        """Tuples by element in a message."""
        (many,) = _U32.unpack_from(frames[0])
        many &= _MANY
        flat = struct.unpack_from(f"<{2 * many}I", frames[0], 4)
        return dict(zip(flat[::2], flat[1::2], strict=True))

    @staticmethod
    def size(frames: list[Any]) -> int:
        """Bytes of the head."""
        (many,) = _U32.unpack_from(frames[0])
        at = _behind(many)
        return at + 4 + int(_U32.unpack_from(frames[0], at)[0]) if many & _PLACED else at
