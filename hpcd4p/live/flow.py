"""What limits a run that is well: the pool, the auto-scaler, the source, the last tuples. Pure."""

from __future__ import annotations

from collections.abc import Collection
from math import ceil

from hpcd4p.live.causes import Kind, again, cause, on, who
from hpcd4p.live.document import Cause, Document, Element
from hpcd4p.live.facts import Cores, RunFacts, SourceFacts
from hpcd4p.live.limits import HELD
from hpcd4p.record.table import count, percent, rate, seconds

IDLE = 0.15
"""Part of the pool that waits for a task: with less all of it is busy, for tasks are fetched, too."""

REST = 0.5
"""Part of the pool above which too many ranks wait."""

SILENT_S = 2.0
"""A source that has given nothing for so long is told of by itself."""


def pool(document: Document, facts: RunFacts) -> Cause | None:
    """All its ranks are busy, and tasks wait."""
    totals = document.totals
    active = totals.pool - facts.parked
    if facts.parked or not totals.pool or facts.idle > IDLE * active or totals.tasks <= active / 2:
        return None
    more, why, helps = _more_ranks(document, facts)
    backlog = facts.backlog
    held = [s.element for s in facts.sources if s.held_back >= HELD]
    inside = _busiest(document, {source.element for source in facts.sources})
    return cause(
        Kind.POOL,
        f"all {count(active, 'rank')} of the pool are busy, and {count(totals.tasks, 'task')} wait"
        + (f": most are inside {inside.name}" if inside else ""),
        [
            f"of the ranks {facts.idle:.1f} waited for a task lately, on average",
            f"{per_s(backlog.arrived)} came to the pool lately, {per_s(backlog.done)} were done",
            f"the source {' and '.join(held)} waits for room" if held else "",
            f"{inside.name} takes {seconds(inside.busy_s / inside.tuples_in)} for a tuple"
            if inside is not None and inside.tuples_in
            else "",
            ""
            if facts.cores.share is None
            else f"a rank inside an element takes {percent(facts.cores.share)} of a core",
        ],
        f"{count(more, 'more rank')} would help: {why}" if helps else why,
        again(document, f"-n {document.run.ranks + more}"),
        wrong=helps,
        element=inside.name if inside else "",
    )


def _more_ranks(document: Document, facts: RunFacts) -> tuple[int, str, bool]:
    """How many more ranks would help, why, and whether there are cores for them on this node."""
    backlog, pool = facts.backlog, document.totals.pool
    held = any(source.held_back > 0 for source in facts.sources)
    if not held and backlog.done > 0 and backlog.arrived > 1.02 * backlog.done:
        wanted, why = ceil(pool * (backlog.arrived / backlog.done - 1)), "then as much is done as comes"
    else:
        wanted, why = document.totals.tasks, "so many tasks wait"
    free = _free(facts.cores)
    if free is None or wanted <= free:
        return max(1, wanted), why, True
    if free >= 1:
        return int(free), "there are cores for so many here", True
    return max(1, wanted), "the cores of this node have work: more ranks need more cores", False


def _free(node: Cores) -> float | None:
    """For how many more ranks there are cores; None: for any number, they hardly need them."""
    if node.share is None or node.share < 0.05:
        return None
    return (node.cores - node.ranks * node.share) / node.share


def scaler(document: Document, facts: RunFacts) -> Cause | None:
    """Tasks wait, and the auto-scaler keeps ranks parked."""
    made = document.scaler
    if made is None or not facts.parked or document.totals.tasks <= (document.totals.pool - facts.parked) / 2:
        return None
    return cause(
        Kind.SCALER,
        f"the auto-scaler ({made.policy}) keeps {count(facts.parked, 'rank')} parked, and "
        f"{count(document.totals.tasks, 'task')} wait",
        [f"its reason: {made.reason}", f"{seconds(made.backlog_s)} of work wait"],
        "if more are to work nevertheless, have all of them active",
        again(document, "--autoscale none"),
        wrong=False,
    )


