"""The contents of the tables of the report. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hpcd4p.study.report.cells import RANKS, Cell, Row, Series, Shape, text_of, x_of
from hpcd4p.study.report.compare import FEWEST_REPEATS, LEVEL, Ratio
from hpcd4p.study.report.laws import Fit
from hpcd4p.study.report.ratios import FILE, PROCESS, RUN, Comparison
from hpcd4p.study.report.tables import Table
from hpcd4p.study.running.states import COMPLETED

NONE = "–"
"""In a cell without a number."""

TOO_FEW = f"Without an interval: fewer than {FEWEST_REPEATS} repeats."

MOST_PLACES = 8
"""Digits after the point; smaller numbers are written as powers of ten."""

MOST_FAILURES = 200
"""Lines of failures; the rest is in the results file."""


def number(value: float, digits: int = 3) -> str:
    """Give a number with so many significant digits, those before the point all, with commas.

    Examples
    --------
    >>> number(0.01234), number(12345.6), number(12.0), number(float("nan"))
    ('0.0123', '12,346', '12.0', '–')
    """
    if not math.isfinite(value):
        return NONE
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    places = digits - 1 - math.floor(math.log10(abs(rounded)))
    if places <= 0:
        return f"{value:,.0f}"
    return f"{rounded:.{places}f}" if places < MOST_PLACES else f"{value:.{digits - 1}e}"


def ratio_text(ratio: Ratio) -> str:
    """Give a ratio with its interval, ``0.868 [0.851, 0.902]``."""
    if not ratio.known:
        return NONE
    if ratio.interval is None:
        return f"{ratio.value:.3f}"
    return f"{ratio.value:.3f} [{ratio.interval.low:.3f}, {ratio.interval.high:.3f}]"


def ratio_table(comparison: Comparison, shape: Shape) -> Table:
    """Give run time and process time of each compared value beside the baseline, for each number of ranks."""
    contexts = any(e.context for e in comparison.entries)
    along = comparison.axis != shape.x
    head = [
        *(["where"] if contexts else []), "series" if comparison.axis == FILE else comparison.axis,
        *([shape.x] if along else []), "n", "run time (s)", f"{comparison.base} (s)", "run time ratio",
        "process time ratio",
    ]  # fmt: skip
    rows = [
        [
            *([e.context] if contexts else []), e.value, *([text_of(e.x)] if along else []), _n(e.run),
            number(e.cell.median(RUN)), number(e.base.median(RUN)), ratio_text(e.run), ratio_text(e.process),
        ]
        for e in comparison.entries
    ]  # fmt: skip
    means = [
        [
            *([m.context] if contexts else []), m.value, "all", _n(m.run), "", "", ratio_text(m.run),
            ratio_text(m.process),
        ]
        for m in comparison.means
    ]  # fmt: skip
    few = sum(e.run.interval is None for e in comparison.entries)
    return Table(
        f"ratios-{comparison.axis}",
        f"Run time and process time relative to {comparison.base_words}",
        head,
        rows + means,
        text_columns=2 if contexts else 1,
        foot=len(means),
        note="Ratios of medians over n repeats; all: geometric mean."
        + (f" In brackets: {LEVEL:.0%} bootstrap intervals." if few < len(comparison.entries) else "")
        + (f" {TOO_FEW}" if few else ""),
    )


def _n(ratio: Ratio) -> str:
    return str(ratio.n) if ratio.n == ratio.base_n else f"{ratio.n}, {ratio.base_n}"


def points_table(cells: Sequence[Cell], shape: Shape, lines: Sequence[Series]) -> Table:
    """Give the medians of every point."""
    scaled = shape.along_ranks
    head = [
        *shape.varied, *shape.coupled, shape.x, "n", "run time (s)", "from – to (s)", "process time (s)",
        "tuples/s",
        *(["speed-up", "parallel efficiency"] if scaled else []), "not completed",
    ]  # fmt: skip
    rows = []
    for line in lines:
        for cell in line.cells:
            times = cell.values(RUN)
            span = f"{number(min(times))} – {number(max(times))}" if len(times) > 1 else NONE
            labels = [
                cell.axes.get(n, cell.ranks if n == RANKS else "") for n in (*shape.varied, *shape.coupled)
            ]
            columns = ["speed_up", "parallel_efficiency"] if scaled else []
            rows.append(
                [
                    *map(text_of, labels), text_of(x_of(cell, shape)), str(len(cell.runs)),
                    number(cell.median(RUN)), span, number(cell.median(PROCESS)),
                    number(cell.median("throughput")),
                    *(number(cell.median(c)) for c in columns), str(cell.missing) if cell.missing else "",
                ]
            )  # fmt: skip
    return Table(
        "points", "All points: medians over n repeats", head, rows,
        text_columns=len(shape.varied) + len(shape.coupled),
    )  # fmt: skip


def laws_table(fits: Sequence[tuple[str, str, Fit]], varied: bool) -> Table:
    """Give the parameters of the fitted laws; each of (series, what N counts, fit)."""
    rows = []
    for label, counted, fit in fits:
        knee = NONE if fit.knee is None else number(fit.knee)
        if fit.knee is not None and fit.knee_interval is not None:
            knee += f" [{number(fit.knee_interval.low)}, {number(fit.knee_interval.high)}]"
        rows.append(
            [
                *([label] if varied else []), fit.law, counted,
                *((number(fit.sigma), number(fit.kappa)) if fit.fits else (NONE, NONE)),
                f"{fit.error:.1%}", knee, fit.doubt,
            ]
        )  # fmt: skip
    head = [*(["series"] if varied else []), "law", "N counts", "σ", "κ", "off by", "knee N*", "doubt"]
    return Table(
        "laws", "Laws fitted to the medians", head, rows, text_columns=3 if varied else 2,
        words_last=True,
        note="Off by: root of the mean square of the relative error of the run time. "
        f"Intervals of the knee: {LEVEL:.0%}, from resampling the repeats.",
    )  # fmt: skip


def failures_table(rows: Sequence[Row]) -> Table | None:
    """Give the attempts that did not complete; None if all did."""
    bad = [row for row in rows if row.get("state") != COMPLETED]
    if not bad:
        return None
    mended = {row["key"] for row in rows if row.get("state") == COMPLETED}
    lines = [
        [
            str(row["key"]), str(row["attempt"]), str(row["state"]), _status(row),
            str(row.get("reason") or NONE), "yes" if row["key"] in mended else "no",
        ]
        for row in bad[:MOST_FAILURES]
    ]  # fmt: skip
    rest = len(bad) - len(lines)
    return Table(
        "failures", f"Attempts that did not complete: {len(bad)} of {len(rows)}",
        ["point", "attempt", "state", "status", "reason", "completed in another attempt"], lines,
        text_columns=6,
        note=f"{rest} more are in the results file." if rest else "",
    )  # fmt: skip


def _status(row: Row) -> str:
    status = row.get("status")
    return NONE if status is None or status < 0 else str(status)
