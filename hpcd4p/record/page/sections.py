"""The parts of the page of a run that has ended, from its figures. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hpcd4p.plan.model import Role
from hpcd4p.plan.rows import chosen_rows
from hpcd4p.record.page.busiest import busiest
from hpcd4p.record.page.graph import Arrow, Box, graph
from hpcd4p.record.page.markup import Child, Markup, tag
from hpcd4p.record.page.page import Section, figure, folded, table, tiles
from hpcd4p.record.page.spread import spread
from hpcd4p.record.summary import DeadLetter, ElementFigures, Event, FailureKind, LogLine, Summary, kind_of
from hpcd4p.record.survival import Survival, shown
from hpcd4p.record.table import count, percent, rate, seconds, shortened, size

MOST_ROWS = 200
"""Rows of a table on the page; the record has all."""

MOST_EVENTS = 400

MOST_DRAWINGS = 24
"""Drawings of how times are spread: of the elements that took most."""

LEAST_TUPLES = 5
"""Of fewer there is nothing to draw; the table has them."""

OUTPUT = "output"


def overview(summary: Summary) -> Section:
    """The run in figures."""
    tuples = max((e.tuples_in for e in summary.elements), default=0)
    memory = max((r.peak_rss_bytes for r in summary.ranks_figures), default=0)
    facts = [
        ("run time", seconds(summary.elapsed_s)),
        ("ranks", f"{summary.ranks:,}" if summary.ranks > 1 else "one process"),
        ("tuples/s of the element with most", rate(tuples, summary.elapsed_s)),
        ("tuples that left the workflow", f"{sum(summary.outputs.values()):,}" if summary.outputs else ""),
        ("tuples that failed", f"{summary.failed:,}"),
        ("process time", seconds(summary.process_time_s) if summary.process_time_s else ""),
        ("efficiency", percent(summary.efficiency) if summary.efficiency else ""),
        ("most memory of a rank", size(memory) if memory else ""),
    ]
    notes = [tag("p", note, class_="said") for note in summary.notes]
    reason = tag("p", summary.reason, class_="said bad") if summary.reason else None
    return Section("", [reason, tiles(facts), *notes])


def workflow(summary: Summary) -> Section:
    """Its graph, with what went over the edges."""
    elements = [e for e in summary.elements if e.role != Role.COLLECT]
    if not elements:
        return Section("Workflow", [])
    chosen = [elements[place] for place in chosen_rows([e.busy_s for e in elements])]
    number = {e.name: at for at, e in enumerate(chosen)}
    busy, mark = sum(e.busy_s for e in elements), busiest(summary)
    boxes = [
        _box(e, summary, busy, mark.why if mark is not None and mark.name == e.name else "") for e in chosen
    ]
    arrows = []
    for edge in summary.edges:
        words = rate(edge.tuples or 0, summary.elapsed_s)
        told = "an unknown number of tuples" if edge.tuples is None else count(edge.tuples, "tuple")
        title = f"{edge.source}.{edge.output} to {edge.target}.{edge.input} ({edge.grouping}): {told}"
        if edge.source not in number or (edge.target and edge.target not in number):
            continue
        if not edge.target:
            title = f"{edge.source}.{edge.output} leaves the workflow: {told}"
            boxes.append(Box(edge.output, OUTPUT, (told,), title))
        arrows.append(
            Arrow(
                number[edge.source],
                number.get(edge.target, len(boxes) - 1),
                f"{words}/s" if words else "",
                title,
            )
        )
    drawing = graph(boxes, arrows, f"The graph of {summary.workflow}")
    caption = (
        "Numbers at edges: tuples a second of the whole run. A bar: the part of the time inside elements."
    )
    if len(chosen) < len(elements):
        caption += f" {len(elements) - len(chosen):,} elements are not drawn."
    if not summary.edges:
        caption += " The record is older than its edges."
    first = tag("p", f"{mark.name} is the {mark.why}.", class_="said") if mark is not None else None
    return Section("Workflow", [first, figure(drawing, caption)])


def _box(e: ElementFigures, summary: Summary, busy: float, marked: str) -> Box:
    number = e.tuples_in if e.role != Role.ROOT else e.tuples_out
    each = seconds(e.busy_s / number) if number and e.busy_s else "no time"
    tail = f", p99 {seconds(e.p99_s)}" if e.p99_s and e.role != Role.ROOT else ""
    failed = f"{e.failed:,} failed" if e.failed else f"busy {seconds(e.busy_s)}"
    title = f"{e.tuples_in:,} tuples in, {e.tuples_out:,} out, {e.failed:,} failed"
    return Box(e.name, e.role, (each + tail, failed), title, e.busy_s / busy if busy else 0.0, marked)


def elements_table(summary: Summary) -> Section:
    """What each element did."""
    elements = [e for e in summary.elements if e.role != Role.COLLECT or e.failed]
    chosen = [elements[at] for at in chosen_rows([e.busy_s + e.failed for e in elements])]
    head = ["element", "runs as", "tuples in", "tuples out", "failed", "busy", "mean", "p50", "p95", "p99"]
    rows: list[list[Child]] = [
        [
            e.name, e.role + (f" x{e.instances}" if e.role == Role.STATE and e.instances > 1 else ""),
            f"{e.tuples_in:,}", f"{e.tuples_out:,}", f"{e.failed:,}" if e.failed else "", seconds(e.busy_s),
            seconds(e.busy_s / e.tuples_in) if e.tuples_in else "",
            *(seconds(value) if value else "" for value in (e.p50_s, e.p95_s, e.p99_s)),
        ]
        for e in chosen
    ]  # fmt: skip
    caption = (
        "busy: inside the element, all ranks together. mean to p99: of a tuple, or of a call of a source."
    )
    return Section(
        "Elements", [table(head, rows, 2, caption), *_left_out(len(elements) - len(chosen), "element")]
    )


def times(summary: Summary) -> list[Section]:
    """How service times and latencies are spread."""
    known = [name for name, times in summary.service.items() if times.tuples >= LEAST_TUPLES]
    most = sorted(known, key=lambda n: -summary.service[n].mean_s * summary.service[n].tuples)
    service = [_spread(name, summary.service[name], "Service times of") for name in most[:MOST_DRAWINGS]]
    outputs = [(name, times) for name, times in summary.latency.items() if times.tuples >= LEAST_TUPLES]
    latency = [_spread(name, times, "Latency of") for name, times in outputs[:MOST_DRAWINGS]]
    said = "How long tuples took inside each element. "
    said += "Where they are quick, a sample; quantiles are off by 1/32 at most."
    old = "From when rank 0 had it of a source, or handed out the call of one, until what came of it left."
    return [
        Section(
            "Service times",
            [tag("p", said, class_="soft"), tag("div", *service, class_="pair")] if service else [],
        ),
        Section(
            "Latency", [tag("p", old, class_="soft"), tag("div", *latency, class_="pair")] if latency else []
        ),
    ]


def _spread(name: str, spread_of: Any, what: str) -> Markup:
    words = f"p50 {seconds(spread_of.p50_s)}, p95 {seconds(spread_of.p95_s)}, p99 {seconds(spread_of.p99_s)}"
    title = f"{what} {name}: {words}, {count(spread_of.tuples, 'tuple')}"
    return tag(
        "figure",
        tag("h3", name),
        spread(spread_of, title),
        tag("figcaption", f"{words} ({count(spread_of.tuples, 'tuple')})"),
    )


def failures(summary: Summary, letters: Sequence[DeadLetter]) -> Section:
    """What failed, by kind, with an example of each."""
    if not summary.failures and not letters:
        return Section("Failures", [])
    rows: list[list[Child]] = [
        [f.element, f.error, f.place, f"{f.tuples:,}"] for f in summary.failures[:MOST_ROWS]
    ]
    examples: dict[FailureKind, DeadLetter] = {}
    for letter in letters:
        examples.setdefault(kind_of(letter), letter)
    told = [
        folded(
            f"{letter.element}: {shortened(letter.error, 160)}",
            tag("p", f"rank {letter.rank}, after {seconds(letter.time_s)}"),
            tag("p", f"the tuple: {shortened(letter.value_text, 400)}"),
            tag("pre", letter.traceback),
        )
        for letter in list(examples.values())[:MOST_DRAWINGS]
    ]
    return Section("Failures", [table(["element", "error", "place", "tuples"], rows, 3), *told])


def checkpoints(summary: Summary, survival: Survival) -> Section:
    """Its checkpoints, and how it went on."""
    figures = summary.checkpoints
    if not survival.checkpoints and not survival.gone_on and (figures is None or not figures.why_none):
        return Section("Checkpoints", [])
    why = f"None, or no more: {figures.why_none}" if figures is not None and figures.why_none else None
    some, left_out = shown(survival.checkpoints, MOST_ROWS)
    rows: list[list[Child]] = [
        [
            f"{c.epoch}",
            seconds(c.began_s),
            size(c.size),
            seconds(c.written_s),
            seconds(c.stood_ms / 1e3),
            c.why_not,
        ]
        for c in some
    ]
    went: list[list[Child]] = [
        [
            seconds(g.time_s),
            "in its job" if g.here else "started again",
            f"{g.epoch}",
            seconds(g.repeated_s),
            g.why,
        ]
        for g in survival.gone_on[:MOST_ROWS]
    ]
    head = ["ended after", "went on", "from checkpoint", "done again", "why"]
    return Section(
        "Checkpoints",
        [
            tag("p", why) if why else None,
            table(["number", "after", "size", "written in", "ranks stood", "given up"], rows, 0, last=True),
            *_left_out(left_out, "checkpoint"),
            table(head, went, 0, "The run ended and went on", True),
        ],
    )


def story(events: Sequence[Event], log: Sequence[LogLine]) -> Section:
    """What happened, and what elements said."""
    some, left_out = shown(events, MOST_EVENTS)
    rows: list[list[Child]] = [[f"{e.time_s:,.3f}", e.kind, shortened(e.text, 400)] for e in some]
    said, more = shown(log, MOST_EVENTS)
    lines: list[list[Child]] = [
        [f"{line.time_s:,.3f}", f"{line.rank}", line.element, f"{line.level}: {shortened(line.text, 400)}"]
        for line in said
    ]
    parts: list[Child] = []
    if rows:
        parts.append(
            folded(
                count(len(events), "event"),
                table(["s", "what", ""], rows, 0, last=True),
                *_left_out(left_out, "event"),
            )
        )
    if lines:
        head = ["s", "rank", "element", ""]
        parts.append(
            folded(
                f"{count(len(log), 'line')} that elements logged",
                table(head, lines, 0, last=True),
                *_left_out(more, "line"),
            )
        )
    return Section("Story", parts)


def provenance(summary: Summary) -> Section:
    """Where it came from: versions, settings, words."""
    known = {**summary.provenance, **{f"setting {k}": v for k, v in summary.config.get("engine", {}).items()}}
    rows: list[list[Child]] = [
        [name.replace("_", " "), shortened(_plain(value), 400)]
        for name, value in known.items()
        if value not in ("", None)
    ]
    return Section(
        "Where it came from",
        [folded("Versions, words and settings", table(["", ""], rows, 2))] if rows else [],
    )


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _left_out(number: int, noun: str) -> list[Markup]:
    return (
        [tag("p", f"... and {count(number, noun)} more (in the record)", class_="soft")] if number > 0 else []
    )
