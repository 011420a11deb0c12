"""The report of a study, put together: figures, tables, the page. Draws, but writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpcd4p.errors import SettingsError
from hpcd4p.study.report.cells import (
    RANKS,
    Cell,
    Row,
    Shape,
    Value,
    baseline_of,
    cells_of,
    series_of,
    shape_of,
    text_of,
)
from hpcd4p.study.report.contents import failures_table, laws_table, points_table, ratio_table
from hpcd4p.study.report.figures import Picture, metrics, pictures
from hpcd4p.study.report.html import EMBEDDED, Page
from hpcd4p.study.report.law_figure import Fitted, fitted, law_pictures
from hpcd4p.study.report.origin import origin, provenance_of_a_run
from hpcd4p.study.report.panels import View, view_of
from hpcd4p.study.report.ratio_figure import ratio_pictures
from hpcd4p.study.report.ratios import Comparison, against, compared
from hpcd4p.study.report.says import continued_text, says
from hpcd4p.study.report.tables import Table
from hpcd4p.study.report.timelines import check_patterns, chosen, timeline_pictures

if TYPE_CHECKING:
    from hpcd4p.study.results.reader import Results

KINDS = ("png", "svg", "pdf")
"""Of files of figures that can be asked for."""

NO_RUNS = "none"

MOST_VALUES = 16
"""Of an axis, on the first page."""

MOST_NOTES = 100
"""Lines of what is left out, on the page."""


@dataclass(frozen=True)
class Wishes:
    """What a report is asked for.

    Attributes
    ----------
    baseline : dict[str, str]
        Axis → value to compare with, instead of the study's.
    kinds : tuple[str, ...]
        Of figures' files, of `KINDS`.
    timelines : tuple[str, ...]
        Patterns of keys of runs that get a timeline, instead of the study's.
    files : str
        Folder of the files as it is seen from the page, for their names on it.
    """

    baseline: dict[str, str] = field(default_factory=dict)
    kinds: tuple[str, ...] = ("png", "svg")
    timelines: tuple[str, ...] = ()
    files: str = ""


@dataclass
class Report:
    """The page, and the files beside it by name."""

    page: str
    files: dict[str, bytes]
    says: list[str]
    left_out: list[str]


@dataclass
class _Parts:
    """A study, understood."""

    rows: list[Row]
    cells: list[Cell]
    shape: Shape
    view: View
    weak: bool
    comparisons: list[Comparison]
    laws: list[Fitted]
    timelines: list[Row]
    left_out: list[str]


def make_report(results: Results, other: Results | None, wishes: Wishes) -> Report:
    """Make the report of `results`, compared with `other` if there is one.

    Raises
    ------
    SettingsError
        A baseline or a pattern of `wishes` that does not fit the results.
    MissingPackage
        There is no matplotlib.
    """
    parts = _understood(results, other, wishes)
    kinds = list(wishes.kinds)
    if not set(kinds) & set(EMBEDDED):
        kinds.append("svg")  # the page needs one
    left_out = parts.left_out
    left_out += [f"compared with {c.base_words}: {what}" for c in parts.comparisons for what in c.unmatched]
    drawn = _drawn(results, parts, kinds, left_out)
    tables = _tables(parts)
    sentences = says(
        parts.rows,
        series_of(parts.cells, parts.shape),
        parts.shape,
        parts.laws,
        parts.comparisons,
        parts.weak,
    )
    study = results.study
    place = origin(results, other, provenance_of_a_run(results))
    page = Page(
        title=str(study.get("title") or results.name),
        about=_about(results, parts),
        says=sentences,
        facts=_facts(results, parts),
        pictures=drawn,
        tables=[(heading, list(group)) for heading, group in tables],
        notes=_shortened(left_out),
        again=place.command,
        origin=place.facts,
        config=study,
        files=wishes.files,
    )
    files = {f"{p.name}.{k}": p.files[k] for _, group in drawn for p in group for k in wishes.kinds}
    for _, group in tables:
        for table in group:
            files[f"{table.name}.md"] = table.markdown().encode()
            files[f"{table.name}.tex"] = table.latex().encode()
    return Report(page.html(), files, sentences, left_out)


def _shortened(notes: list[str]) -> list[str]:
    rest = len(notes) - MOST_NOTES
    return [*notes[:MOST_NOTES], *([f"{rest} more"] if rest > 0 else [])]


def _understood(results: Results, other: Results | None, wishes: Wishes) -> _Parts:
    rows = results.rows
    cells = cells_of(rows, results.axes)
    order = {n: list(v) for n, v in dict(results.study.get("axes") or {}).items() if isinstance(v, list)}
    shape = shape_of(cells, results.axes, order)
    named: dict[str, Value] = dict(results.study.get("baseline") or {})
    patterns = wishes.timelines or tuple(results.study.get("timelines") or ())
    if wishes.timelines:
        check_patterns(rows, wishes.timelines)
    baseline = baseline_of(shape, wishes.baseline, named)
    weak = results.study.get("scaling") == "weak"
    view = view_of(cells, shape, baseline, {**named, **wishes.baseline})
    done = [c for c in cells if c.runs]
    comparisons = [
        compared(cells, shape, axis, baseline[axis]) for axis in _compared_axes(shape, named, wishes)
    ]
    if other is not None:
        names = _names(results, other)
        others = cells_of(other.rows, other.axes)
        comparisons.append(against(cells, others, shape, names, view.line))
    left_out = continued_text(rows)
    runs = chosen(rows, cells, patterns, left_out)
    laws = fitted(series_of(done, shape), weak) if shape.along_ranks else []
    return _Parts(rows, cells, shape, view, weak, comparisons, laws, runs, left_out)


def _compared_axes(shape: Shape, named: dict[str, Value], wishes: Wishes) -> list[str]:
    """The axes whose values are compared: those with a baseline, or all that are no numbers, or all."""
    asked = [n for n in shape.comparable if n in wishes.baseline or n in named]
    words = [n for n in shape.comparable if not all(isinstance(v, int | float) for v in shape.values[n])]
    return asked or words or list(shape.comparable)


def _names(results: Results, other: Results) -> tuple[str, str]:
    """What two files are called: by their studies, or where these are the same, by the files."""
    if results.name != other.name:
        return results.name, other.name
    if results.path.name != other.path.name:
        return results.path.name, other.path.name
    mine, theirs = results.path.resolve(), other.path.resolve()
    if mine == theirs:
        raise SettingsError(f"--against {other.path}: that is the file of the report itself")
    one, two = (f"{path.parent.name}/{path.name}" for path in (mine, theirs))
    return (one, two) if one != two else (str(mine), str(theirs))


def _drawn(
    results: Results, parts: _Parts, kinds: Sequence[str], left_out: list[str]
) -> list[tuple[str, list[Picture]]]:
    scaling = [
        p for m in metrics(parts.weak, parts.shape.along_ranks) for p in pictures(parts.view, m, kinds)
    ]
    ratios = [
        (f"Compared with {c.base_words}", list(ratio_pictures(parts.view, c, kinds)))
        for c in parts.comparisons
        if c.entries
    ]
    laws = [] if parts.weak else list(law_pictures(parts.view, parts.laws, kinds))
    runs = list(timeline_pictures(results, parts.timelines, kinds, left_out))
    title = f"Figures against {'ranks' if parts.shape.x == RANKS else parts.shape.x}"
    return [
        (title, scaling),
        *ratios,
        ("Laws of scaling", laws),
        ("Single runs", runs),
    ]


def _tables(parts: _Parts) -> list[tuple[str, list[Table]]]:
    lines = series_of(parts.cells, parts.shape)
    ratios = [ratio_table(c, parts.shape) for c in parts.comparisons if c.entries]
    laws = [(law.line.label, law.counted, fit) for law in parts.laws for fit in law.fits]
    failures = failures_table(parts.rows)
    return [
        ("Ratios", ratios),
        ("Laws", [laws_table(laws, len(parts.laws) > 1)] if laws else []),
        ("Points", [points_table(parts.cells, parts.shape, lines)] if parts.cells else []),
        ("Failures", [failures] if failures is not None else []),
    ]


def _about(results: Results, parts: _Parts) -> str:
    kind = "weak" if parts.weak else "strong"
    workflow = results.study.get("workflow")
    return f"A study of {kind} scaling{f' of the workflow {workflow}' if workflow else ''}, {results.name}"


def _facts(results: Results, parts: _Parts) -> list[tuple[str, str]]:
    shape = parts.shape
    states = Counter(str(row.get("state")) for row in parts.rows)
    names = list(dict.fromkeys([RANKS, *results.axes]))
    facts = [
        (
            n,
            _values(shape.values[n]) + (" (grows with the ranks)" if n in shape.coupled else ""),
        )
        for n in names
    ]
    repeats = results.study.get("repeats")
    attempts = ", ".join(f"{many} {state}" for state, many in states.most_common())
    return [
        *facts,
        ("grows with the ranks", ", ".join(map(str, results.study.get("grows") or ()))),
        ("fixed", _fixed(results.study)),
        ("repeats", str(repeats) if repeats else ""),
        (
            "attempts",
            f"{len(parts.rows)} at {len(parts.cells)} points: {attempts}" if parts.rows else NO_RUNS,
        ),
        ("hosts", _hosts(parts.rows)),
        ("dates", _dates(parts.rows)),
    ]


def _values(values: Sequence[Value]) -> str:
    texts = [text_of(v) for v in values]
    if len(texts) > MOST_VALUES:
        texts = [*texts[: MOST_VALUES - 2], f"and so on, {len(texts)} values, to", texts[-1]]
    return ", ".join(texts)


def _fixed(study: dict[str, Any]) -> str:
    """Settings and options that all runs have."""
    fixed: dict[str, Value] = {}
    for table in ("settings", "options"):
        given = study.get(table)
        fixed.update(given if isinstance(given, dict) else {})
    return ", ".join(f"{name} = {text_of(value)}" for name, value in fixed.items())


def _hosts(rows: Sequence[Row]) -> str:
    hosts = sorted({str(row["host"]) for row in rows if row.get("host")})
    return ", ".join(hosts[:8]) + (f" and {len(hosts) - 8} more" if len(hosts) > 8 else "")


def _dates(rows: Sequence[Row]) -> str:
    began = min((str(row["started"]) for row in rows if row.get("started")), default="")
    ended = max((str(row["ended"]) for row in rows if row.get("ended")), default="")
    first, last = (text[:16].replace("T", " ") for text in (began, ended))
    return f"{first} to {last} UTC" if first and last else first or last
