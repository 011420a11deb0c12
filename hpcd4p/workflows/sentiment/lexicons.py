"""The two lexicons, from the packages of the extra ``sentiment``. Nothing is downloaded.

AFINN: F. Å. Nielsen, "A new ANEW: evaluation of a word list for sentiment analysis in microblogs", 2011.
VADER: C. J. Hutto and E. Gilbert, "VADER: a parsimonious rule-based model for sentiment analysis of social
media text", ICWSM 2014. Both are imported or read where they are used: the other ranks do not pay for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec

from hpcd4p.workflows.sentiment.scores import TENTHS

PACKAGES = ("afinn", "vaderSentiment")


def load_afinn() -> Callable[[str], list[int]]:
    """What gives the values of the words and phrases of a text, as the package finds them (35 ms)."""
    from afinn import Afinn

    scores: Callable[[str], list[int]] = Afinn().scores
    return scores


def load_vader() -> dict[str, int]:
    """Word → value in tenths of a point, from the file of the package.

    The package itself would import `requests`, which the lexicon does not need.

    Raises
    ------
    FileNotFoundError
        The package is not there, or has no such file.
    """
    spec = find_spec("vaderSentiment")
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    for folder in folders:
        with open(os.path.join(folder, "vader_lexicon.txt"), encoding="utf-8") as file:
            return dict(map(_entry, filter(str.strip, file)))
    raise FileNotFoundError("vader_lexicon.txt of the package vaderSentiment")


def _entry(line: str) -> tuple[str, int]:
    word, value = line.strip().split("\t")[:2]
    return word, round(float(value) * TENTHS)
