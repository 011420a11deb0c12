"""The status of runs in words. Pure: it prints nothing and opens nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence

from hpcd4p.live.document import (
    CLOSING,
    STARTING,
    Cause,
    Checkpoints,
    Document,
    Element,
    Expected,
    Ranks,
    Scaler,
)
from hpcd4p.live.found import FoundRun, Life, Unreadable
from hpcd4p.live.late import LATE_S
from hpcd4p.record.table import count, percent, rate, seconds, shortened, size, table

MOST_RANKS = 40
"""Rows of ranks that are shown; `--json` has all."""

_DAY_S = 86_400.0

RUNS_HEAD = ("run", "is", "for", "done", "tuples/s", "failed", "ranks", "the end")
"""Of the table that has a line for each run."""


def runs_text(runs: Sequence[FoundRun | Unreadable]) -> list[str]:
    """A line for each run."""
    told = [run for run in runs if isinstance(run, FoundRun)]
    lines = [f"{run.folder.name}: {run.why}" for run in runs if isinstance(run, Unreadable)]
    if told:
        lines = [*table(RUNS_HEAD, [run_line(run) for run in told], left=2, indent=""), *lines]
    return lines


def nothing_under_way(where: str) -> str:
    """Said where there are no runs."""
    return f"no run is under way {where}; a run tells its status from its second second on"


def run_line(run: FoundRun) -> list[str]:
    """The cells of one, below `RUNS_HEAD`."""
    document = run.document
    totals = document.totals
    lives = run.life is Life.UNDER_WAY
    return [
        run.folder.stem,
        document.state if lives and document.state in (STARTING, CLOSING) else run.life.value,
        seconds(document.elapsed_s) if lives else f"{seconds(run.silent_s)} ago",
        _done(document),
        rate(round(totals.rate * 1000), 1000.0) or "0" if lives else "",
        f"{totals.failed:,}",
        f"{totals.busy} of {totals.pool} busy" if totals.pool else f"{document.run.ranks}",
        _left(document.expected, run.silent_s) if lives else "",
    ]


def _done(document: Document) -> str:
    totals = document.totals
    if totals.of_calls:
        return f"{totals.calls:,} of {totals.of_calls:,} inputs"
    return count(totals.done, "tuple")


def _left(expected: Expected | None, silent_s: float) -> str:
    return "not known" if expected is None else f"in {seconds(max(0.0, expected.left_s - silent_s))}"


def run_text(run: FoundRun, limits: Sequence[Cause] | None = None) -> str:
    """All that is known of one run.

    Parameters
    ----------
    limits
        What limits it, the first cause first; None: as its status says.
    """
    document = run.document
    limits = document.limits if limits is None else limits
    if document.state == STARTING:
        return "\n".join([*head_lines(run), *_limited(run, limits)])
    parts = [
        head_lines(run),
        _progress(run, limits),
        _elements(document),
        _ranks(document),
        resources(document),
        _failures(document),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def head_lines(run: FoundRun) -> list[str]:
    """Which run it is, where, and what is to be done about it."""
    document, who = run.document, run.document.run
    ranks = f"{who.ranks} ranks" if who.ranks > 1 else "one process"
    where = f"process {who.pid} on {who.host}" + (f", job {who.job}" if who.job else "")
    lines = [
        f"{who.workflow}: {state_word(run)}, {seconds(document.elapsed_s)} of work so far, "
        f"{who.mapping} on {ranks} ({where})"
    ]
    lines += [f"The answer is in doubt: {doubt}" for doubt in document.doubts]
    return [*lines, *what_now(run)]


def state_word(run: FoundRun) -> str:
    """Whether it lives, in a word or two."""
    if run.life is not Life.UNDER_WAY:
        return run.life.value.upper()
    if run.document.state == STARTING:
        return "starting"
    return "its record is being written" if run.document.state == CLOSING else "under way"


def what_now(run: FoundRun) -> list[str]:
    """What is to be said of a run that does not go on as it should, and what to do; else nothing."""
    document, who = run.document, run.document.run
    ago = f"{seconds(run.silent_s)} ago"
    if run.life is Life.ENDED:
        return [f"It ended {ago} without a record: {document.reason}"]
    if run.life is Life.DEAD and document.state == STARTING:
        return [f"It has not begun, and rank 0 is gone: it was started {ago}. Start it again"]
    if run.life is Life.DEAD:
        lines = [f"Rank 0 is gone without a word; its last one was {ago}. Below is what was known then."]
        if who.checkpoints and document.checkpoints is not None and document.checkpoints.made:
            return [*lines, f"Go on from its last checkpoint:  hpcd4p resume {who.checkpoints}"]
        return [*lines, "It has no checkpoint: start it again. `hpcd4p doctor --clean` removes what is left"]
    if run.life is Life.SILENT:
        look = f"squeue -j {who.job}" if who.job else f"ssh {who.host} ps -p {who.pid}"
        return [f"Its last word was {ago}, and its process cannot be seen from here: look with  {look}"]
    if run.silent_s <= document.every_s + LATE_S or document.state == STARTING:
        return []
    if who.ranks == 1:
        return [f"An element has been in one call for {seconds(run.silent_s)}: what follows is of before"]
    return [
        f"Its last word was {ago}: rank 0 is held up, or cannot write beside its record (is the disk full?)"
    ]


def _limited(run: FoundRun, limits: Sequence[Cause]) -> list[str]:
    """What limits it, in a line."""
    lives = run.life is Life.UNDER_WAY and run.document.state != CLOSING
    return [f"Limited by: {cause.text}" for cause in limits[:1]] if lives else []


def _progress(run: FoundRun, limits: Sequence[Cause]) -> list[str]:
    totals = run.document.totals
    done = [
        f"{totals.calls:,} of {totals.of_calls:,} inputs" if totals.of_calls else "",
        f"{count(totals.done, 'tuple')} done",
        f"{per_s(totals.rate)} lately, {per_s(totals.rate_mean)} on average",
        f"{totals.failed:,} failed",
    ]
    lines = ["Done: " + ", ".join(each for each in done if each)]
    if totals.awaits:
        lines.append(f"Order: {totals.awaits}")
    return [*lines, *_limited(run, limits), *end_lines(run)]


def end_lines(run: FoundRun) -> list[str]:
    """When the end is expected, in a line; none of a run of which there is nothing to expect."""
    document = run.document
    if run.life is not Life.UNDER_WAY or document.state == CLOSING:
        return []
    return [end_text(document.expected, document.expected_not, document.written)]


def end_text(expected: Expected | None, why_not: str, written: float) -> str:
    """When the end is expected, and between which times; or why nobody knows."""
    if expected is None:
        return f"The end: not known, {why_not}"
    soonest, latest = seconds(expected.soonest_s), expected.latest_s
    form = "%H:%M:%S" if expected.left_s < _DAY_S else "%Y-%m-%d %H:%M"
    moment = time.strftime(form, time.localtime(written + expected.left_s))
    return (
        f"The end: expected at {moment}, in {seconds(expected.left_s)} "
        f"(most likely {f'not before {soonest}' if latest is None else f'in {soonest} to {seconds(latest)}'})"
    )


def per_s(value: float) -> str:
    """Tuples a second."""
    return f"{rate(round(value * 1000), 1000.0) or '0'}/s"


def _elements(document: Document) -> list[str]:
    head = [
        "element", "runs as", "in", "out", "per s now", "on average", "backlog", "ranks inside", "failed",
    ]  # fmt: skip
    rows = [_element(each) for each in document.elements]
    if document.elements_left_out:
        rows.append([f"... and {document.elements_left_out:,} more", *[""] * (len(head) - 1)])
    return ["Elements (per s: tuples; backlog: tuples written and not finished)", *table(head, rows, left=2)]


def _element(element: Element) -> list[str]:
    return [
        shortened(element.name, 40),
        element.role,
        f"{element.tuples_in:,}",
        f"{element.tuples_out:,}",
        rate(round(element.rate * 1000), 1000.0) or "0",
        rate(round(element.rate_mean * 1000), 1000.0) or "0",
        f"{element.backlog:,}",
        f"{element.busy:.1f}",
        f"{element.failed:,}",
    ]


def _ranks(document: Document) -> list[str]:
    if document.run.ranks == 1:
        return []
    head = ["ranks", "number", "role", "state", "host", "since", "load", "in line", "memory"]
    rows = [_rank(row) for row in document.ranks[:MOST_RANKS]]
    lines = table(head, rows, left=5)
    if len(document.ranks) > MOST_RANKS:
        lines.append(f"  ... and {len(document.ranks) - MOST_RANKS:,} more (--json has all)")
    return ["Ranks (since: no other state, and nothing committed; of several, the longest)", *lines]


def _rank(row: Ranks) -> list[str]:
    return [
        shortened(row.ranks, 30),
        f"{row.count}",
        row.role,
        row.state,
        row.host,
        seconds(row.since_s),
        "" if row.load is None else percent(row.load),
        "" if row.line_s is None else seconds(row.line_s),
        "" if row.memory_bytes is None else size(row.memory_bytes),
    ]


def resources(document: Document) -> list[str]:
    """The scaler, checkpoints and memory, a line each."""
    return [
        *([scaler_text(document.scaler)] if document.scaler is not None else []),
        checkpoints_text(document.checkpoints),
        memory_text(document),
    ]


def memory_text(document: Document) -> str:
    """Resident memory of ranks and Redis, as far as it is known."""
    memory = document.memory
    parts = []
    if memory.ranks_bytes is not None:
        whose = (
            "the process" if document.run.ranks == 1 else f"{count(memory.ranks_seen, 'rank')} on this node"
        )
        parts.append(f"{size(memory.ranks_bytes)} of {whose}")
    if memory.redis_bytes is not None:
        parts.append(f"{size(memory.redis_bytes)} of Redis")
    return f"Memory: {', '.join(parts) or 'not known'}"


def scaler_text(scaler: Scaler) -> str:
    """What the auto-scaler wants, and why."""
    why = f": {scaler.reason}" if scaler.reason else ""
    return (
        f"Auto-scaler {scaler.policy}: {count(scaler.active, 'rank')} active, {scaler.parked} parked, target "
        f"{scaler.target}{why}; {count(scaler.changes, 'change')}, {seconds(scaler.backlog_s)} of work wait"
    )


def checkpoints_text(kept: Checkpoints | None) -> str:
    """How many there are, how old the last one is, and what they cost."""
    if kept is None:
        return "Checkpoints: off"
    if not kept.made:
        return f"Checkpoints: none yet{f', {kept.why_none}' if kept.why_none else ''}"
    age = "none of this start yet" if kept.age_s is None else f"the last one {seconds(kept.age_s)} ago"
    said = (
        f"Checkpoints: {kept.made}, {age} ({size(kept.bytes)}, written in {seconds(kept.written_s)}), "
        f"{percent(kept.cost_share)} of the time"
    )
    went_on = f"; went on {count(kept.went_on, 'time')}" if kept.went_on else ""
    return f"{said}{went_on}{f'; {kept.why_none}' if kept.why_none else ''}"


def _failures(document: Document) -> list[str]:
    if not document.failures:
        return []
    return [
        "Failures (kinds, the most frequent first)",
        *(
            f"  {each.tuples:,} in {each.element}: {each.error}{f' at {each.place}' if each.place else ''}"
            for each in document.failures
        ),
    ]
