"""About how many bytes tuples hold: good enough to bound memory, cheap enough for every batch.

For the engine and for the record; imports nothing.
"""

from __future__ import annotations

from typing import Any

_SCALAR_BYTES = 32
"""A number or a small object, with its place in a list."""

_CONTAINERS = (tuple, list, set, frozenset, dict)

_LOOKS = 4
"""Items of a container that are looked at; the others are taken to be alike."""


def weigh(values: list[Any]) -> float:
    """Bytes per tuple of `values`, from three of them."""
    last = len(values) - 1
    return (_size(values[0]) + _size(values[last // 2]) + _size(values[last])) / 3


def _size(value: Any, depth: int = 3) -> int:
    kind = type(value)
    if kind is int or kind is float:
        return _SCALAR_BYTES
    if kind in (str, bytes, bytearray):
        return _SCALAR_BYTES + len(value)
    size = getattr(value, "nbytes", None)  # arrays
    if type(size) is int:
        return _SCALAR_BYTES + size
    if depth and isinstance(value, _CONTAINERS):  # named tuples too
        return _SCALAR_BYTES + _size_of_items(value, depth - 1)
    if depth and hasattr(value, "__dict__"):
        return _SCALAR_BYTES + _size_of_items(vars(value), depth - 1)
    if depth and hasattr(kind, "__slots__"):
        return _SCALAR_BYTES + _size_of_items(_slots(value), depth - 1)
    return _SCALAR_BYTES


def _slots(value: Any) -> list[Any]:
    """What an object without a ``__dict__`` holds."""
    names = [n for k in type(value).__mro__ for n in getattr(k, "__slots__", ()) if isinstance(n, str)]
    return [getattr(value, n) for n in names if hasattr(value, n)]


def _size_of_items(container: Any, depth: int) -> int:
    count = len(container)
    if not count:
        return 0
    total = looked = 0
    for item in container.values() if isinstance(container, dict) else container:
        total += _size(item, depth)
        looked += 1
        if looked == _LOOKS:
            break
    return total * count // looked
