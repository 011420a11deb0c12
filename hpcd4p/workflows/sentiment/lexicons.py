"""The two lexicons, from the packages of the extra ``sentiment``. Nothing is downloaded.

AFINN: F. Å. Nielsen, "A new ANEW: evaluation of a word list for sentiment analysis in microblogs", 2011.
VADER: C. J. Hutto and E. Gilbert, "VADER: a parsimonious rule-based model for sentiment analysis of social
media text", ICWSM 2014. Both are imported or read where they are used: the other ranks do not pay for it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from importlib.util import find_spec

from hpcd4p.workflows.sentiment.scores import TENTHS

PACKAGES = ("afinn", "vaderSentiment")

_SPACES = re.compile(r"\s+")


AFINN_WORDS = "AFINN-en-165.txt"
"""The English list, which ``afinn.Afinn()`` takes too."""


def load_afinn() -> Callable[[str], list[int]]:
    """What gives the values of the words and phrases of a text, as ``afinn.Afinn().scores`` finds them.

    The package tries its 3,382 words one after the other at each place of a text: 3 to 8 ms for an article.
    Here they are one tree of letters, which finds the same 30 times as fast.
    """
    from importlib.resources import as_file, files

    from afinn import Afinn

    with as_file(files("afinn").joinpath("data", AFINN_WORDS)) as path:
        values: dict[str, int] = Afinn.read_word_file(str(path))
    find = re.compile(rf"\b{tree_of(values)}\b").findall

    def scores(text: str) -> list[int]:
        return [values[word] for word in find(_SPACES.sub(" ", text).lower())]

    return scores


def tree_of(words: Iterable[str]) -> str:
    """Regular expression for the longest of `words` that a text goes on with.

    Examples
    --------
    >>> tree_of(["bad", "badly", "be"])
    'b(?:ad(?:ly)?|e)'
    """
    by_letter: dict[str, list[str]] = {}
    for word in sorted(set(words)):
        by_letter.setdefault(word[:1], []).append(word[1:])
    may_end = by_letter.pop("", None) is not None
    branches = [re.escape(letter) + tree_of(rest) for letter, rest in by_letter.items()]
    if not branches:
        return ""
    if len(branches) == 1 and not may_end:
        return branches[0]
    return f"(?:{'|'.join(branches)}){'?' if may_end else ''}"


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
