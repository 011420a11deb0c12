"""Which rows of a long table are shown, where a workflow has thousands of elements. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import nlargest

MOST_ROWS = 40
"""A table that has no more is shown as it is."""

END_ROWS = 10
"""Of one that has more: so many from its begin, from its end, and of those with the greatest weight."""

IN_RECORD = "`show --json` has all"
"""Said of a run."""


def chosen_rows(weights: Sequence[float]) -> list[int]:
    """Places of the rows to show, in order: the first, the last, and those that weigh most.

    Parameters
    ----------
    weights
        How much each row matters; 0: no more than others.
    """
    count = len(weights)
    if count <= MOST_ROWS:
        return list(range(count))
    inner = range(END_ROWS, count - END_ROWS)
    least = min(weights)
    heavy = nlargest(END_ROWS, (i for i in inner if weights[i] > least), key=weights.__getitem__)
    return sorted([*range(END_ROWS), *heavy, *range(count - END_ROWS, count)])


def with_gaps(lines: Sequence[str], places: Sequence[int], count: int, where: str = IN_RECORD) -> list[str]:
    """`lines`, the rows at `places` of `count`, with a mark for each gap, and `where` those left out are."""
    if len(places) == count:
        return list(lines)
    shown: list[str] = []
    for before, place, line in zip([-1, *places], places, lines, strict=False):
        shown += ["  ...", line] if place > before + 1 else [line]
    return [*shown, f"  ... and {count - len(places):,} more ({where})"]


def shortened_list(names: Sequence[str], most: int = END_ROWS) -> str:
    """Names with commas between them; of many the first, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
