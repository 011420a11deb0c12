"""Whether states of keys belong to their keys alone, so that each can be saved without the others.

A state that somebody else refers to (the element in an attribute, the state of another key) may change
without a call of its key, and would be two objects after it was saved in two pieces. Everything that holds an
object is counted in it, so no search is needed: what is in one container has one reference. What this does
not know is not alone. Used in a copy of the process: nothing runs beside it there.
"""

from __future__ import annotations

import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from gc import get_referents
from typing import Any
from weakref import getweakrefcount

_ATOM, _LEAF, _HOLDER, _FROZEN, _ARRAY, _UNKNOWN = range(6)

_KINDS: dict[type, int] = {
    **dict.fromkeys((int, float, complex, bool, str, bytes, type(None), range), _ATOM),
    **dict.fromkeys((date, datetime, time, timedelta), _ATOM),
    bytearray: _LEAF,
    **dict.fromkeys((list, dict, set, deque, Counter, OrderedDict, defaultdict), _HOLDER),
    **dict.fromkeys((tuple, frozenset), _FROZEN),
}

_KEYS = frozenset({int, bool, str, bytes, float, type(None)})
"""Types of keys that are equal after they were saved if they were before, but for what is not even equal to
itself."""

_SAME = _KEYS - {float}

_SIMPLE = frozenset(kind for kind, found in _KINDS.items() if found is _ATOM)

_CLASS = 1 << 9
"""Of the flags of a type: made by a class statement."""


def are_plain(keys: Collection[Any]) -> bool:
    """Whether what is made of the pickles of keys is sure to be the same keys."""
    return {*map(type, keys)} <= _SAME or all(map(is_plain, keys))


def is_plain(key: Any) -> bool:
    """Whether what is made of the pickle of a key is sure to be the same key."""
    if type(key) is tuple:
        return all(map(is_plain, key))
    return type(key) in _KEYS and key == key  # not a number


def are_alone(things: list[Any]) -> bool:
    """Whether each of `things` is held by one container, beside this list, and so is all that they hold."""
    things = _counted(things)
    while things:
        if max(map(sys.getrefcount, things)) > _ONCE or any(map(getweakrefcount, things)):
            return False
        if not all(map(_is_known, things)):
            return False
        things = _counted(get_referents(*things))
    return True


def _counted(things: list[Any]) -> list[Any]:
    """Those of which it matters who refers to them."""
    if {*map(type, things)} <= _SIMPLE:
        return []
    return [thing for thing in things if type(thing) not in _SIMPLE and _counts(thing)]


def _kind(thing: Any) -> int:
    kind = type(thing)
    found = _KINDS.get(kind)
    return _learn(kind) if found is None else found


def _learn(kind: type) -> int:
    """What objects of a type are; numpy is only asked if it is there."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and issubclass(kind, numpy.generic) and kind is not numpy.void:
        found = _ATOM
    elif numpy is not None and kind is numpy.ndarray:
        found = _ARRAY
    elif kind.__flags__ & _CLASS and not issubclass(kind, type):
        found = _HOLDER
    else:
        found = _UNKNOWN
    _KINDS[kind] = found
    return found


def _is_known(thing: Any) -> bool:
    kind = _kind(thing)
    if kind is _ARRAY:
        return thing.base is None and not thing.dtype.hasobject
    return kind is not _UNKNOWN


def _counts(thing: Any) -> bool:
    kind = _kind(thing)
    if kind is _FROZEN:  # the same one is used for equal values, as `()` is
        return any(map(_counts, thing))
    return kind is not _ATOM and not isinstance(thing, type)


def _once() -> int:
    """What `getrefcount` gives of an object in one container and in the list that is looked through."""
    container = {0: [0]}
    things = list(container.values())
    return max(map(sys.getrefcount, things))


_ONCE = _once()
