"""Stable hashes: equal in Python means equal here, in every process, whatever PYTHONHASHSEED says.

Owns the encoding of values for hashing. It must never guess: a key whose equality it does not know is
refused, for a wrong hash would send equal keys to two partitions.

Numbers use Python's own `hash`, which is defined by value alone, across int, float, bool, complex,
Decimal, Fraction and numpy's scalars, and does not depend on the seed (docs: "Hashing of numeric types").
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

try:  # what hashlib hands out; it would load OpenSSL for it (DECISIONS.md)
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

from hpcd4p.errors import KeyHashError

MAX_DEPTH = 200
"""Deepest nesting that is hashed: well inside Python's own limit on recursion."""

_Encode = Callable[[Any, int], bytes]

# what numpy calls a tick, in attoseconds: its finest unit, so that every other is a whole number of it
_SECONDS = {"W": 604_800, "D": 86_400, "h": 3600, "m": 60, "s": 1}
_ATTOSECONDS = {unit: seconds * 10**18 for unit, seconds in _SECONDS.items()}
_ATTOSECONDS.update({"ms": 10**15, "us": 10**12, "ns": 10**9, "ps": 10**6, "fs": 10**3, "as": 1})


def stable_hash(key: Any) -> int:
    """64-bit hash of a key: equal keys have equal hashes in every process.

    Takes None, numbers (numpy's too), str, bytes, tuples, frozensets, ranges, dates and times, enums, UUIDs,
    paths, classes, and frozen dataclasses of these.

    Raises
    ------
    KeyHashError
        For any other type, and for a key that is not equal to itself (nan); names the type.

    Examples
    --------
    >>> stable_hash(1) == stable_hash(1.0) == stable_hash(True)
    True
    >>> stable_hash(("a", 1)) == stable_hash(("a", 2))
    False
    """
    return int.from_bytes(digest(encode_key(key, 0)), "little")


def digest(data: bytes) -> bytes:
    """8 bytes that stand for `data`."""
    return blake2b(data, digest_size=8).digest()


# ---- one encoding for each type; the first byte keeps types apart that are never equal


def _number(key: Any, depth: int) -> bytes:
    if key != key:
        raise KeyHashError(
            "nan is not equal to itself and cannot be a key; replace it (by None) or filter it out"
        )
    return b"n" + hash(key).to_bytes(8, "little", signed=True)


def _text(key: str, depth: int) -> bytes:
    return b"s" + key.encode("utf-8", "surrogatepass")


def _bytes(key: bytes, depth: int) -> bytes:
    return b"b" + key


def _memory(key: memoryview, depth: int) -> bytes:
    # Python lets a view be a key, equal to the bytes, if it is read-only and of bytes
    if not key.readonly or key.format not in ("B", "b", "c"):
        raise KeyHashError("a memoryview can be a key only if it is read-only and of bytes")
    return b"b" + key.tobytes()


def _none(key: None, depth: int) -> bytes:
    return b"0"


def _tuple(key: tuple[Any, ...], depth: int) -> bytes:
    return b"t" + b"".join([digest(encode_key(each, depth + 1)) for each in key])


def _frozenset(key: frozenset[Any], depth: int) -> bytes:
    return b"f" + b"".join(sorted([digest(encode_key(each, depth + 1)) for each in key]))


def _range(key: range, depth: int) -> bytes:
    # ranges are equal if they give the same numbers
    parts = (len(key), key[0] if key else None, key.step if len(key) > 1 else None)
    return b"r" + repr(parts).encode()


def encode_class(key: type, depth: int) -> bytes:
    """Bytes for a class: where it is defined."""
    return b"c" + f"{key.__module__}:{key.__qualname__}".encode()


def _enum(key: Any, depth: int) -> bytes:
    member = key.name if key.name is not None else repr(key.value)  # a flag of nameless bits
    return b"e" + encode_class(type(key), depth) + b"\0" + str(member).encode()


def _instant(days: int, microseconds: int) -> bytes:
    """Attoseconds since 1970: what dates, times without a zone and numpy's datetime64 share."""
    return b"d" + str(days * _ATTOSECONDS["D"] + microseconds * 10**12).encode()


_EPOCH_ORDINAL = 719_163  # date(1970, 1, 1).toordinal()


def _date(key: Any, depth: int) -> bytes:
    return _instant(key.toordinal() - _EPOCH_ORDINAL, 0)


def _microseconds(clock: Any) -> int:
    seconds: int = (clock.hour * 60 + clock.minute) * 60 + clock.second
    return seconds * 1_000_000 + int(clock.microsecond)


def _datetime(key: Any, depth: int) -> bytes:
    # as Python's own hash of it: the fold is left out
    offset = key.replace(fold=0).utcoffset()
    days, micros = key.toordinal() - _EPOCH_ORDINAL, _microseconds(key)
    if offset is None:
        return _instant(days, micros)
    return b"z" + _instant(days - offset.days, micros - offset.seconds * 1_000_000 - offset.microseconds)


def _time(key: Any, depth: int) -> bytes:
    offset = key.replace(fold=0).utcoffset()
    micros = _microseconds(key)
    if offset is None:
        return b"h" + str(micros).encode()
    shift = (offset.days * 86_400 + offset.seconds) * 1_000_000 + offset.microseconds
    return b"hz" + str(micros - shift).encode()


