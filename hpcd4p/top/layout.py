"""How the parts of a page share the rows of a terminal. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Want(NamedTuple):
    """Of one part: rows without which it says nothing, and rows with which it says all."""

    least: int
    most: int


def shared(rows: int, wants: Sequence[Want]) -> list[int]:
    """Rows of each part.

    All get their least as long as there are rows, the first ones first; then each gets one more in turn, as
    long as it wants more.

    Examples
    --------
    >>> shared(10, [Want(2, 3), Want(2, 9), Want(1, 1)]), shared(3, [Want(2, 9), Want(2, 9)])
    ([3, 6, 1], [3, 0])
    """
    given: list[int] = []
    for want in wants:
        least = want.least if sum(given) + want.least <= rows else 0
        given.append(least)
    left = rows - sum(given)
    while left > 0:
        hungry = [i for i, want in enumerate(wants) if given[i] and given[i] < want.most]
        if not hungry:
            break
        for place in hungry[:left]:
            given[place] += 1
        left -= len(hungry[:left])
    return given


def window(number: int, room: int, at: int | None) -> range:
    """Which rows of a long table are shown, so that the one at `at` is among them.

    Examples
    --------
    >>> window(10, 4, None), window(10, 4, 9), window(3, 4, 2)
    (range(0, 4), range(6, 10), range(0, 3))
    """
    if number <= room or at is None:
        return range(min(number, room))
    first = min(max(0, at - room // 2), number - room)
    return range(first, first + room)
