"""The page of a run that tells its status: lines for a terminal of any size. Pure."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from hpcd4p.live.found import FoundRun, Life
from hpcd4p.live.text import checkpoints_text, memory_text, scaler_text, state_word
from hpcd4p.top.bands import bands
from hpcd4p.top.details import element_page, help_page, ranks_page
from hpcd4p.top.head import head, title
from hpcd4p.top.history import History
from hpcd4p.top.layout import Want, shared
from hpcd4p.top.lines import Line, Span, fit, joined, line, wrapped
from hpcd4p.top.tables import elements_table, failures_table, ranks_table
from hpcd4p.top.view import Choices, Shows, Size, View, chosen_band, in_order


class Over(NamedTuple):
    """A run whose status has gone."""

    word: str
    said: list[str]
    good: bool
    """Whether it has done what it should."""
    record: Path | None = None


class Page(NamedTuple):
    """What a terminal shows."""

    lines: list[Line]
    choices: Choices
    """What can be chosen on it."""


def page(run: FoundRun, history: History, view: View, size: Size, over: Over | None = None) -> Page:
    """What is known of a run, in the lines of a terminal.

    Parameters
    ----------
    history
        It has taken in what the run has told, the last of which is in `run`.
    over
        The status has gone; `run` is the last one.
    """
    if size.rows < 1 or size.columns < 1:
        return Page([], view.choices)
    if view.shows is Shows.RUN:
        return _run_page(run, history, view, size, over)
    top = [_title(run, view, size.columns, over)]
    if view.shows is Shows.HELP:
        body = help_page(size.columns)
    elif view.shows is Shows.ELEMENT:
        body = element_page(run.document, history, view.element, size.columns)
    else:
        body = ranks_page(run.document, history, _chosen_units(view), size.columns)
    room = max(0, size.rows - 2)
    first = min(view.scroll, max(0, len(body) - room))
    lines = [*top, *body[first : first + room]]
    lines += [()] * (size.rows - 1 - len(lines))
    return Page([*lines, keys_line(view, size.columns)][-size.rows :], view.choices)


def _title(run: FoundRun, view: View, columns: int, over: Over | None) -> Line:
    if over is None:
        lives = run.life is Life.UNDER_WAY
        return title(run, Span(state_word(run), "good" if lives else "bad"), view.paused, columns)
    return title(run, Span(over.word, "good" if over.good else "warn"), view.paused, columns)


def _chosen_units(view: View) -> tuple[object, ...]:
    place = chosen_band(view.choices.bands, view.unit)
    return () if place is None else view.choices.bands[place].units


def _run_page(run: FoundRun, history: History, view: View, size: Size, over: Over | None) -> Page:
    document, columns = run.document, size.columns
    shown = in_order(document.elements, view.sort)
    units = history.samples[-1].units if history.samples and document.run.ranks > 1 else {}
    upper = [_title(run, view, columns, over)]
    for said in [] if over is None else over.said:
        upper += wrapped(said, columns, "good" if over and over.good else "warn")
    upper += head(run, history, columns, lives=over is None)
    notes = _notes(run, columns)
    failed = len(document.failures)
    tables = 1 + len(shown), 1 + len(units) if units else 0, 1 + failed if failed else 0
    given = shared(
        size.rows - 1,  # the keys
        [
            Want(min(len(upper), max(1, size.rows // 2)), len(upper)),
            Want(4, tables[0] + 1),
            Want(min(4, tables[1] + 1) if units else 0, tables[1] + 1 if units else 0),
            Want(3 if failed else 0, min(tables[2] + 1, 6) if failed else 0),
            Want(min(2, len(notes)), 2),
        ],
    )
    made = bands(units, max(1, given[2] - 2)) if units else []
    choices = Choices([element.name for element in shown], made)
    chosen = View(element=view.element, unit=view.unit, on_ranks=view.on_ranks, choices=choices).place
    lines = upper[: given[0] or 1]
    for rows, part in (
        (given[1], elements_table(shown, document, columns, given[1] - 1, None if view.on_ranks else chosen)),
        (
            given[2],
            ranks_table(
                made, list(history.samples), columns, given[2] - 1, chosen if view.on_ranks else None
            ),
        ),
        (given[3], failures_table(document, history, columns, given[3] - 1)),
    ):
        if rows and part:
            lines += [(), *part]
    room = size.rows - 1 - len(lines)
    lines += [(), *notes] if room > len(notes) else notes[:room]
    return Page(_filled(lines, view, size), choices)


def _filled(lines: list[Line], view: View, size: Size) -> list[Line]:
    """The lines of the page, with the keys on the last row of the terminal."""
    kept = lines[: size.rows - 1] if size.rows > 1 else lines[:1]
    kept += [()] * (size.rows - 1 - len(kept))
    keys = [keys_line(view, size.columns)] if size.rows > 1 else []
    return [fit(each, size.columns) for each in [*kept, *keys]]


def _notes(run: FoundRun, columns: int) -> list[Line]:
    """Scaler, checkpoints, memory."""
    document = run.document
    said = [] if document.scaler is None else [scaler_text(document.scaler)]
    said += [checkpoints_text(document.checkpoints), memory_text(document)]
    return [fit((Span(each, "dim"),), columns) for each in said]


def keys_line(view: View, columns: int) -> Line:
    """The keys that do something here."""
    keys = [("q", "quit"), ("?", "help"), ("p", "go on" if view.paused else "pause")]
    if view.shows is Shows.RUN:
        keys += [("s", f"sort: {view.sort}"), ("↑↓", "choose"), ("Enter", "look into")]
        keys += [("Tab", "elements" if view.on_ranks else "ranks")] if view.choices.bands else []
    else:
        keys += [("Esc", "back"), ("↑↓", "scroll")]
    return joined([line(Span(key, "key"), Span(f" {word}", "dim")) for key, word in keys], columns)
