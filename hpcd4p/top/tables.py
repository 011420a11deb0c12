"""The tables of the page of a run: its elements, its ranks with what they did, its failures. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hpcd4p.live.document import Document, Element, Failure
from hpcd4p.live.ranks import State
from hpcd4p.record.table import rate, seconds
from hpcd4p.top.bands import Band, look_of, strip
from hpcd4p.top.bottleneck import bottleneck, waiting_s
from hpcd4p.top.grid import Column, chosen, grid
from hpcd4p.top.history import History, Sample, spread
from hpcd4p.top.layout import window
from hpcd4p.top.lines import Line, Span, apart, cells, cut, fit, line
from hpcd4p.top.states import SIGNS, legend, sign_of

LEAST_STRIP = 12
"""Cells that what ranks did has, before words about them have room."""

NOTABLE_S = 0.01
"""Work that waits and is less is not told."""

_COLUMNS = [
    Column("element", 9), Column("runs as", 2, left=True), Column("in", 5), Column("out", 4),
    Column("per s", 8), Column("backlog", 7), Column("inside", 6), Column("work", 1), Column("failed", 3),
]  # fmt: skip


def elements_table(
    shown: Sequence[Element], document: Document, columns: int, rows: int, mark: int | None
) -> list[Line]:
    """The elements, with the one that limits the run in its colour; `mark`: the one that is chosen."""
    if rows < 2:
        return []
    places = window(len(shown), rows - 1, mark)
    limit = bottleneck(document).element
    told = [_element(shown[place], shown[place].name == limit) for place in places]
    return grid(_COLUMNS, told, columns, None if mark is None else mark - places.start)


def short(value: float) -> str:
    """A number in at most six cells."""
    return rate(round(value * 1000), 1000.0) or "0"


def _element(element: Element, limits: bool) -> list[Span]:
    waits = waiting_s(element)
    return [
        Span(element.name, "warn" if limits else ""),
        Span(element.role, "dim"),
        Span(f"{element.tuples_in:,}"),
        Span(f"{element.tuples_out:,}"),
        Span(short(element.rate), "number"),
        Span(f"{element.backlog:,}", "warn" if limits and element.backlog else ""),
        Span(f"{element.busy:.1f}"),
        Span(seconds(waits) if waits >= NOTABLE_S else "", "dim"),
        Span(f"{element.failed:,}", "bad" if element.failed else "dim"),
    ]


def ranks_table(
    bands: Sequence[Band],
    samples: Sequence[Sample],
    columns: int,
    rows: int,
    mark: int | None = None,
    whole: int = 0,
) -> list[Line]:
    """A line for each band of ranks, with what they do and did before.

    Parameters
    ----------
    samples
        The last one is what they do.
    whole
        How many there will be in the end: they begin at the left, and all will have room, some to a cell; 0:
        nobody knows, the newest is at the right, and the oldest go.
    """
    if rows < 2 or not samples or not bands:
        return []
    units = samples[-1].units
    places = window(len(bands), rows - 1, mark)
    those = [bands[place] for place in places]
    looks = [look_of(band, units).states for band in those]
    texts = [[band.label for band in those], [band.role for band in those], [now(states) for states in looks]]
    widths = [min(max(map(cells, column)), columns * 2 // 5) for column in texts]
    shown = [0, 1, 2]
    for word in (1, 2):  # the role goes first, then what they do: the strip shows that
        if sum(widths[i] + 2 for i in shown) + LEAST_STRIP > columns:
            shown.remove(word)
    width = max(0, columns - sum(widths[i] + 2 for i in shown))
    told = spread(samples, whole, width) if whole else list(samples)[max(0, len(samples) - width) :]
    made = [_head(told, bool(whole), columns)]
    room = Span(" " * (width - len(told)))
    for at, band in enumerate(those):
        styles = ["", "dim", _style(looks[at])]
        parts = [Span(_cell(texts[i][at], widths[i]), styles[i]) for i in shown]
        did = strip(band, told)
        row = fit(line(*parts, *([*did, room] if whole else [room, *did])), columns)
        made.append(chosen(row, columns) if places[at] == mark else row)
    return made


def _cell(text: str, width: int) -> str:
    text = cut(text, width)
    return text + " " * (width - cells(text) + 2)


def _head(samples: Sequence[Sample], whole: bool, columns: int) -> Line:
    span_s = samples[-1].written - samples[0].written if samples else 0.0
    said = ", from the start on" if whole else f", the last {seconds(span_s)}" if span_s else ""
    left = line(Span("ranks", "head"), Span(said, "dim"))
    there = {state for sample in samples for look in sample.units.values() for state in look.states}
    return apart(left, line(*legend(there)), columns)


def now(states: Mapping[str, int]) -> str:
    """What ranks do, in words: ``working``, or ``1 lost, 7 working``."""
    told = [state for state in dict.fromkeys((State.LOST, *SIGNS)) if states.get(state)]
    if len(told) == 1:
        return str(told[0])
    return ", ".join(f"{states[state]:,} {state}" for state in told)


def _style(states: Mapping[str, int]) -> str:
    if states.get(State.LOST):
        return "lost"
    return sign_of(max(states, key=states.__getitem__)).style if states else ""


def failures_table(document: Document, history: History, columns: int, rows: int) -> list[Line]:
    """Kinds of failures with what the latest of each said; the kind that came last first."""
    if rows < 2 or not document.failures:
        return []
    kinds = history.last_failures(document)
    made = [line(Span("failures", "head"), Span(", the latest first", "dim"))]
    return made + [fit(failure_line(failure), columns) for failure, _ in kinds[: rows - 1]]


def failure_line(failure: Failure) -> Line:
    """How many, where, and the first line of what was said."""
    place = f" ({failure.place})" if failure.place else ""
    return line(
        Span(f"{failure.tuples:,} ", "bad"),
        f"{failure.element}: ",
        Span(failure.said or failure.error, "warn"),
        Span(place, "dim"),
    )
