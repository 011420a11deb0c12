"""Lines of a page: text in named styles, fitted to a number of cells. Pure.

What a style looks like is known to `top.screen` alone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

MORE = "…"


class Span(NamedTuple):
    """Text in one style; `style` is a key of `top.styles.STYLES`, or empty."""

    text: str
    style: str = ""


Line = tuple[Span, ...]


def line(*parts: str | Span) -> Line:
    """A line of these parts; those without text are left out."""
    spans = (Span(part) if isinstance(part, str) else part for part in parts)
    return tuple(span for span in spans if span.text)


def plain(of: Line) -> str:
    """The text of a line."""
    return "".join(span.text for span in of)


def cells(text: str) -> int:
    """How many cells of a terminal a text takes.

    Examples
    --------
    >>> cells("tuples"), cells("数"), cells("e\u0301")
    (6, 2, 1)
    """
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def clean(text: str) -> str:
    r"""The text without what a terminal would obey: names and messages are other people's.

    Examples
    --------
    >>> clean("a\x1b[2Jb\nc")
    'a?[2Jb?c'
    """
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)


def cut(text: str, columns: int) -> str:
    """As much of a text as fits; what is left out is shown by a sign."""
    if cells(text) <= columns:
        return text
    kept, used = "", 0
    for char in text:
        used += _cells(char)
        if used > columns - 1:
            break
        kept += char
    return kept + MORE if columns > 0 else ""


def cut_within(text: str, columns: int) -> str:
    """As much of a name as fits: its begin and its end, for names differ at the end.

    Examples
    --------
    >>> cut_within("factors-20261123", 9), cut_within("factors", 9)
    ('fact…1123', 'factors')
    """
    if cells(text) <= columns:
        return text
    end, room = "", (columns - 1) // 2
    for char in reversed(text):
        if cells(char + end) > room:
            break
        end = char + end
    return cut(text, columns - cells(end)) + end


def fit(of: Line, columns: int) -> Line:
    """As much of a line as fits, without anything that a terminal would obey."""
    fitted, left = [], columns
    for span in of:
        text = cut(clean(span.text), left)
        if text:
            fitted.append(Span(text, span.style))
        left -= cells(text)
        if text != clean(span.text):
            break
    return tuple(fitted)


def apart(left: Line, right: Line, columns: int) -> Line:
    """One line with a part at each end; the right one is left out where both have no room."""
    room = columns - cells(plain(left)) - cells(plain(right))
    return line(*left, " " * room, *right) if room >= 2 else fit(left, columns)


def wrapped(text: str, columns: int, style: str = "") -> list[Line]:
    """A text in lines that break between words where they can; a word that is longer goes on below."""
    lines, now = [], ""
    for word in (piece for long in clean(text).split() for piece in _pieces(long, columns)):
        if now and cells(now) + 1 + cells(word) > columns:
            lines.append(now)
            now = word
        else:
            now = f"{now} {word}" if now else word
    return [line(Span(each, style)) for each in [*lines, now] if each]


def _pieces(word: str, columns: int) -> list[str]:
    """A word in pieces that have room."""
    if cells(word) <= columns:
        return [word]
    pieces = [""]
    for char in word:
        if pieces[-1] and cells(pieces[-1] + char) > columns:
            pieces.append("")
        pieces[-1] += char
    return pieces


def joined(parts: Sequence[Line], columns: int, gap: str = "  ") -> Line:
    """As many of the parts as fit on a line, in their order; at least a piece of the first."""
    made = parts[0] if parts else ()
    for part in parts[1:]:
        if part and cells(plain(made)) + len(gap) + cells(plain(part)) <= columns:
            made = line(*made, gap if made else "", *part)
    return fit(made, columns)
