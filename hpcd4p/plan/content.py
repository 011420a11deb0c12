"""Hashes of content: for spreading tuples over several instances of an element without a grouping.

Owns the encoding of values that cannot be keys. Two values with the same content must have the same hash in
every process, even if only one of them was pickled: so nothing here may depend on identity.
"""

from __future__ import annotations

from typing import Any

from hpcd4p.errors import KeyHashError
from hpcd4p.plan.hashing import EXACT, MAX_DEPTH, digest, encode_class, encode_key


def content_hash(value: Any) -> int:
    """64-bit hash of any value by its content: also lists, dicts, sets, arrays and plain objects.

    Values that are equal and of one type, and copies of a value, have equal hashes in every process.

    Raises
    ------
    KeyHashError
        When the value cannot be taken apart (as it cannot be pickled) or is nested too deeply.
    """
    return int.from_bytes(digest(_encode(value, 0)), "little")


def _encode(value: Any, depth: int) -> bytes:
    if depth > MAX_DEPTH:
        raise KeyHashError(
            f"a value of type {type(value).__name__} is nested too deeply, or in itself, to be hashed"
        )
    kind = type(value)
    if kind is float and value != value:
        return b"nan"
    if kind in EXACT and kind not in (tuple, frozenset, complex, memoryview):
        return EXACT[kind](value, depth)
    deeper = depth + 1
    if kind in (tuple, list):
        return b"L" + b"".join([digest(_encode(each, deeper)) for each in value])
    if kind is dict:
        pairs = [digest(_encode(k, deeper)) + digest(_encode(v, deeper)) for k, v in value.items()]
        return b"D" + b"".join(sorted(pairs))
    if kind in (set, frozenset):
        return b"S" + b"".join(sorted([digest(_encode(each, deeper)) for each in value]))
    if kind.__module__ == "numpy" and kind.__name__ == "ndarray" and not value.dtype.hasobject:
        return b"A" + f"{value.dtype.str}{value.shape}".encode() + bytes(value.tobytes())
    return _encode_object(value, deeper)


def _encode_object(value: Any, depth: int) -> bytes:
    """Encode what pickle would take apart, without its memory of shared parts: copies must be equal."""
    try:
        return encode_key(value, depth)
    except (KeyHashError, TypeError):
        pass
    if callable(value) and hasattr(value, "__qualname__"):
        return b"c" + f"{value.__module__}:{value.__qualname__}".encode()
    try:
        parts = value.__reduce_ex__(4)
    except Exception as error:  # user code: anything may come
        raise KeyHashError(
            f"a value of type {type(value).__name__} cannot be spread by its content over several instances "
            f"({type(error).__name__}: {error}); give the input a grouping"
        ) from error
    if isinstance(parts, str):
        return b"G" + parts.encode()
    listed = [
        list(each) if i >= 2 and hasattr(each, "__next__") else each for i, each in enumerate(parts[1:], 1)
    ]
    return b"O" + encode_class(type(value), depth) + _encode(tuple(listed), depth)
