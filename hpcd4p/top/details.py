"""Pages about one element, about some ranks, and about the keys. Pure."""

from __future__ import annotations

from collections.abc import Collection

from hpcd4p.live.document import Document, Ranks
from hpcd4p.live.text import per_s
from hpcd4p.record.table import count, percent, seconds, shortened, size
from hpcd4p.top.bands import Band, strip
from hpcd4p.top.bottleneck import bottleneck, waiting_s
from hpcd4p.top.history import History, Unit, are_alone, unit_of
from hpcd4p.top.lines import Line, Span, fit, line, wrapped
from hpcd4p.top.states import LEVELS, SIGNS, curve, sign_of
from hpcd4p.top.tables import failure_line

_LABEL = 16

_MOST_NUMBERS = 200
"""Characters for the numbers of ranks that are alike; `hpcd4p status --json` has more."""

HELP = [
    ("q, Ctrl-C", "leave; the run goes on"),
    ("p, Space", "hold the page still, or let it go on"),
    ("s", "sort the elements: as in the plan, by name, rate, backlog, busy"),
    ("↑ ↓ PgUp PgDn", "choose a row; on other pages: scroll (also j, k)"),
    ("Tab", "choose among elements, or among ranks"),
    ("Enter", "look into what is chosen"),
    ("Esc", "back"),
    ("?, h", "this page"),
]

WORDS = [
    ("per s", "tuples of the last five seconds; of a source those that it writes"),
    ("backlog", "tuples written and not finished"),
    ("inside", "ranks that were in the element lately, on average"),
    ("work", "seconds of work of one rank that wait there, if its tuples take as long as before"),
    ("Limit", "what limits the run before all else; `hpcd4p explain` says why"),
]


def help_page(columns: int) -> list[Line]:
    """What the keys do, and what words and signs mean."""
    lines = [(), *_rows("Keys", [(Span(key, "key"), text) for key, text in HELP], columns)]
    lines += [(), *_rows("Words", [(Span(word, "head"), text) for word, text in WORDS], columns)]
    signs = [(Span(f"{sign.char} {state}", sign.style), sign.means) for state, sign in SIGNS.items()]
    lines += [(), *_rows("What ranks did, a cell for each status", signs, columns)]
    return lines + _row(
        Span(LEVELS, "working"),
        "the part of several ranks that works; of a rank with partitions, the part of its time in which "
        "it did not rest",
        columns,
    )


def element_page(document: Document, history: History, name: str, columns: int) -> list[Line]:
    """All that is known of an element."""
    element = next((each for each in document.elements if each.name == name), None)
    if element is None:
        return [
            (),
            *wrapped(f"{name} is not among the elements that the run tells of at the moment.", columns),
        ]
    each_s = element.busy_s / element.tuples_in if element.tuples_in else 0.0
    waits = waiting_s(element)
    rows = [
        ("runs as", element.role),
        ("tuples in", f"{element.tuples_in:,}" + (" calls" if element.role == "source" else "")),
        ("tuples out", f"{element.tuples_out:,}"),
        ("rate", f"{per_s(element.rate)} lately, {per_s(element.rate_mean)} on average"),
        ("backlog", f"{count(element.backlog, 'tuple')} written and not finished"),
        (
            "work",
            f"{seconds(waits)} of one rank wait, at {seconds(each_s)} a tuple" if each_s else "not known yet",
        ),
        ("inside", f"{element.busy:.2f} ranks lately, on average; {seconds(element.busy_s)} so far"),
        ("failed", count(element.failed, "tuple")),
    ]
    lines: list[Line] = [(), line(Span(name, "title"))]
    limit = bottleneck(document)
    if limit.element == name:
        lines += wrapped(f"It limits the run. {limit.why}", columns, "warn")
    lines.append(())
    for word, text in rows:
        lines += _row(Span(word, "head"), text, columns)
    lines += _curves(history, name, columns)
    failures = [failure for failure, _ in history.last_failures(document) if failure.element == name]
    if failures:
        lines += [(), line(Span("failures", "head"), Span(", the latest first", "dim"))]
        lines += [fit(failure_line(failure), columns) for failure in failures]
    return lines


