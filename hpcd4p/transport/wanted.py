"""The elements whose tasks a rank would run, in the words of the script ``step``. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

FEW_STREAMS = 16
"""So many are tried one after the other, a microsecond each. Where there are more, what waits is looked
up."""


class Wanted:
    """Knows the order of `streams`, the elements that have a stream of tasks, in their order."""

    def __init__(self, streams: Sequence[int]) -> None:
        self._place = {element: place for place, element in enumerate(streams)}

    def split(self, take: Sequence[int]) -> tuple[Sequence[int], list[int]]:
        """Elements, the most wanted first; or the ends of spans of them. One of the two is empty."""
        if len(take) <= FEW_STREAMS:
            return take, []
        return (), self._spans(take)

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
