"""The form of a value, which says how HDF5 stores it; decided value by value or for a whole batch at once.

A form is shallow: for a tuple it has the number of fields, not their contents, for each field is a column of
its own (`columns.py`). Pure: opens nothing; uses numpy only if the workflow has loaded it.
"""

from __future__ import annotations

import dataclasses
import sys
from collections import deque
from enum import StrEnum
from typing import Any, NamedTuple

MAX_FIELDS = 64
"""A longer tuple or dict is a sequence of its items: nobody reads a table of more columns."""

MAX_NAME = 200
"""Characters of a key that may become the name of a column."""


class FormKind(StrEnum):
    """How a value is stored; the text is the attribute ``form`` of its dataset or group."""

    NONE = "none"
    BOOL = "bool"
    INT = "int"  # 64 bit; larger ones are JSON
    FLOAT = "float"
    COMPLEX = "complex"
    TEXT = "text"
    BYTES = "bytes"
    ARRAY = "array"  # equal shapes, stacked
    RAGGED = "ragged"  # arrays of one dtype whose shapes differ
    SCALAR = "scalar"  # a numpy scalar
    TUPLE = "tuple"  # one column per field
    NAMEDTUPLE = "namedtuple"
    DICT = "dict"
    DATACLASS = "dataclass"
    LIST = "list"  # lengths, and one column of all items
    TUPLES = "tuples"  # tuples of many lengths
    SET = "set"
    FROZENSET = "frozenset"
    ITEMS = "items"  # dicts of many keys: (key, value) pairs
    JSON = "json"


ROWS = (FormKind.TUPLE, FormKind.NAMEDTUPLE, FormKind.DICT, FormKind.DATACLASS)
SEQUENCES = (FormKind.LIST, FormKind.TUPLES, FormKind.SET, FormKind.FROZENSET, FormKind.ITEMS)


class Form(NamedTuple):
    """The kind, and all else that must be equal for two values to be stored together."""

    kind: FormKind
    names: tuple[str, ...] = ()  # of the columns of a row
    dtype: Any = None  # numpy dtype
    shape: tuple[int, ...] = ()  # of a stacked array; of a ragged one only its length counts
    type_name: str = ""  # of a named tuple or a data class


NONE = Form(FormKind.NONE)
BOOL = Form(FormKind.BOOL)
INT = Form(FormKind.INT)
FLOAT = Form(FormKind.FLOAT)
COMPLEX = Form(FormKind.COMPLEX)
TEXT = Form(FormKind.TEXT)
BYTES = Form(FormKind.BYTES)
LIST = Form(FormKind.LIST)
JSON = Form(FormKind.JSON)

_PLAIN: dict[type, Form] = {
    type(None): NONE,
    bool: BOOL,
    float: FLOAT,
    complex: COMPLEX,
    bytes: BYTES,
    bytearray: BYTES,
    list: LIST,
    deque: LIST,
    set: Form(FormKind.SET),
    frozenset: Form(FormKind.FROZENSET),
}


def form_of(value: Any) -> Form:
    """Give the form of one value; `JSON` for everything that HDF5 has no type for."""
    kind = type(value)
    plain = _PLAIN.get(kind)
    if plain is not None:
        return plain
    if kind is int:
        return INT if -(1 << 63) <= value < 1 << 63 else JSON
    if kind is str:
        return TEXT if storable_text(value) else JSON
    if kind is tuple:
        return _tuple_form(len(value))
    if isinstance(value, dict):
        return _dict_form(tuple(value))
    return _class_form(value)


def batch_form(values: list[Any]) -> Form | None:
    """Give the form of all `values` if it is one and quickly seen, else None.

    About 30 ns per value: a run hands over millions of numbers.
    """
    kinds = set(map(type, values))
    if len(kinds) != 1:
        return None
    kind = kinds.pop()
    plain = _PLAIN.get(kind)
    if plain is not None:
        return plain
    if kind is int:
        return INT if min(values) >= -(1 << 63) and max(values) < 1 << 63 else None
    if kind is str:
        return TEXT if storable_text("".join(values)) else None
    if kind is tuple:
        lengths = set(map(len, values))
        return _tuple_form(lengths.pop()) if len(lengths) == 1 else None
    if kind is dict:
        keys = set(map(tuple, values))
        return _dict_form(keys.pop()) if len(keys) == 1 else None
    return None


def storable_text(text: str) -> bool:
    """Whether HDF5 takes `text` as UTF-8: no zero character, no half of a surrogate pair."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _tuple_form(length: int) -> Form:
    if not 0 < length <= MAX_FIELDS:
        return Form(FormKind.TUPLES)
    return Form(FormKind.TUPLE, tuple(map(str, range(length))))


def _dict_form(keys: tuple[Any, ...]) -> Form:
    if 0 < len(keys) <= MAX_FIELDS and all(type(k) is str and 0 < len(k) <= MAX_NAME for k in keys):
        return Form(FormKind.DICT, keys)
    return Form(FormKind.ITEMS)


def _class_form(value: Any) -> Form:
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
        return _numpy_form(numpy, value)
    kind = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(value, tuple):
        names = getattr(kind, "_fields", None)
        if names and len(names) == len(value) <= MAX_FIELDS and all(type(n) is str for n in names):
            return Form(FormKind.NAMEDTUPLE, tuple(names), type_name=name)
        return _tuple_form(len(value))
    if isinstance(value, list):
        return LIST
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = tuple(f.name for f in dataclasses.fields(value))
        if 0 < len(names) <= MAX_FIELDS and all(hasattr(value, n) for n in names):
            return Form(FormKind.DATACLASS, names, type_name=name)
    return JSON


def _numpy_form(numpy: Any, value: Any) -> Form:
    if isinstance(value, numpy.ma.MaskedArray):
        return JSON
    if isinstance(value, numpy.generic):
        if isinstance(value, str):
            return TEXT if storable_text(str(value)) else JSON
        if isinstance(value, bytes):
            return BYTES
        return Form(FormKind.SCALAR, dtype=value.dtype) if storable_dtype(value.dtype) else JSON
    if value.dtype.kind == "U":
        if not storable_text("".join(value.ravel().tolist())):
            return JSON
        # lengths do not matter: the text is stored as UTF-8 of any length
        return Form(FormKind.ARRAY, dtype=numpy.dtype("U"), shape=value.shape)
    if not storable_dtype(value.dtype):
        return JSON
    return Form(FormKind.ARRAY, dtype=value.dtype, shape=value.shape)


def storable_dtype(dtype: Any) -> bool:
    """Whether HDF5 has a type for `dtype` (dates are stored as integers with their unit)."""
    if dtype.kind in "biufcmM":
        return True
    if dtype.kind == "S":
        return bool(dtype.itemsize)
    if dtype.kind == "V" and dtype.names:
        return all(
            storable_dtype(dtype[name].base) and dtype[name].base.kind not in "mM" and storable_text(name)
            for name in dtype.names
        )
    return False
