"""Groupings: how the tuples that reach an input are spread over the instances of its element.

Owns how groupings are written and what each means. It must never know where instances run.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

SHUFFLE = None
"""No grouping: any instance may get any tuple."""

ALL = "all"
"""One to all: every instance gets every tuple."""

GLOBAL = "global"
"""All to one: the first instance gets every tuple."""

_SPELLINGS = {
    "all": "all",
    "one-to-all": "all",
    "global": "global",
    "all-to-one": "global",
    "shuffle": "shuffle",
}


class GroupingKind(StrEnum):
    """What a grouping does."""

    SHUFFLE = "shuffle"
    KEY = "key"
    ALL = "all"
    GLOBAL = "global"


class Grouping(NamedTuple):
    """A parsed grouping; `columns` are the positions or names of the key."""

    kind: GroupingKind
    columns: tuple[int | str, ...] = ()


def group_by(*columns: int | str) -> list[int | str]:
    """Group-by on positions or names of the tuple, as `grouping` takes it.

    Examples
    --------
    >>> group_by(0, "station")
    [0, 'station']
    """
    return list(columns)


def read_grouping(given: Any) -> Grouping:
    """Meaning of a grouping as users write it.

    Parameters
    ----------
    given
        None or ``'shuffle'``; a position or a list of positions and names (group-by); ``'all'``;
        ``'global'``.

    Raises
    ------
    ValueError
        When it is none of these; the text says what was found and what is understood.

    Examples
    --------
    >>> read_grouping([0, 'word']).columns
    (0, 'word')
    """
    if given is None:
        return Grouping(GroupingKind.SHUFFLE)
    if isinstance(given, str):
        if given not in _SPELLINGS:
            raise ValueError(
                f"unknown grouping {given!r}; known are 'all', 'global', 'shuffle' and a list of "
                f"positions or names of the tuple (to group by the name {given!r}, write [{given!r}])"
            )
        return Grouping(GroupingKind(_SPELLINGS[given]))
    return Grouping(GroupingKind.KEY, read_columns(given))


def read_columns(given: Any) -> tuple[int | str, ...]:
    """Columns of a key: a position, a name, or several of them.

    Raises
    ------
    ValueError
        When there is none, or one is neither an integer nor a string.
    """
    if isinstance(given, (int, str)) and not isinstance(given, bool):
        return (given,)
    if not isinstance(given, Sequence) or isinstance(given, (bytes, bytearray)):
        raise ValueError(f"{given!r} is not a position, a name, or a list of them")
    if not given:
        raise ValueError("the list of positions or names is empty; use 'global' to send all to one instance")
    for column in given:
        if isinstance(column, bool) or not isinstance(column, (int, str)):
            raise ValueError(f"{column!r} is neither a position (an integer) nor a name (a string)")
    return tuple(given)