def source(document: Document, facts: RunFacts) -> Cause | None:
    """The pool does what comes as it comes."""
    free = [each for each in facts.sources if each.held_back < HELD]
    active = document.totals.pool - facts.parked
    if not free or document.totals.tasks > max(1.0, active / 2):
        return None
    slowest = max(free, key=lambda each: each.silent_s)
    row = next((e for e in document.elements if e.name == slowest.element), None)
    silent = slowest.silent_s >= SILENT_S
    rests = document.totals.pool > 0 and facts.idle > REST * active
    what = f"has given nothing for {seconds(slowest.silent_s)}" if silent else "is slower than the pool"
    advice, to_type = _for_source(document, facts, slowest)
    return cause(
        Kind.SOURCE,
        f"the source {slowest.element} {what}",
        [
            "" if row is None else f"{per_s(row.rate)} lately, {per_s(row.rate_mean)} on average",
            f"{facts.idle:.1f} of {count(active, 'rank')} of the pool waited for a task, on average"
            if document.totals.pool
            else "",
            _thread(slowest),
            *(
                f"{other.element}: nothing for {seconds(other.silent_s)}"
                for other in free
                if other != slowest
            ),
        ],
        advice,
        to_type,
        wrong=silent or rests,
        element=slowest.element,
        ranks=[0],
        host=document.run.host,
    )


def _thread(source: SourceFacts) -> str:
    parts = [
        "" if source.cpu is None else f"takes {percent(source.cpu)} of a core",
        f"waits for {source.waits_for}" if source.waits_for else "",
    ]
    said = " and ".join(part for part in parts if part)
    return f"its thread on rank 0 {said}" if said else ""


def _for_source(document: Document, facts: RunFacts, source: SourceFacts) -> tuple[str, str]:
    if source.cpu is not None and source.cpu > REST:
        return (
            f"{source.element} computes: calls that need no state (-i, or a list of inputs) go to the pool; "
            "have it only name what is to be done, and an element behind it do it",
            "-i N",
        )
    fewer = max(2, document.run.ranks - int(facts.idle))
    advice = f"look at what {source.element} waits for; no rank can make it quicker"
    if fewer >= document.run.ranks:
        return advice, on(document, document.run.host, f"ls -l /proc/{document.run.pid}/fd")
    return f"{advice}, and fewer would do", again(document, f"-n {fewer}")


def tail(document: Document, facts: RunFacts) -> Cause | None:
    """Nothing waits any more: the last tuples are at work."""
    totals = document.totals
    left = sum(element.backlog for element in document.elements if element.role != "source")
    if facts.sources or totals.tasks or not left or (totals.of_calls and totals.calls < totals.of_calls):
        return None
    at_work = [
        row.since_rank for row in document.ranks if row.state in ("working", "unclear") and row.count == 1
    ]
    return cause(
        Kind.TAIL,
        f"nothing waits any more: the last {count(left, 'tuple')} are at work",
        [f"{who(at_work)} at work" if at_work else ""],
        "smaller tasks end more evenly",
        again(document, "--task-s 0.005"),
        wrong=False,
        ranks=at_work,
    )


def element(document: Document, facts: RunFacts) -> Cause | None:
    """Where most of the time goes, where there is no pool that could be too small."""
    inside = _busiest(document, {source.element for source in facts.sources})
    if document.totals.pool or inside is None:
        return None
    alone, node = document.run.ranks == 1, facts.cores
    if inside.role == "source":
        return cause(
            Kind.SOURCE,
            f"most of the time goes into the source {inside.name}",
            [f"{percent(min(1.0, inside.busy))} of the time lately"],
            "more ranks do not make it quicker, unless its calls may go to the pool (-i, a list of inputs)",
            wrong=False,
            element=inside.name,
        )
    more = node.cores if alone else document.run.ranks + 1
    return cause(
        Kind.ELEMENT,
        f"most of the time goes into {inside.name}" + (", in one process" if alone else ""),
        [
            f"{inside.busy:.1f} ranks are inside it, on average" if not alone else "",
            f"{percent(min(1.0, inside.busy))} of the time lately" if alone else "",
            f"{count(node.cores, 'core')} for the run",
        ],
        "more ranks share its work" if more > document.run.ranks else "",
        again(document, f"-n {more}") if more > document.run.ranks else "",
        wrong=False,
        element=inside.name,
    )


def _busiest(document: Document, besides: Collection[str]) -> Element | None:
    """The element in which ranks are most, lately; sources in their threads are in nobody's way."""
    inside = [e for e in document.elements if e.busy > 0 and e.name not in besides]
    return max(inside, key=lambda e: e.busy, default=None)


def per_s(value: float) -> str:
    """Tuples a second."""
    return f"{rate(round(value * 1000), 1000.0) or '0'} tuples/s"
