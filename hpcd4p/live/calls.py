"""Ranks that are inside a call for long, or wait in the kernel: what may be said of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hpcd4p.live.causes import Kind, again, cause, host_of, on, those, who
from hpcd4p.live.document import Cause, Document
from hpcd4p.live.facts import InCall, Kernel, RunFacts
from hpcd4p.record.table import percent, seconds

CALL_S = 2.0
"""A call of less is not looked at."""

USUAL = 10.0
"""Nor one that takes less than so many times what a tuple of its element has taken so far."""

LEAST_CPU = 0.05
"""Part of a core below which a call computes nothing."""

LOOKS = 2
"""At what ranks do in the kernel, before anything is concluded."""

BLOCKED = 0.4
"""Part of the ranks with work, on average: one that works with files waits for them now and then."""

WRITING = 0.4
"""Part of the time of rank 0."""


class LongCall(Protocol):
    """What a process tells of a call in which it has been for long."""

    @property
    def rank(self) -> int:
        """Its number, or that of the rank beside which it is."""

    @property
    def element(self) -> str:
        """Its id; empty: not known."""

    @property
    def tuple(self) -> str:
        """The tuple of the call, shortened."""

    @property
    def host(self) -> str:
        """Of the process."""

    @property
    def pid(self) -> int:
        """Of the process."""

    @property
    def since_s(self) -> float:
        """For so long at least."""

    @property
    def line(self) -> str:
        """Where it is in the code."""


def known(seen: Sequence[InCall], told: Sequence[LongCall]) -> list[InCall]:
    """Calls as the head sees them, with what their processes tell of them; the longest first."""
    found = {call.rank: call for call in seen}
    for long in told:
        call = found.get(long.rank)
        if call is None or call.pid not in (None, long.pid):
            call = InCall(long.rank, 0.0, (), long.host)
        found[long.rank] = call._replace(
            since_s=max(call.since_s, long.since_s),
            elements=(long.element,) if long.element else call.elements,
            host=long.host,
            pid=long.pid,
            tuple_text=long.tuple,
            place=long.line,
        )
    return sorted(found.values(), key=lambda call: -call.since_s)


def files(document: Document, facts: RunFacts) -> Cause | None:
    """Rank 0 waits for the file system that it writes to; or ranks wait in the kernel for a file."""
    if facts.writing >= WRITING:
        kept = document.checkpoints is not None
        return cause(
            Kind.FILES,
            "rank 0 waits for the file system to which it writes the outputs",
            [
                f"{percent(facts.writing)} of its time, lately, it has spent on writing, without computing",
                f"the folder is that of {document.run.checkpoints if kept else document.run.record}",
            ],
            "write to a file system that is quicker",
            again(document, "--checkpoint-dir /tmp/checkpoints" if kept else "--results /tmp/results"),
            ranks=[0],
            host=document.run.host,
        )
    kernel, call = facts.kernel, next((call for call in facts.in_call if call.state == "D"), None)
    blocked = kernel.looks >= LOOKS and kernel.blocked >= BLOCKED
    if not blocked and (call is None or not is_long(document, call)):
        return None
    ranks = [call.rank] if call is not None else list(kernel.ranks)
    waits_for = (call.waits_for if call is not None else kernel.waits_for) or "a file"
    names = call.elements if call is not None else _busy(document)
    return cause(
        Kind.FILES,
        f"{who(ranks)} waits in the kernel for {waits_for}, inside {those(names)}",
        [
            f"{percent(kernel.blocked)} of the ranks with work were so (state D), at {kernel.looks} looks"
            if blocked
            else "",
            "" if call is None else told(call),
        ],
        f"have {those(names)} read and write where it is quicker: a local disk, or memory. Which files it "
        "has open:",
        _look_at(document, kernel if call is None else call),
        element=names[0] if len(names) == 1 else "",
        ranks=ranks,
        host=host_of(document, ranks),
    )


def outside(document: Document, facts: RunFacts) -> Cause | None:
    """A rank is inside a call and computes nothing."""
    long = [call for call in facts.in_call if _waits(call) and is_long(document, call)]
    kernel = facts.kernel
    if not long:
        if kernel.looks < LOOKS or kernel.locked < BLOCKED:
            return None
        names = _busy(document)
        return cause(
            Kind.OUTSIDE,
            f"{who(kernel.ranks)} inside {those(names)}: waiting for {kernel.waits_for}",
            [f"{percent(kernel.locked)} of the ranks with work were so, at {kernel.looks} looks"],
            "more ranks would wait longer: hold the lock for less. Which files a rank has open:",
            _look_at(document, kernel),
            element=names[0] if len(names) == 1 else "",
            ranks=kernel.ranks,
            host=kernel.host,
        )
    first = long[0]
    same = [call.rank for call in long if call.elements == first.elements]
    return cause(
        Kind.OUTSIDE,
        f"{who(same)} {'has' if len(same) == 1 else 'have'} been inside one call of {those(first.elements)} "
        f"for {seconds(first.since_s)} without computing: it waits for "
        f"{first.waits_for or 'something outside'}",
        [told(call) for call in long[:3]],
        "look at what it waits for, and give such calls a time-out. Which files and sockets it has open:",
        _look_at(document, first),
        element=first.elements[0] if len(first.elements) == 1 else "",
        ranks=same,
        host=first.host,
    )


def stuck(document: Document, facts: RunFacts) -> Cause | None:
    """A rank is at work on one tuple for long, or its process is stopped."""
    long = [c for c in facts.in_call if not _waits(c) and c.state != "D" and is_long(document, c)]
    if not long:
        return None
    first = long[0]
    stopped = next((call for call in long if call.state in ("T", "t")), None)
    if stopped is not None:
        return cause(
            Kind.STUCK,
            f"the process of rank {stopped.rank} is stopped, inside {those(stopped.elements)}",
            [told(stopped)],
            "somebody has stopped it (a debugger, SIGSTOP): let it go on",
            on(document, stopped.host, f"kill -CONT {stopped.pid}"),
            element=stopped.elements[0] if len(stopped.elements) == 1 else "",
            ranks=[stopped.rank],
            host=stopped.host,
        )
    return cause(
        Kind.STUCK,
        f"rank {first.rank} has been in one tuple of {those(first.elements)} for {seconds(first.since_s)}",
        [told(call) for call in long[:3]],
        _let_die(document, first),
        "" if first.pid is None else on(document, first.host, f"kill -KILL {first.pid}"),
        element=first.elements[0] if len(first.elements) == 1 else "",
        ranks=[first.rank],
        host=first.host,
    )


def is_long(document: Document, call: InCall) -> bool:
    """Whether a call takes much longer than usual."""
    means = [e.busy_s / e.tuples_in for e in document.elements if e.name in call.elements and e.tuples_in > 0]
    return call.since_s >= max([CALL_S, *(USUAL * mean for mean in means)])


def holds_up(document: Document, facts: RunFacts) -> bool:
    """Whether calls that take long keep the run from going on: all others rest, or nothing gets done."""
    at_work = document.totals.pool - facts.parked - facts.idle
    waited_for = any(name in facts.congested for call in facts.in_call for name in call.elements)
    return document.totals.rate <= 0 or waited_for or at_work <= len(facts.in_call) + 0.5


def _waits(call: InCall) -> bool:
    return call.state == "S" and call.cpu is not None and call.cpu < LEAST_CPU


def told(call: InCall) -> str:
    """What is known of a call, in a sentence."""
    parts = [
        f"rank {call.rank}" + (f" (process {call.pid} on {call.host})" if call.pid is not None else ""),
        f"since {seconds(call.since_s)}",
        "" if call.cpu is None else f"{percent(call.cpu)} of a core",
        f"waits for {call.waits_for}" if call.waits_for else "",
        f"tuple {call.tuple_text}" if call.tuple_text else "",
        f"at {call.place}" if call.place else "",
    ]
    return ", ".join(part for part in parts if part)


def _let_die(document: Document, call: InCall) -> str:
    rows = [row for row in document.ranks if row.since_rank == call.rank and row.count == 1]
    if document.totals.pool > 1 and all("stateful" not in row.role for row in rows):
        return (
            "look at the tuple; if it never ends, let its process die: another rank tries it again, and "
            "after --max-attempts it is a dead letter"
        )
    return "look at the tuple; if it never ends, end the process: the run goes on from its last checkpoint"


def _look_at(document: Document, whom: InCall | Kernel) -> str:
    return "" if whom.pid is None else on(document, whom.host, f"ls -l /proc/{whom.pid}/fd")


def _busy(document: Document) -> list[str]:
    """The element in which ranks are most; before any of its tuples is done, the one that has most to do."""
    inside = [e for e in document.elements if e.role != "source" and (e.busy > 0 or e.backlog)]
    return [max(inside, key=lambda e: (e.busy, e.backlog)).name] if inside else []
