"""What a rank would run is said in few words, however many elements there are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.transport.wanted import FEW_STREAMS, Wanted

STREAMS = list(range(1, 4000, 2))
"""Those between them have no stream: they hold state."""


def meant(said: tuple[Sequence[int], list[int]]) -> list[int]:
    """The elements that are said, in their order."""
    few, spans = said
    assert not (few and spans)
    found = list(few)
    for first, last in list(pairwise(spans))[::2]:
        way = 1 if first <= last else -1
        found += [e for e in range(first, last + way, way) if e in STREAMS]
    return found


def test_few_are_said_one_by_one():
    assert Wanted(STREAMS).split([7, 3, 5]) == ([7, 3, 5], [])
    assert Wanted(STREAMS).split([]) == ([], [])


def test_all_of_thousands_are_one_span():
    assert Wanted(STREAMS).split(STREAMS[::-1]) == ((), [3999, 1])
    assert Wanted(STREAMS).split(STREAMS) == ((), [1, 3999])


@given(st.sets(st.sampled_from(range(60)), min_size=FEW_STREAMS + 1), st.booleans())
def test_what_is_left_out_is_left_out(places, upwards):
    take = sorted((STREAMS[place] for place in places), reverse=not upwards)
    assert meant(Wanted(STREAMS).split(take)) == take
