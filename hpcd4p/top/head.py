"""The upper part of the page of a run: which it is, how far, how fast, until when, what limits it. Pure."""

from __future__ import annotations

import time

from hpcd4p.live.document import CLOSING, Document
from hpcd4p.live.found import FoundRun, Life
from hpcd4p.live.text import end_lines, per_s, what_now
from hpcd4p.record.table import count, percent, seconds
from hpcd4p.top.bottleneck import bottleneck
from hpcd4p.top.history import History
from hpcd4p.top.lines import Line, Span, apart, cells, fit, joined, line, wrapped
from hpcd4p.top.states import curve

_CURVE = 20
"""Cells of the curve of the rate."""

_LEAST_BAR = 10
_MOST_BAR = 40


def title(run: FoundRun, state: Span, paused: bool, columns: int) -> Line:
    """Which run it is, and whether it lives, which `state` says."""
    document, who = run.document, run.document.run
    ranks = f"{who.ranks} ranks" if who.ranks > 1 else "one process"
    job = f", job {who.job}" if who.job else ""
    left = joined(
        [
            (Span(who.workflow, "title"),),
            (state,),
            (Span(seconds(document.elapsed_s)),),
            (Span(f"{who.mapping} on {ranks}, {who.host}{job}", "dim"),),
        ],
        columns,
    )
    clock = time.strftime("%H:%M:%S", time.localtime(document.written))
    return apart(left, (Span(" PAUSED ", "paused") if paused else Span(clock, "dim"),), columns)


def head(run: FoundRun, history: History, columns: int, lives: bool) -> list[Line]:
    """How far it is, how fast, how long still, and what limits it; `lives`: it has a status."""
    document, totals = run.document, run.document.totals
    lines = [fit((Span(f"In doubt: {doubt}", "bad"),), columns) for doubt in document.doubts]
    for said in what_now(run) if lives else ():
        lines += wrapped(said, columns, "warn")
    if totals.of_calls:
        lines.append(_bar(document, columns))
    failed = Span(f"{totals.failed:,} failed", "bad" if totals.failed else "dim")
    lines.append(
        joined(
            [
                (Span(f"{count(totals.done, 'tuple')} done"),),
                (Span(f"{per_s(totals.rate)} now", "number"),),
                (failed,),
                (Span(f"{per_s(totals.rate_mean)} on average", "dim"),),
                (Span(curve([s.rate for s in history.samples], _CURVE).lstrip(), "working"),),
            ],
            columns,
        )
    )
    if lives and run.life is Life.UNDER_WAY and document.state != CLOSING:
        lines += [fit((Span(said),), columns) for said in end_lines(run)]
        limit = bottleneck(document)
        lines += wrapped(f"Limit: {limit.why}", columns, "warn" if limit.element else "")
    if totals.awaits:
        lines.append(fit((Span("Order: ", "head"), Span(totals.awaits)), columns))
    return [fit(each, columns) for each in lines]


def _bar(document: Document, columns: int) -> Line:
    totals = document.totals
    part = min(1.0, totals.calls / totals.of_calls)
    said = f" {percent(part)}, {totals.calls:,} of {totals.of_calls:,} inputs"
    width = min(_MOST_BAR, columns - cells(said))
    if width < _LEAST_BAR:
        return fit((Span(said[1:]),), columns)
    full = round(part * width)
    return line(Span("━" * full, "working"), Span("─" * (width - full), "dim"), said)
