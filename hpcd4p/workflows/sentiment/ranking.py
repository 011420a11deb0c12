"""How happy each state is, and which are the happiest. Pure; exact in any order of arrival."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hpcd4p.workflows.sentiment.scores import MICRO, Located
from hpcd4p.workflows.sentiment.states import UNKNOWN

BY = ("total", "mean")
"""What states may be ranked by: the sum of the scores of their articles, or their mean."""


class Mood(NamedTuple):
    """A state, all its articles counted."""

    state: str
    articles: int
    score: int
    """Sum of the scores of its articles, in millionths of a point."""
    method: str


class Place(NamedTuple):
    """A place in the ranking; scores in points."""

    method: str
    rank: int
    state: str
    articles: int
    total: float
    mean: float


class Moods:
    """Adds up articles by state and method.

    Examples
    --------
    >>> moods = Moods()
    >>> moods.add(Located(1, 2_000_000, "Texas", "AFINN"))
    >>> moods.add(Located(2, 500_000, "Texas", "AFINN"))
    >>> moods.all()
    [Mood(state='Texas', articles=2, score=2500000, method='AFINN')]
    """

    def __init__(self) -> None:
        self._by_state: dict[tuple[str, str], tuple[int, int]] = {}

    def add(self, article: Located) -> Mood:
        """Count an article; give the mood of its state so far."""
        _, score, state, method = article
        articles, total = self._by_state.get((state, method), (0, 0))
        self._by_state[state, method] = articles + 1, total + score
        return Mood(state, articles + 1, total + score, method)

    def all(self) -> list[Mood]:
        """Every state that has an article, in order of name."""
        return [Mood(state, *counts, method) for (state, method), counts in sorted(self._by_state.items())]


def happiest(moods: Iterable[Mood], top: int, by: str) -> list[Place]:
    """The `top` happiest states, best first, equal ones in order of name; `UNKNOWN` has no place.

    Parameters
    ----------
    by
        One of `BY`.
    """
    known = [mood for mood in moods if mood.state != UNKNOWN]
    known.sort(key=lambda mood: (-_worth(mood, by), mood.state))
    return [
        Place(m.method, rank, m.state, m.articles, m.score / MICRO, m.score / (MICRO * m.articles))
        for rank, m in enumerate(known[:top], 1)
    ]


def _worth(mood: Mood, by: str) -> float:
    # both are the nearest float to an exact quotient, in every process the same
    return mood.score / MICRO if by == "total" else mood.score / (MICRO * mood.articles)
