"""What each rank has done so far: its times, tasks and tuples."""

from __future__ import annotations

import os
import resource
from typing import TYPE_CHECKING

from hpcd4p.plan.model import Plan
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.rank.timeline import MOST_BINS, Timeline, bins_for
from hpcd4p.wire.reports import Bins, Doubted, Figures, Usage

if TYPE_CHECKING:
    from hpcd4p.plan.settings import EngineSettings
    from hpcd4p.runtime.commit.reorder import Reorder
    from hpcd4p.runtime.execute.spans import Spans


class RankAccount:
    """What one rank did so far; times in seconds, moments as `clock.now()`.

    Parameters
    ----------
    bins
        Most bins of its timeline.

    Attributes
    ----------
    spans
        Takes what it did; None: nobody does.
    """

    def __init__(
        self, rank: int, role: str, clock: Clock, host: str = "", bins: int = MOST_BINS,
        spans: Spans | None = None,
    ) -> None:  # fmt: skip
        self.spans = spans
        self._clock = clock
        self.rank = rank
        self.role = role
        self.host = host or os.uname().nodename
        self.started = clock.started
        self.busy_s = 0.0
        self.parked_s = 0.0
        self.lent_s = 0.0
        self.tasks = 0
        self.tuples = 0
        self._timeline = Timeline(bins)

    def begins(self) -> None:
        """A task begins."""
        if self.spans is not None:
            self.spans.begin_task()

    def ends(self) -> None:
        """The task at hand is over."""
        if self.spans is not None:
            self.spans.task = 0

    def undoes(self, since: float) -> None:
        """The task that began then is given back: what it has done does not count."""
        if self.spans is not None:
            self.spans.undo(since)

    def worked(self, begin: float, end: float) -> None:
        """From `begin` to `end` this rank was inside elements."""
        self.busy_s += end - begin
        self._timeline.busy(begin - self.started, end - self.started)

    def waited(self, begin: float, end: float) -> None:
        """It waited in the middle of a call, or did work that counts by itself; the whole call is counted."""
        self.busy_s -= end - begin
        self._timeline.not_busy(begin - self.started, end - self.started)

    def lent(self, begin: float, end: float) -> None:
        """From `begin` to `end` it had a task of the pool run beside its own work."""
        self.lent_s += end - begin
        self._timeline.lent(begin - self.started, end - self.started)

    def parks(self) -> None:
        """From now on it is parked."""
        if self.spans is not None:
            self.spans.parks()

    def parked(self, begin: float, end: float) -> None:
        """From `begin` to `end` it was parked."""
        if self.spans is not None:
            self.spans.parked(begin, end)
        self.parked_s += end - begin
        self._timeline.parked(begin - self.started, end - self.started)

    def usage(self) -> Usage:
        """The account so far."""
        spent = resource.getrusage(resource.RUSAGE_SELF)
        active = self._clock.elapsed() - self.parked_s
        return Usage(
            rank=self.rank,
            host=self.host,
            pid=os.getpid(),
            role=self.role,
            active_s=active,
            busy_s=self.busy_s,
            idle_s=max(0.0, active - self.busy_s),
            parked_s=self.parked_s,
            lent_s=self.lent_s,
            cpu_s=spent.ru_utime + spent.ru_stime,
            tasks=self.tasks,
            tuples=self.tuples,
            peak_rss_bytes=spent.ru_maxrss * 1024,
        )

    def figures(self, doubted: list[Doubted], order: Reorder | None = None) -> Figures:
        """All of it, at the end; `order` has put tuples in order here."""
        turns = {} if order is None else order.times.figures()
        return Figures(self.rank, self.usage(), self.bins(), doubted, turns)

    def bins(self) -> Bins:
        """The timeline so far."""
        return Bins(self._clock.instant(self.started), *self._timeline.bins())


def account_in(plan: Plan, rank: int, clock: Clock, spans: Spans | None) -> RankAccount:
    """The account of a rank of a plan."""
    return RankAccount(rank, role_of(plan, rank), clock, bins=bins_for(plan.size), spans=spans)


def spans_in(settings: EngineSettings, rank: int, ranks: int, clock: Clock) -> Spans | None:
    """What takes what a rank does, if that was asked for."""
    if not settings.trace:
        return None
    from hpcd4p.record.spans import most_of
    from hpcd4p.runtime.execute.spans import Spans

    return Spans(rank, most_of(ranks), clock)


def role_of(plan: Plan, rank: int) -> str:
    """What `rank` is, in words."""
    roles: list[str] = []
    if rank == 0:
        roles.append("head")
    if rank in plan.stateful_ranks:
        roles.append("stateful" if plan.holds_state(rank) else "stateless")
    if rank in plan.pool_ranks:
        roles.append("pool")
    return "+".join(roles)
