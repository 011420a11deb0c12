"""Values out of the columns of an HDF5 file, as `columns.py` wrote them; streamed, never all at once.

Nothing that a file says is executed: values are built from numbers and text only.
"""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from math import prod
from typing import Any

from hpcd4p.record import jsontext
from hpcd4p.record.columns import link_name
from hpcd4p.record.form import FormKind

BLOCK_BYTES = 1 << 22
"""Bytes of a dataset that are read at once."""


def count_column(group: Any, name: str) -> int:
    """Give the number of values of the column `name` of `group`."""
    return sum(int(variant.attrs["count"]) for variant in _variants(group, name))


def read_column(group: Any, name: str) -> Iterator[Any]:
    """Yield the values of the column `name` of `group` in the order in which they were written."""
    streams = [_read_variant(variant) for variant in _variants(group, name)]
    if len(streams) == 1:
        yield from streams[0]
    elif streams:
        for which in _blocks(group[f"{name}~which"]):
            for code in which.tolist():
                yield next(streams[code])


def describe_column(group: Any, name: str) -> str:
    """Give the kinds of the values of a column in a few words: ``int``, ``tuple of (text, int)``."""
    return " or ".join(_describe(variant) for variant in _variants(group, name)) or "nothing"


def _variants(group: Any, name: str) -> list[Any]:
    variants: list[Any] = []
    while (link := f"{name}~{len(variants)}" if variants else name) in group:
        variants.append(group[link])
    return variants


def _describe(variant: Any) -> str:
    kind = FormKind(variant.attrs["form"])
    if kind in (FormKind.TUPLE, FormKind.NAMEDTUPLE, FormKind.DICT, FormKind.DATACLASS):
        fields = json.loads(variant.attrs["fields"])
        parts = [describe_column(variant, link_name(f)) for f in fields]
        if kind is not FormKind.TUPLE:
            parts = [f"{f}: {part}" for f, part in zip(fields, parts, strict=True)]
        return f"{kind.value} ({', '.join(parts)})"
    if kind in (FormKind.LIST, FormKind.TUPLES, FormKind.SET, FormKind.FROZENSET, FormKind.ITEMS):
        word = {FormKind.TUPLES: "tuple", FormKind.ITEMS: "dict"}.get(kind, kind.value)
        return f"{word} of {describe_column(variant, 'items')}"
    if kind is FormKind.ARRAY:
        return f"array {variant.attrs['dtype']} {list(variant.shape[1:])}"
    if kind is FormKind.RAGGED:
        return f"array {variant.attrs['dtype']} of differing shapes"
    return str(variant.attrs["dtype"]) if kind is FormKind.SCALAR else kind.value


def _blocks(dataset: Any) -> Iterator[Any]:
    """The dataset in blocks along its first axis."""
    text = dataset.dtype.kind == "O"
    row = max(1, dataset.dtype.itemsize * prod(dataset.shape[1:])) * (8 if text else 1)
    step = max(1, BLOCK_BYTES // row)
    source = dataset.asstr() if text else dataset
    for begin in range(0, len(dataset), step):
        yield source[begin : begin + step]


def _read_variant(variant: Any) -> Iterator[Any]:
    kind = FormKind(variant.attrs["form"])
    return _READERS[kind](variant)


def _read_nothing(variant: Any) -> Iterator[Any]:
    for _ in range(int(variant.attrs["count"])):
        yield None


def _read_plain(dataset: Any) -> Iterator[Any]:
    for block in _blocks(dataset):
        yield from block.tolist()


def _read_json(dataset: Any) -> Iterator[Any]:
    return map(jsontext.loads, _read_plain(dataset))


def _read_arrays(dataset: Any) -> Iterator[Any]:
    restored = _restored(dataset)
    for block in _blocks(dataset):
        for value in restored(block):
            # a view would hold the block; an array without dimensions comes out as a numpy scalar
            yield value.copy() if value.shape else value


def _restored(node: Any) -> Callable[[Any], Any]:
    """A function that turns stored values into those of the original dtype."""
    import numpy as np

    name = str(node.attrs["dtype"])
    if name.lstrip("<>=|").startswith(("U", "datetime64", "timedelta64", "M8", "m8")):
        dtype = np.dtype(name)
        return lambda array: array.astype(dtype)
    return _same


def _same(array: Any) -> Any:
    return array


def _read_ragged(group: Any) -> Iterator[Any]:
    data, bytes_ = group["data"], FormKind(group.attrs["form"]) is FormKind.BYTES
    restored = _same if bytes_ else _restored(group)
    source = data.asstr() if data.dtype.kind == "O" else data
    begin = 0
    for shapes in _blocks(group["shape"]):
        sizes = shapes.prod(axis=1).tolist()
        for first, last, end in _spans(sizes, begin, BLOCK_BYTES // max(1, data.dtype.itemsize)):
            block = source[begin:end] if end > begin else data[0:0]
            at = 0
            for i in range(first, last):
                part = block[at : at + sizes[i]]
                at += sizes[i]
                yield part.tobytes() if bytes_ else restored(part.reshape(shapes[i])).copy()
            begin = end


def _spans(sizes: list[int], begin: int, most: int) -> Iterator[tuple[int, int, int]]:
    """Runs of values that hold about `most` items: (first, behind the last, end in the data)."""
    first, end, held = 0, begin, 0
    for i, size in enumerate(sizes):
        if held and held + size > most:
            yield first, i, end
            first, held = i, 0
        held += size
        end += size
    yield first, len(sizes), end


def _read_rows(group: Any) -> Iterator[Any]:
    kind = FormKind(group.attrs["form"])
    names = json.loads(group.attrs["fields"])
    rows = zip(*(read_column(group, link_name(name)) for name in names), strict=True)
    if kind is FormKind.TUPLE:
        return rows
    if kind is FormKind.NAMEDTUPLE:
        make = _namedtuple(str(group.attrs["type_name"]).rpartition(".")[2], tuple(names))
        return map(make._make, rows)
    return (dict(zip(names, row, strict=True)) for row in rows)


@lru_cache(maxsize=256)
def _namedtuple(name: str, fields: tuple[str, ...]) -> Any:
    """A named tuple as like that of the workflow as its names allow."""
    return namedtuple(name if name.isidentifier() else "Row", fields, rename=True)


def _read_sequences(group: Any) -> Iterator[Any]:
    make: Any = {
        FormKind.LIST: list,
        FormKind.TUPLES: tuple,
        FormKind.SET: set,
        FormKind.FROZENSET: frozenset,
        FormKind.ITEMS: dict,
    }[FormKind(group.attrs["form"])]
    items = read_column(group, "items")
    for lengths in _blocks(group["length"]):
        for length in lengths.tolist():
            yield make(islice(items, length))


_READERS: dict[FormKind, Callable[[Any], Iterator[Any]]] = {
    FormKind.NONE: _read_nothing,
    **dict.fromkeys(
        (FormKind.BOOL, FormKind.INT, FormKind.FLOAT, FormKind.COMPLEX, FormKind.TEXT), _read_plain
    ),
    **dict.fromkeys((FormKind.ARRAY, FormKind.SCALAR), _read_arrays),
    **dict.fromkeys((FormKind.RAGGED, FormKind.BYTES), _read_ragged),
    **dict.fromkeys((FormKind.TUPLE, FormKind.NAMEDTUPLE, FormKind.DICT, FormKind.DATACLASS), _read_rows),
    **dict.fromkeys(
        (FormKind.LIST, FormKind.TUPLES, FormKind.SET, FormKind.FROZENSET, FormKind.ITEMS), _read_sequences
    ),
    FormKind.JSON: _read_json,
}
