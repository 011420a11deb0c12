"""Writes the status of a run while it goes on, from what rank 0 knows anyway.

Owns when it is written, and what takes two looks: rates, the forecast, since when ranks do what they do. The
document itself is `live.document`; who runs the workflow says what is seen at the moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from hpcd4p.live import document as doc
from hpcd4p.live.forecast import Forecast
from hpcd4p.live.ranks import Facts, RankStates, Sight
from hpcd4p.live.rates import Rates
from hpcd4p.live.why import Lasting, causes
from hpcd4p.plan.model import Role
from hpcd4p.plan.rows import chosen_rows
from hpcd4p.record.table import shortened
from hpcd4p.runtime.head.progress import STATUS_S
from hpcd4p.runtime.rank.account import role_of

if TYPE_CHECKING:
    from hpcd4p.histogram import Histogram
    from hpcd4p.live.facts import RunFacts
    from hpcd4p.live.run import LiveRun, Resident
    from hpcd4p.plan.model import Plan
    from hpcd4p.record.failures import Failures
    from hpcd4p.record.scaling import Scaling
    from hpcd4p.record.survival import Survival
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.head.progress import Progress
    from hpcd4p.wire.reports import Load
    from hpcd4p.wire.statistics import Statistics

MOST_CPU = 0.004
"""Part of a core that it takes: what takes longer is done more seldom."""

MOST_HELD = 0.02
"""Part of the time in which the head may wait for a slow file system."""

MOST_S = 30.0
"""From one to the next, at most, whatever it takes."""

MOST_FAILURES = 10
"""Kinds of failures that are told."""

MOST_DOUBTS = 5

NO_NUMBER = "each source is called once, so nobody knows how much it will give"
EARLY = "it is too early to say"


class Seen(NamedTuple):
    """What is seen of a run at one look, besides its progress."""

    stats: Statistics
    pending: Mapping[int, int]
    """Unfinished tuples by element."""
    ranks: Sight
    loads: Iterable[Load] = ()
    scaling: Scaling | None = None
    checkpoint_s: float | None = None
    """See `Progress.checkpoint_s`."""
    survival: Survival | None = None
    failures: Failures | None = None
    doubts: Sequence[str] = ()
    facts: Callable[[RankStates, Resident, float], RunFacts] | None = None
    """Gives what else is known, now; None: nothing."""
    service: Mapping[int, Histogram] = {}
    """How long tuples took, by element."""


class Telling:
    """Of one run, in one incarnation.

    Parameters
    ----------
    began
        How much of the work was done when it began.
    """

    def __init__(self, plan: Plan, live: LiveRun, clock: Clock, began: float) -> None:
        self._plan = plan
        self._live = live
        self._clock = clock
        self._states = RankStates(plan.size, plan.pool_ranks, clock.now())
        self._roles = [role_of(plan, rank) if plan.size > 1 else "all" for rank in range(plan.size)]
        self._rates = Rates()
        if not began:  # else there are sums of before
            self._rates.add(clock.started, {})
        self._into = [
            [plan.elements[target].name for target in sorted(targets)] for targets in _downstream(plan)
        ]
        self._began = began
        self._forecast = Forecast()
        self._forecast.add(0.0, began)
        self._lasting = Lasting()
        self._every_s = STATUS_S

    def tell(self, progress: Progress, seen: Seen) -> float:
        """Write one; gives when the next one is to be written."""
        began, cpu = self._clock.now(), self._clock.cpu()
        self._live.tell(self._document(progress, seen))
        ended, took = self._clock.now(), self._clock.cpu() - cpu
        self._every_s = min(MOST_S, max(STATUS_S, took / MOST_CPU, (ended - began) / MOST_HELD))
        return began + self._every_s

    def _document(self, progress: Progress, seen: Seen) -> doc.Document:
        now = self._clock.now()
        self._states.look(seen.ranks, now)
        self._rates.add(now, self._numbers(progress, seen.stats))
        if progress.part is not None and progress.part >= self._began:  # else sources are being repeated
            self._forecast.add(progress.elapsed_s, progress.part)
        expected = self._forecast.left(progress.elapsed_s) if progress.of_calls else None
        resident = self._live.resident()
        elements, left_out = self._elements(seen, progress.elapsed_s)
        document = doc.Document(
            version=doc.VERSION,
            state=doc.RUNNING,
            reason="",
            written=time.time(),
            every_s=self._every_s,
            elapsed_s=progress.elapsed_s,
            run=self._live.identity,
            totals=self._totals(progress),
            expected=expected,
            expected_not="" if expected else EARLY if progress.of_calls else NO_NUMBER,
            elements=elements,
            elements_left_out=left_out,
            ranks=self._states.rows(self._facts(seen.loads, resident), now),
            scaler=_scaler(seen.scaling),
            checkpoints=_checkpoints(seen, progress.elapsed_s),
            memory=_memory(resident),
            failures=_failures(seen.failures),
            doubts=[shortened(doubt, 300) for doubt in seen.doubts[:MOST_DOUBTS]],
        )
        if seen.facts is None:
            return document
        found = causes(document, seen.facts(self._states, resident, now))
        return replace(document, limits=self._lasting.look(found, now))

    def _numbers(self, progress: Progress, stats: Statistics) -> dict[object, float]:
        """What grows, and is told as a rate."""
        fields = stats.fields.items()
        numbers: dict[object, float] = {field: value for field, value in fields if field[:2] in _GROWS}
        numbers["done"] = progress.done
        return numbers

    def _totals(self, progress: Progress) -> doc.Totals:
        return doc.Totals(
            done=progress.done,
            failed=progress.failed,
            rate=self._rates.of("done"),
            rate_mean=progress.done / progress.elapsed_s if progress.elapsed_s > 0 else 0.0,
            calls=progress.calls,
            of_calls=progress.of_calls,
            tasks=progress.waiting,
            busy=progress.busy,
            pool=progress.pool,
            awaits=progress.awaits,
        )

    def _elements(self, seen: Seen, elapsed_s: float) -> tuple[list[doc.Element], int]:
        plans = [e.index for e in self._plan.elements if e.role is not Role.COLLECT]
        rows = [self._element(index, seen, elapsed_s) for index in plans]
        heaviest = max((row.backlog for row in rows), default=0) or 1
        # what limits a run is busy, or has most in front of it; what fails is seldom many
        places = chosen_rows([row.busy + row.backlog / heaviest + bool(row.failed) for row in rows])
        told = {rows[place].name for place in places}
        chosen = [_completed(rows[place], told, seen.service.get(plans[place])) for place in places]
        return chosen, len(rows) - len(places)

    def _element(self, index: int, seen: Seen, elapsed_s: float) -> doc.Element:
        plan, work = self._plan.elements[index], seen.stats.work(index)
        source = plan.role is Role.ROOT
        written = work.outputs if source else work.tuples
        return doc.Element(
            name=plan.name,
            role=plan.role.word,
            tuples_in=work.tuples,
            tuples_out=work.outputs,
            failed=seen.stats.failures(index).tuples,
            backlog=seen.pending.get(index, 0) if not source else 0,
            busy_s=work.busy_us * 1e-6,
            busy=self._rates.of(f"u:{index}") * 1e-6,
            rate=self._rates.of(f"{'o' if source else 'n'}:{index}"),
            rate_mean=written / elapsed_s if elapsed_s > 0 else 0.0,
            p50_s=None,
            p99_s=None,
            into=self._into[index],
        )

    def _facts(self, loads: Iterable[Load], resident: Resident) -> list[Facts]:
        told = {load.rank: load for load in loads}
        hosts = self._live.hosts or [self._live.identity.host] * len(self._roles)
        facts = [
            Facts(role, hosts[rank], memory_bytes=resident.ranks.get(rank))
            for rank, role in enumerate(self._roles)
        ]
        for rank, load in told.items():
            facts[rank] = facts[rank]._replace(load=load.busy, line_s=load.line_s)
        return facts


_GROWS = frozenset({"n:", "o:", "u:"})
"""Fields of `Statistics` by element: tuples in, tuples out, time inside."""


def _downstream(plan: Plan) -> list[set[int]]:
    """By element, those that get what it writes."""
    into: list[set[int]] = [set() for _ in plan.elements]
    for route in plan.routes:
        if plan.elements[route.target].role is not Role.COLLECT:
            into[route.source].add(route.target)
    return into


def _completed(row: doc.Element, told: set[str], times: Histogram | None) -> doc.Element:
    """The row with its times, and with edges to elements that are told as well."""
    into = [name for name in row.into if name in told]
    if times is None:
        return replace(row, into=into)
    return replace(row, into=into, p50_s=times.quantile(0.5), p99_s=times.quantile(0.99))


def _scaler(scaling: Scaling | None) -> doc.Scaler | None:
    if scaling is None or not scaling.ranks or not scaling.ticks:
        return None
    last = scaling.ticks[-1]
    return doc.Scaler(
        policy=scaling.policy,
        target=last.target,
        active=last.active,
        parked=last.parked,
        reason=shortened(last.reason, 300),
        changes=scaling.changes_made,
        backlog_s=last.backlog_s,
    )


def _checkpoints(seen: Seen, elapsed_s: float) -> doc.Checkpoints | None:
    if seen.survival is None or seen.checkpoint_s is None:
        return None
    figures = seen.survival.figures(elapsed_s)
    return doc.Checkpoints(
        made=figures.made,
        given_up=figures.given_up,
        age_s=None if seen.checkpoint_s == float("inf") else seen.checkpoint_s,
        bytes=figures.size,
        written_s=figures.written_s,
        cost_s=figures.cost_s,
        cost_share=figures.share,
        went_on=figures.times,
        why_none=shortened(figures.why_none, 300),
    )


def _failures(failures: Failures | None) -> list[doc.Failure]:
    if failures is None:
        return []
    return [
        doc.Failure(
            f.element,
            shortened(f.error),
            shortened(f.place),
            f.tuples,
            shortened(failures.said(f.element, f.error, f.place), 200),
        )
        for f in failures.figures()[:MOST_FAILURES]
    ]


def _memory(resident: Resident) -> doc.Memory:
    ranks = resident.ranks
    return doc.Memory(sum(ranks.values()) if ranks else None, len(ranks), resident.redis)
