"""What is computed for one article: pure functions from tuple to tuple, on any engine.

Scores are whole numbers of a millionth of a point of the lexicon's scale: their sums are exact, and so do not
depend on the order in which articles arrive.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from hpcd4p.workflows.sentiment.article import Article
from hpcd4p.workflows.sentiment.states import find_state

MICRO = 1_000_000
"""Parts of a point."""

TENTHS = 10
"""VADER's lexicon has one decimal: the mean of ten people's votes."""

AFINN, VADER = "AFINN", "VADER"
"""The two methods."""

_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


class Words(NamedTuple):
    """The words of an article, in lower case and in order."""

    line: int
    location: str
    words: list[str]


class Sums(NamedTuple):
    """What the lexicon says of the words of an article."""

    line: int
    location: str
    positive: int
    """Sum of the values above zero, in tenths of a point."""
    negative: int
    """Sum of the values below zero, without their sign."""
    known: int
    """Words that the lexicon has."""


class Scored(NamedTuple):
    """An article with its score, in millionths of a point, and the place that it is from."""

    line: int
    score: int
    location: str
    method: str


class Located(NamedTuple):
    """The same with the state: the tuple that is grouped by places 2 and 3."""

    line: int
    score: int
    state: str
    method: str


def afinn_score(article: Article, values: Callable[[str], list[int]]) -> Scored:
    """Mean value of the words and phrases that AFINN knows; 0 if it knows none.

    Parameters
    ----------
    values
        Gives the values, -5 to 5, of what is found in a text: ``afinn.Afinn().scores``.
    """
    scores = values(article.text)
    return Scored(article.line, _mean(sum(scores), len(scores)), article.location, AFINN)


def tokenise(article: Article) -> Words:
    """Take the text apart into words: letters and digits, with inner apostrophes and hyphens.

    Examples
    --------
    >>> tokenise(Article(1, "Austin, TX", "Well-being isn't bought.")).words
    ['well-being', "isn't", 'bought']
    """
    words = _WORD.findall(article.text.lower().replace("\u2019", "'"))
    return Words(article.line, article.location, words)


def lexicon_sums(tokens: Words, lexicon: Mapping[str, int]) -> Sums:
    """Add up what the lexicon says of the words.

    Parameters
    ----------
    lexicon
        Word → value in tenths of a point, -40 to 40; never 0.
    """
    positive = negative = known = 0
    for word in tokens.words:
        value = lexicon.get(word)
        if value is not None:
            known += 1
            if value > 0:
                positive += value
            else:
                negative -= value
    return Sums(tokens.line, tokens.location, positive, negative, known)


def average(sums: Sums) -> Scored:
    """The larger one of the mean positive and the mean negative value, with its sign; 0 without any word.

    Both means are over all words that the lexicon has, as in the workflow of the paper; of equal ones the
    negative one counts.
    """
    larger = sums.positive if sums.positive > sums.negative else -sums.negative
    return Scored(sums.line, _mean(larger, sums.known * TENTHS), sums.location, VADER)


def locate(scored: Scored) -> Located:
    """Replace the place by the state that it names, `states.UNKNOWN` if it names none."""
    return Located(scored.line, scored.score, find_state(scored.location), scored.method)


def _mean(total: int, count: int) -> int:
    """`total` ÷ `count` in millionths, halves up; 0 for none."""
    return (2 * MICRO * total + count) // (2 * count) if count else 0
