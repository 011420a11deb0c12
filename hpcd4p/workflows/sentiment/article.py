"""An article, and how a row of a table becomes one. Pure."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """A row of the input as it was found; `check` tells whether it is an article."""

    line: int
    """Line of the file, from 1, where it begins; of a generated article its number."""
    title: str | None
    text: str | None
    location: str | None
    error: str = ""
    """Why it could not be taken apart; empty if it could."""


class Article(NamedTuple):
    """An article to be scored."""

    line: int
    location: str
    text: str
    """Title, if there is one, and text."""


def check(row: Row) -> Article:
    r"""Give the article of a row.

    Raises
    ------
    ValueError
        The row is no article; the message names its line and what is wrong.

    Examples
    --------
    >>> check(Row(7, "Good news", "Jobs are back.", "Austin, TX"))
    Article(line=7, location='Austin, TX', text='Good news\nJobs are back.')
    """
    if row.error:
        raise ValueError(f"line {row.line}: {row.error}")
    if not row.text or not row.location:
        missing = [name for name in ("text", "location") if not getattr(row, name)]
        raise ValueError(f"line {row.line}: nothing in column {' and '.join(missing)}")
    return Article(row.line, row.location, f"{row.title}\n{row.text}" if row.title else row.text)
