"""Tables that give up columns where a terminal is narrow. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hpcd4p.top.lines import Line, Span, cells, clean, cut, cut_within, fit, line

_GAP = 2
LEAST_NAME = 12
"""Of an element: so much of it tells it from others, most of the time."""

MOST_NAME = 40


class Column(NamedTuple):
    """One column; the first of a table is flush left and may be cut."""

    head: str
    matters: int  # those that matter least go first
    left: bool = False


def grid(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Span]],
    width: int,
    mark: int | None = None,
    least: int = LEAST_NAME,
) -> list[Line]:
    """The head and the rows of a table, at most `width` cells wide.

    Parameters
    ----------
    mark
        The row that is chosen.
    least
        Cells that the first column keeps before others have room, if it needs them.
    """
    texts = [[clean(cell.text) for cell in row] for row in rows]
    needs = [max([cells(c.head), *(cells(row[i]) for row in texts)]) for i, c in enumerate(columns)]
    needs[0] = min(needs[0], MOST_NAME)
    shown = _shown(columns, needs, width, least)
    needs[0] = max(1, min(needs[0], width - sum(needs[i] + _GAP for i in shown if i)))
    head = _row([Span(c.head, "head") for c in columns], columns, shown, needs)
    made = [fit(head, width)]
    for place, row in enumerate(rows):
        told = fit(_row(row, columns, shown, needs), width)
        made.append(chosen(told, width) if place == mark else told)
    return made


def chosen(of: Line, width: int) -> Line:
    """A line that shows that it is chosen, over its whole width."""
    room = width - sum(cells(span.text) for span in of)
    return tuple(Span(span.text, "chosen") for span in (*of, Span(" " * room)) if span.text)


def _shown(columns: Sequence[Column], needs: Sequence[int], width: int, least: int) -> list[int]:
    """The columns that have room beside a piece of the first one."""
    shown = list(range(len(columns)))
    least = min(needs[0], least)
    for place in sorted(shown[1:], key=lambda i: columns[i].matters):
        if least + sum(needs[i] + _GAP for i in shown if i) <= width:
            break
        shown.remove(place)
    return shown


def _row(row: Sequence[Span], columns: Sequence[Column], shown: Sequence[int], needs: Sequence[int]) -> Line:
    parts: list[Span] = []
    for place in shown:
        text = (cut if place else cut_within)(clean(row[place].text), needs[place])
        room = " " * (needs[place] - cells(text))
        flush_left = not place or columns[place].left
        text = text + room if flush_left else room + text
        parts += [Span(" " * _GAP if place else ""), Span(text, row[place].style)]
    return line(*parts)
