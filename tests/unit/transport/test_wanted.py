"""What a rank would run is said in few words, however many elements there are."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.transport.wanted import FEW_STREAMS, Wanted

STREAMS = list(range(1, 4000, 2))
"""Those between them have no stream: they hold state."""


def meant(words: list[int]) -> list[int]:
    """The elements that `words` say, in their order."""
    if words[0]:
        assert len(words) == 1 + words[0]
        return words[1:]
    assert len(words) == 2 + 2 * words[1]
    found = []
    for first, last in list(pairwise(words[2:]))[::2]:
        way = 1 if first <= last else -1
        found += [e for e in range(first, last + way, way) if e in STREAMS]
    return found


def test_few_are_said_one_by_one():
    assert Wanted(STREAMS).words([7, 3, 5]) == [3, 7, 3, 5]
    assert Wanted(STREAMS).words([]) == [0, 0]


def test_all_of_thousands_are_one_span():
    assert Wanted(STREAMS).words(STREAMS[::-1]) == [0, 1, 3999, 1]
    assert Wanted(STREAMS).words(STREAMS) == [0, 1, 1, 3999]


@given(st.sets(st.sampled_from(range(60)), min_size=FEW_STREAMS + 1), st.booleans())
def test_what_is_left_out_is_left_out(places, upwards):
    take = sorted((STREAMS[place] for place in places), reverse=not upwards)
    assert meant(Wanted(STREAMS).words(take)) == take
