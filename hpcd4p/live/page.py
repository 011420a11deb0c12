"""The page of a run that goes on, or has died: from its status alone. Pure text."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hpcd4p.live.document import CLOSING, Document, Element
from hpcd4p.live.found import FoundRun, Life
from hpcd4p.live.text import resources, what_now
from hpcd4p.record.page.graph import Arrow, Box, graph
from hpcd4p.record.page.markup import tag
from hpcd4p.record.page.page import Badge, Section, figure, page, table, tiles
from hpcd4p.record.table import count, percent, rate, seconds, size

if TYPE_CHECKING:
    from hpcd4p.record.page.markup import Child

BUSY = 0.8
"""An element in which so large a part of the pool is, lately, is marked: the run waits for it."""


def live_page(run: FoundRun, again_s: float | None) -> str:
    """The page; `again_s`: it will be written again so often, and the browser is to load it."""
    document, who = run.document, run.document.run
    parts = [
        Section("", [_words(run), tiles(_facts(run))]),
        Section("Workflow", [_workflow(document)]),
        Section("Elements", [_elements(document)]),
        Section("Ranks", [_ranks(document)]),
        Section("Failures", [_failures(document)]),
    ]
    where = f"process {who.pid} on {who.host}" + (f", job {who.job}" if who.job else "")
    ranks = f"{who.ranks:,} ranks" if who.ranks > 1 else "one process"
    refresh = None if again_s is None else max(1, round(again_s))
    foot = f"From the status of the run in {run.folder}"
    return page(who.workflow, _badge(run), f"{who.mapping} on {ranks} ({where}).", parts, foot, refresh)


def _badge(run: FoundRun) -> Badge:
    if run.life is Life.UNDER_WAY:
        return Badge("closing" if run.document.state == CLOSING else "under way", "going")
    return Badge(run.life.value, "bad")


def _words(run: FoundRun) -> Child:
    """What is to be said first, and what it runs on."""
    said = [tag("p", line, class_="said bad") for line in what_now(run)]
    said += [tag("p", f"The answer is in doubt: {doubt}", class_="said bad") for doubt in run.document.doubts]
    if run.document.totals.awaits:
        said.append(tag("p", f"Order: {run.document.totals.awaits}", class_="said"))
    return tag("div", *said, *(tag("p", line, class_="soft") for line in resources(run.document)))


def _facts(run: FoundRun) -> list[tuple[str, str]]:
    document, totals = run.document, run.document.totals
    expected, lives = document.expected, run.life is Life.UNDER_WAY
    left = seconds(max(0.0, expected.left_s - run.silent_s)) if expected is not None else "not known"
    return [
        ("of work so far", seconds(document.elapsed_s)),
        ("until the end, as expected", left if lives else ""),
        ("inputs done", f"{totals.calls:,} of {totals.of_calls:,}" if totals.of_calls else ""),
        ("tuples done", f"{totals.done:,}"),
        ("tuples/s lately", _per_s(totals.rate)),
        ("tuples failed", f"{totals.failed:,}"),
        ("ranks of the pool busy", f"{totals.busy:,} of {totals.pool:,}" if totals.pool else ""),
        ("tasks that wait", f"{totals.tasks:,}" if totals.pool else ""),
    ]


def _workflow(document: Document) -> Child:
    elements = document.elements
    if not elements:
        return None
    number = {e.name: at for at, e in enumerate(elements)}
    boxes = [_box(e, document) for e in elements]
    sources = Counter(name for e in elements for name in e.into)
    whole = not document.elements_left_out
    arrows = [
        Arrow(
            number[e.name], number[name],
            _speed(e, elements[number[name]], whole and sources[name] == 1), f"{e.name} to {name}",
        )
        for e in elements
        for name in e.into
        if name in number
    ]  # fmt: skip
    left_out = document.elements_left_out
    caption = "Numbers at edges: tuples a second, lately. A bar: how many ranks were inside, of the pool."
    caption += f" {count(left_out, 'element')} more." if left_out else ""
    return figure(graph(boxes, arrows, f"The graph of {document.run.workflow}"), caption)


def _speed(e: Element, target: Element, alone: bool) -> str:
    """Tuples a second over an edge; `alone`: all that its target works on comes over it. Empty: not known."""
    if alone:
        lately = target.rate
    elif len(e.into) == 1:
        lately = e.rate if e.role == "source" else e.rate * e.tuples_out / e.tuples_in if e.tuples_in else 0.0
    else:
        return ""
    return f"{rate(round(lately * 1000), 1000.0)}/s" if lately >= 0.001 else ""


def _box(e: Element, document: Document) -> Box:
    share = min(1.0, e.busy / max(1, document.totals.pool)) if e.role == "stateless" else min(1.0, e.busy)
    p99 = f"p99 {seconds(e.p99_s)}, " if e.p99_s else ""
    inside = f"{e.busy:.1f} ranks inside"
    title = f"{e.tuples_in:,} tuples in, {e.tuples_out:,} out, {e.failed:,} failed"
    marked = f"{percent(share)} of the time lately: the run waits for it" if share >= BUSY else ""
    return Box(e.name, e.role, (f"{p99}{e.backlog:,} wait", inside), title, share, marked)


def _elements(document: Document) -> Child:
    head = ["element", "runs as", "in", "out", "per s now", "on average", "backlog", "p50", "p99", "failed"]
    rows: list[list[Child]] = [
        [
            e.name, e.role, f"{e.tuples_in:,}", f"{e.tuples_out:,}", _per_s(e.rate), _per_s(e.rate_mean),
            f"{e.backlog:,}",
            seconds(e.p50_s) if e.p50_s else "", seconds(e.p99_s) if e.p99_s else "", f"{e.failed:,}",
        ]
        for e in document.elements
    ]  # fmt: skip
    return table(head, rows, 2)


def _per_s(value: float) -> str:
    return rate(round(value * 1000), 1000.0) or "0"


def _ranks(document: Document) -> Child:
    head = ["ranks", "role", "state", "host", "number", "since", "load", "in line", "memory"]
    rows: list[list[Child]] = [
        [
            row.ranks, row.role, row.state, row.host, f"{row.count:,}", seconds(row.since_s),
            "" if row.load is None else percent(row.load), "" if row.line_s is None else seconds(row.line_s),
            "" if row.memory_bytes is None else size(row.memory_bytes),
        ]
        for row in document.ranks
    ]  # fmt: skip
    return table(head, rows, 4, "since: no other state, and nothing committed; of several, the longest")


def _failures(document: Document) -> Child:
    rows: list[list[Child]] = [[f.element, f.error, f.place, f"{f.tuples:,}"] for f in document.failures]
    return table(["element", "error", "place", "tuples"], rows, 3)
