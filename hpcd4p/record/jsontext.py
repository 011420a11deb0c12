"""Any value as JSON text, and back: for values for which HDF5 has no type.

A type that JSON lacks becomes an object with one key that begins with ``$`` (``{"$tuple": [1, 2]}``). A value
that has no other form is kept as its `repr` under ``$repr``: that can be read, but is not the value. Text is
never executed or unpickled on the way back. This file must never import numpy or h5py.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import decimal
import enum
import fractions
import json
import math
import pathlib
import sys
import uuid
from collections import deque
from typing import Any

MAX_DEPTH = 100
"""Deeper values are kept as `repr`: most of them contain themselves."""


class BareRepr(str):
    """The `repr` of a value that has no other form in a record."""

    __slots__ = ()


def dumps(value: Any) -> tuple[str, bool]:
    """Give the text of `value`, and whether `loads` gives the value back (no `repr` in it)."""
    exact = [True]
    try:
        plain = _plain(value, exact, 0)
        text = json.dumps(plain, ensure_ascii=False, allow_nan=False)
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair: JSON can say it in ASCII only
        text = json.dumps(plain, allow_nan=False)
    except RecursionError:
        exact[0] = False
        text = json.dumps({"$repr": _repr(value)})
    return text, exact[0]


def loads(text: str) -> Any:
    """Give the value of a text made by `dumps`."""
    return _value(json.loads(text))


def _repr(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - user code: its __repr__ may raise anything
        return f"<{type(value).__qualname__} whose repr raised {type(error).__name__}>"


def type_name(value: Any) -> str:
    """Give the full name of the type of `value`."""
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}"


def _plain(value: Any, exact: list[bool], depth: int) -> Any:
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if kind is int:
        # above 4300 digits Python refuses to read the decimal form
        return value if value.bit_length() < 10_000 else {"$int": hex(value)}
    if kind is float:
        return value if math.isfinite(value) else {"$float": repr(value)}
    if depth > MAX_DEPTH:
        raise RecursionError
    if kind is list:
        return [_plain(v, exact, depth + 1) for v in value]
    if kind is dict:
        if all(type(k) is str and not k.startswith("$") for k in value):
            return {k: _plain(v, exact, depth + 1) for k, v in value.items()}
        return {
            "$dict": [[_plain(k, exact, depth + 1), _plain(v, exact, depth + 1)] for k, v in value.items()]
        }
    return _tagged(value, exact, depth + 1)


_SEQUENCES: dict[type, str] = {tuple: "$tuple", set: "$set", frozenset: "$frozenset", deque: "$deque"}
_TEXTS: dict[type, str] = {
    datetime.datetime: "$datetime",
    datetime.date: "$date",
    datetime.time: "$time",
    decimal.Decimal: "$decimal",
    fractions.Fraction: "$fraction",
    uuid.UUID: "$uuid",
    pathlib.PosixPath: "$path",
    pathlib.PurePosixPath: "$purepath",
}


def _tagged(value: Any, exact: list[bool], depth: int) -> Any:
    kind = type(value)
    if kind in _SEQUENCES:
        return {_SEQUENCES[kind]: [_plain(v, exact, depth) for v in value]}
    if kind in _TEXTS:
        return {_TEXTS[kind]: value.isoformat() if hasattr(value, "isoformat") else str(value)}
    if kind is complex:
        return {"$complex": [_plain(value.real, exact, depth), _plain(value.imag, exact, depth)]}
    if kind in (bytes, bytearray):
        return {"$bytes": base64.b64encode(value).decode()}
    if kind is datetime.timedelta:
        return {"$timedelta": [value.days, value.seconds, value.microseconds]}
    if kind in (range, slice):
        parts = [value.start, value.stop, value.step]
        return {f"${kind.__name__}": [_plain(v, exact, depth) for v in parts]}
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
        return _array(numpy, value, exact, depth)
    # enums of numbers and text, and subclasses: equal to their plain values
    if isinstance(value, int):
        return _plain(int.__int__(value), exact, depth)
    if isinstance(value, float):
        return _plain(float.__float__(value), exact, depth)
    if isinstance(value, str):
        return _plain(str.__str__(value), exact, depth)
    return _object(value, exact, depth)


def _array(numpy: Any, value: Any, exact: list[bool], depth: int) -> Any:
    """Arrays inside other values, or of a dtype that HDF5 lacks."""
    if isinstance(value, numpy.ma.MaskedArray):
        parts = [_array(numpy, value.data, exact, depth), _plain(value.mask.tolist(), exact, depth)]
        return {"$masked": parts}
    if value.dtype.hasobject and value.dtype.names:
        exact[0] = False
        return {"$repr": _repr(value)}
    items = value.astype("i8").tolist() if value.dtype.kind in "mM" else value.tolist()
    return {
        "$array" if isinstance(value, numpy.ndarray) else "$scalar": {
            "dtype": value.dtype.descr if value.dtype.names else str(value.dtype),
            "shape": list(value.shape),
            "data": _plain(items, exact, depth),
        }
    }


def _object(value: Any, exact: list[bool], depth: int) -> Any:
    """An object of a class: its fields if it is plain data, else its `repr`."""
    exact[0] = False
    name = type_name(value)
    if isinstance(value, enum.Enum):
        return {"$type": name, "name": value.name, "value": _plain(value.value, exact, depth)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = [(f.name, getattr(value, f.name, None)) for f in dataclasses.fields(value)]
        return {"$type": name, **{k: _plain(v, exact, depth) for k, v in pairs}}
    if name.startswith("pandas.") and hasattr(value, "to_dict"):
        return {"$type": name, "data": _plain(value.to_dict(), exact, depth)}
    fields = getattr(value, "__dict__", None)
    if type(fields) is dict and fields and all(k.isidentifier() for k in fields) and not callable(value):
        return {"$type": name, **{k: _plain(v, exact, depth) for k, v in fields.items()}}
    return {"$repr": _repr(value)}


_READERS: dict[str, Any] = {
    "$int": lambda x: int(x, 16),
    "$float": float,
    "$dict": lambda x: {_value(k): _value(v) for k, v in x},
    "$tuple": lambda x: tuple(map(_value, x)),
    "$set": lambda x: set(map(_value, x)),
    "$frozenset": lambda x: frozenset(map(_value, x)),
    "$deque": lambda x: deque(map(_value, x)),
    "$datetime": datetime.datetime.fromisoformat,
    "$date": datetime.date.fromisoformat,
    "$time": datetime.time.fromisoformat,
    "$decimal": decimal.Decimal,
    "$fraction": fractions.Fraction,
    "$uuid": uuid.UUID,
    "$path": pathlib.PosixPath,
    "$purepath": pathlib.PurePosixPath,
    "$complex": lambda x: complex(*map(_value, x)),
    "$bytes": base64.b64decode,
    "$timedelta": lambda x: datetime.timedelta(*x),
    "$range": lambda x: range(*x),
    "$slice": lambda x: slice(*map(_value, x)),
    "$repr": BareRepr,
    "$array": lambda x: _numpy_array(x),
    "$scalar": lambda x: _numpy_array(x)[()],
    "$masked": lambda x: _numpy_masked(x),
}


def _numpy_array(x: dict[str, Any]) -> Any:
    import numpy as np

    items = _value(x["data"])
    array = np.empty(x["shape"], dtype="O") if x["dtype"] == "object" else None
    if array is None:
        kind = np.dtype(_descr(x["dtype"]))
        return np.asarray(items, dtype="i8" if kind.kind in "mM" else kind).astype(kind).reshape(x["shape"])
    for where in np.ndindex(*x["shape"]):  # items may be sequences: numpy would look into them
        item = items
        for i in where:
            item = item[i]
        array[where] = item
    return array


def _descr(descr: Any) -> Any:
    """The name of a dtype, or its fields: (name, dtype) or (name, dtype, shape)."""
    if isinstance(descr, str):
        return descr
    return [(name, _descr(kind), *map(tuple, shape)) for name, kind, *shape in descr]


def _numpy_masked(x: list[Any]) -> Any:
    import numpy as np

    return np.ma.MaskedArray(_value(x[0]), mask=_value(x[1]))


def _value(x: Any) -> Any:
    if type(x) is list:
        return [_value(v) for v in x]
    if type(x) is dict:
        if len(x) == 1:
            (tag, content), *_ = x.items()
            if tag in _READERS:
                return _READERS[tag](content)
        return {k: _value(v) for k, v in x.items()}
    return x
