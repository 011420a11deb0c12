"""The elements whose tasks a rank would run, in the words of the script ``step``. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

FEW_STREAMS = 16
"""So many are tried one after the other, some microseconds each. Where there are more, what waits is looked
up."""


class Wanted:
    """Says what is wanted of `streams`, the elements that have a stream of tasks, in their order."""

    def __init__(self, streams: Sequence[int]) -> None:
        self._place = {element: place for place, element in enumerate(streams)}

    def words(self, take: Sequence[int]) -> list[int]:
        """Number of elements and these, the most wanted first; or 0, number of spans and their ends."""
        if 0 < len(take) <= FEW_STREAMS:
            return [len(take), *take]
        spans = self._spans(take) if take else []
        return [0, len(spans) // 2, *spans]

    def _spans(self, take: Sequence[int]) -> list[int]:
        """First and last of each stretch of `take` that leaves out no stream between them."""
        spans = [take[0]]
        way = 0
        for before, element in pairwise(take):
            step = self._place[element] - self._place[before]
            if abs(step) != 1 or way not in (0, step):
                spans += [before, element]
                way = 0
            else:
                way = step
        return [*spans, take[-1]]