def _curves(history: History, name: str, columns: int) -> list[Line]:
    works = [sample.elements[name] for sample in history.samples if name in sample.elements]
    width = max(1, columns - _LABEL)
    shown = works[-width:]
    if len(shown) < 2:
        return []
    lines: list[Line] = [(), line(Span(f"the last {seconds(history.spans_s(len(shown)))}", "dim"))]
    for word, values, most in (
        ("rate", [work.rate for work in works], per_s(max(work.rate for work in shown))),
        ("backlog", [float(work.backlog) for work in works], f"{max(work.backlog for work in shown):,}"),
        ("inside", [work.busy for work in works], f"{max(work.busy for work in shown):.1f}"),
    ):
        lines.append(fit(line(Span(f"{word}, up to {most}", "head")), columns))
        lines.append(fit(line(Span(curve(values, columns).lstrip() or " ", "working")), columns))
    return lines


def ranks_page(document: Document, history: History, units: Collection[object], columns: int) -> list[Line]:
    """Rows of the status that are of these units, with all that is known of each."""
    alone = are_alone(document.ranks)
    lines: list[Line] = []
    for row in document.ranks:
        unit = unit_of(row, alone)
        if unit in units:
            lines += [(), *_rank(row, unit, history, columns)]
    return lines or [
        (),
        *wrapped("These ranks are not among those that the run tells of at the moment.", columns),
    ]


def _rank(row: Ranks, unit: Unit, history: History, columns: int) -> list[Line]:
    sign = sign_of(row.state)
    whose = f"rank {row.ranks}" if row.count == 1 else f"{row.count:,} ranks"
    lines = [
        fit(
            line(
                Span(whose, "title"),
                f"  {row.role}  ",
                Span(row.state, sign.style),
                Span(f"  {row.host}", "dim"),
            ),
            columns,
        )
    ]
    if row.count > 1:
        lines += _row(Span("ranks", "head"), shortened(row.ranks.replace(",", ", "), _MOST_NUMBERS), columns)
    lines += wrapped(sign.means, columns, "dim")
    since = f"{seconds(row.since_s)} without another state and without a commit"
    lines += _row(
        Span("since", "head"), since + ("" if row.count == 1 else f" (rank {row.since_rank})"), columns
    )
    most = "" if row.count == 1 else ", the most of one"
    if row.load is not None:
        lines += _row(Span("load", "head"), f"busy {percent(row.load)} of its time{most}", columns)
    if row.line_s is not None:
        lines += _row(
            Span("in line", "head"), f"{seconds(row.line_s)} of work for its partitions{most}", columns
        )
    if row.memory_bytes is not None:
        lines += _row(Span("memory", "head"), f"{size(row.memory_bytes)}{most}", columns)
    samples = list(history.samples)[-columns:]
    if len(samples) > 1:
        lines.append(fit(line(*strip(Band("", row.role, (unit,)), samples)), columns))
    return lines


def _rows(head: str, rows: list[tuple[Span, str]], columns: int) -> list[Line]:
    lines = [fit(line(Span(head, "title")), columns)]
    for word, text in rows:
        lines += _row(word, text, columns)
    return lines


def _row(word: Span, text: str, columns: int) -> list[Line]:
    """A word and what is said of it; below it where the terminal is narrow."""
    if columns < 2 * _LABEL:
        return [fit(line(word), columns), *(line(" ", *each) for each in wrapped(text, max(1, columns - 1)))]
    lines = wrapped(text, columns - _LABEL) or [()]
    first = line(Span(word.text.ljust(_LABEL), word.style), *lines[0])
    return [fit(first, columns), *(line(" " * _LABEL, *each) for each in lines[1:])]
