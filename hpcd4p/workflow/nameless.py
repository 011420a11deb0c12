"""Things in which nothing travels by its name: pickle alone makes the same of them, and sooner.

`workflow.identity` asks of each object that it pickles whether code knows it by name. Of numbers, and of what
holds nothing but numbers, that is asked of all at once here.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from gc import get_referents
from typing import Any

from hpcd4p.workflow import kept

_NUMBERS = frozenset({int, float, complex, bool, bytes, type(None)})
"""Strings are none: identity keeps those that are interned."""

_HOLDERS = frozenset({tuple, list, set, frozenset})
"""No dicts: of their keys the garbage collector knows only some."""

_KNOWN = _NUMBERS | _HOLDERS

_DEEPEST = 8
"""Levels that are looked through; something may hold itself."""


def are_nameless(things: Sequence[Any]) -> bool:
    """Whether `things` are numbers, or hold numbers, that no code knows by name."""
    named = kept.here.keys.keys()
    for _ in range(_DEEPEST):
        kinds = {*map(type, things)}
        if not kinds <= _KNOWN or not named.isdisjoint(map(id, things)):
            return False
        if kinds <= _NUMBERS:
            return True
        things = get_referents(*(each for each in things if type(each) in _HOLDERS))
    return False


def dump_nameless(thing: Any, file: Any) -> None:
    """Pickle it into a file, for `identity.loads`."""
    pickle.Pickler(file, protocol=5).dump(thing)
