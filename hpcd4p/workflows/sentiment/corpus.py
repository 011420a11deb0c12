"""A corpus of news that nobody wrote: generated from a seed, of the size and skew of the paper's.

Its sentences are plausible and mean nothing. Places are as frequent as their states are populous, and each
state has a mood of its own, so that scores differ. Article N of a seed is the same on every machine and in
every run, whichever articles are made before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from hpcd4p.workflows.sentiment import vocabulary
from hpcd4p.workflows.sentiment.article import Row
from hpcd4p.workflows.sentiment.states import STATES, State

SENTENCES = (8, 24)
"""Fewest and most of an article: about 150 to 470 words."""

PLAIN_SHARE = 0.45
"""Of the sentences that are neither good nor bad."""

MOODS = (0.35, 0.70)
"""Lowest and highest share of good news among the others, by state. Newspapers are not happy."""

SPREAD = 0.25
"""An article's own share is at most this much from that of its state."""

ABROAD_SHARE = 35 / 2470
"""Of the articles that name no state: as many as the paper's workflow dropped."""

_STRIDE = 0x9E3779B97F4A7C15
"""Keeps the numbers of two seeds apart: the odd number next to 2^64 ÷ the golden ratio."""

_Parts = list[str | list[str]]


class Corpus:
    """Makes the articles of a seed.

    Examples
    --------
    >>> row = Corpus(seed=1).row(7)
    >>> row == Corpus(seed=1).row(7), row == Corpus(seed=2).row(7)
    (True, False)
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        dice = Random(seed)
        by_name = {state.name: state for state in STATES}
        self._places: list[tuple[State, float, list[str]]] = []
        self._weights: list[float] = []
        total = 0.0
        for line in vocabulary.CITIES:
            name, inhabitants, cities = line.split("|")
            total += float(inhabitants)
            self._weights.append(total)
            self._places.append((by_name[name], dice.uniform(*MOODS), cities.split(", ")))
        self._good, self._bad, self._plain = (
            [_parts(sentence) for sentence in sentences]
            for sentences in (vocabulary.GOOD, vocabulary.BAD, vocabulary.PLAIN)
        )

    def row(self, number: int) -> Row:
        """Article `number`, from 1, as a row of a file: title, text, and where it is from."""
        dice = Random(self._seed * _STRIDE + number)
        location, mood = self._place(dice)
        mood += dice.uniform(-SPREAD, SPREAD)
        sentences = [self._sentence(dice.random, mood) for _ in range(dice.randint(*SENTENCES))]
        title = sentences[0].rstrip(".")
        return Row(number, title, " ".join(sentences[1:]), location)

    def _place(self, dice: Random) -> tuple[str, float]:
        """A place as newspapers print it, and its mood."""
        if dice.random() < ABROAD_SHARE:
            return dice.choice(vocabulary.ABROAD), sum(MOODS) / 2
        ((state, mood, cities),) = dice.choices(self._places, cum_weights=self._weights)
        dotted = ".".join(state.postal) + "."
        forms = [state.name, state.postal, dotted, state.dateline or state.name]
        return f"{dice.choice(cities)}, {dice.choice(forms)}", mood

    def _sentence(self, random: Callable[[], float], mood: float) -> str:
        kind = self._good if random() < mood else self._bad
        if random() < PLAIN_SHARE:
            kind = self._plain
        parts = kind[int(random() * len(kind))]
        text = "".join([p if isinstance(p, str) else p[int(random() * len(p))] for p in parts])
        return text[0].upper() + text[1:]


def _parts(sentence: str) -> _Parts:
    """The sentence as text and lists of words, in turns."""
    pieces = re.split(r"\{(\w+)\}", sentence)
    return [vocabulary.SLOTS[piece] if at % 2 else piece for at, piece in enumerate(pieces)]