def _timedelta(key: Any, depth: int) -> bytes:
    micros = (key.days * 86_400 + key.seconds) * 1_000_000 + key.microseconds
    return b"l" + str(micros * 10**12).encode()


def _uuid(key: Any, depth: int) -> bytes:
    return b"u" + bytes(key.bytes)


def _posix_path(key: Any, depth: int) -> bytes:
    return b"p" + str(key).encode("utf-8", "surrogatepass")


EXACT: dict[type, _Encode] = {
    str: _text,
    int: _number,
    float: _number,
    bool: _number,
    complex: _number,
    bytes: _bytes,
    tuple: _tuple,
    type(None): _none,
    frozenset: _frozenset,
    range: _range,
    memoryview: _memory,
    type: encode_class,
}

# by the name of the type, so that its module need not be imported here
_BY_NAME: dict[str, _Encode] = {
    "decimal.Decimal": _number,
    "fractions.Fraction": _number,
    "datetime.date": _date,
    "datetime.datetime": _datetime,
    "datetime.time": _time,
    "datetime.timedelta": _timedelta,
    "uuid.UUID": _uuid,
    "pathlib.PurePosixPath": _posix_path,
    "pathlib.PosixPath": _posix_path,
    "pathlib._local.PurePosixPath": _posix_path,
    "pathlib._local.PosixPath": _posix_path,
}


def encode_key(key: Any, depth: int) -> bytes:
    """Bytes that equal keys share and unequal ones do not; `depth` is how deep it is nested."""
    kind = type(key)
    encode = EXACT.get(kind)
    if encode is None:
        encode = _find(kind)
    if depth > MAX_DEPTH:
        raise KeyHashError(f"a key nested more than {MAX_DEPTH} deep cannot be hashed")
    return encode(key, depth)


_encoders: dict[type, _Encode] = {}


def _find(kind: type) -> _Encode:
    """Encoder of a type that is not built in; remembered, as the question is slow."""
    encode = _encoders.get(kind)
    if encode is None:
        encode = _search(kind)
        if len(_encoders) < 10_000:  # types made on the fly must not pile up
            _encoders[kind] = encode
    return encode


def _search(kind: Any) -> _Encode:
    if kind.__module__ == "numpy":
        return _numpy_scalar
    if issubclass(kind, type) and _equal_alike(kind, type):
        return encode_class
    # a subclass counts as its base if it has not changed what equal means
    for base in kind.__mro__:
        encode = EXACT.get(base) or _BY_NAME.get(f"{base.__module__}.{base.__qualname__}")
        if encode is not None and _equal_alike(kind, base):
            return encode
    enum = sys.modules.get("enum")
    if enum is not None and issubclass(kind, enum.Enum) and kind.__eq__ is object.__eq__:
        return _enum
    if _is_plain_frozen_dataclass(kind):
        return _dataclass
    return _refuse


def _equal_alike(kind: Any, base: Any) -> bool:
    return kind.__eq__ is base.__eq__ and kind.__hash__ is base.__hash__


def _is_plain_frozen_dataclass(kind: type) -> bool:
    params = getattr(kind, "__dataclass_params__", None)
    if params is None or not (params.eq and params.frozen):
        return False
    # the generated method is compiled from a string; one that the user wrote comes from a file
    code = getattr(kind.__eq__, "__code__", None)
    return code is not None and code.co_filename == "<string>" and code.co_name == "__eq__"


def _dataclass(key: Any, depth: int) -> bytes:
    names = [
        f.name
        for f in type(key).__dataclass_fields__.values()
        if f.compare and f._field_type.name == "_FIELD"
    ]
    return (
        b"k" + encode_class(type(key), depth) + b"\0" + _tuple(tuple(getattr(key, n) for n in names), depth)
    )


def _numpy_scalar(key: Any, depth: int) -> bytes:
    kind = getattr(getattr(key, "dtype", None), "kind", "")
    if getattr(key, "ndim", None) != 0 or type(key).__hash__ is None:
        return _refuse(key, depth)
    if kind in "biufc":
        return _number(key, depth)
    if kind == "U":
        return _text(str(key), depth)
    if kind == "S":
        return _bytes(bytes(key), depth)
    if kind in "mM":
        return _numpy_time(key, kind)
    return _refuse(key, depth)


def _numpy_time(key: Any, kind: str) -> bytes:
    if key != key:
        raise KeyHashError(
            "NaT is not equal to itself and cannot be a key; replace it (by None) or filter it out"
        )
    unit, count = sys.modules["numpy"].datetime_data(key.dtype)
    if unit in ("Y", "M") and kind == "M":
        key, unit, count = key.astype("datetime64[D]"), "D", 1
    if unit not in _ATTOSECONDS:  # a span of months or years, or without a unit
        return (
            b"g"
            + f"{int(key.astype('int64')) * count * (12 if unit == 'Y' else 1)}{unit == 'generic'}".encode()
        )
    ticks = int(key.astype("int64")) * count * _ATTOSECONDS[unit]
    return (b"d" if kind == "M" else b"l") + str(ticks).encode()


def _refuse(key: Any, depth: int) -> bytes:
    kind = type(key)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    raise KeyHashError(
        f"a key of type {name} has no hash that is equal in every process; use numbers, strings, bytes, "
        "dates, enums, or tuples of them"
    )
