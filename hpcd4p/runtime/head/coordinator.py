"""The coordinator: looks at the counters, asks `control` what to do, and gives the orders.

It decides nothing itself; it owns when to look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpcd4p.control.ending import Ending
from hpcd4p.control.failures import too_many
from hpcd4p.control.liveness import Liveness, RankState
from hpcd4p.control.suspects import Suspicion
from hpcd4p.errors import NOT_ALONE, ElementFailed, ForeignBytesError, RankLost, RunStopped, TooManyFailures
from hpcd4p.logs import module_log
from hpcd4p.plan.model import Plan, Role
from hpcd4p.record.element_lines import ElementLines
from hpcd4p.record.failures import Failures
from hpcd4p.record.summary import DeadLetter, LogFigures, RankFigures, kind_of
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute.element_log import SAID, ElementLog
from hpcd4p.runtime.head.scaler import Scaler
from hpcd4p.runtime.rank.reports import in_run_time
from hpcd4p.transport.broker import Broker
from hpcd4p.wire.codec import LETTER, Codec, about
from hpcd4p.wire.messages import Commit, Observation, Task
from hpcd4p.wire.orders import Careful, Finish, Inherit, Lost, Order, Stop
from hpcd4p.wire.reports import Claimed, Doubted, Failed, Figures, Judged, Reason, Report, unseal
from hpcd4p.wire.statistics import Cause, Statistics, count_failures, stats_s

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpcd4p.plan.settings import EngineSettings

LOOK_S = 0.1
"""Between two looks when no bell rings."""

QUIET_S = 0.002
"""Between two looks when bells ring without end."""

ALIVE_S = 0.5
"""Between two looks at which ranks are connected; longer with thousands of ranks, whose list is long."""

ALIVE_S_PER_RANK = 0.0005

AGAIN = 0.2
"""Part of that time to wait when a rank was missing at the last look."""


FAREWELL_S = 2.0
"""Ranks that have not reported this long after the order to stop are left behind."""


ERRORS: dict[Reason, type[RunStopped]] = {
    Reason.ELEMENT: ElementFailed,
    Reason.FOREIGN: ForeignBytesError,
    Reason.ENGINE: RunStopped,
}
"""By the error that a rank reports: the exception that ends the run."""

UNTOLD = f"a report that a rank has left in the key `reports` is gone: {NOT_ALONE}"


_log = module_log(__name__)


def _say_nothing(text: str) -> None:
    pass


def in_doubt(name: str, what: str) -> str:
    """The message for an element that changed after several ranks had run it."""
    return (
        f"the answer is in doubt: {name} changed {what} while several ranks ran it, so it may depend on "
        "which rank did. If it matters, write `stateful = True` into its class (one instance holds it), or "
        "give its input a grouping; if not, write `stateful = False`"
    )


def _host_died(plan: Plan, rank: int, after_s: float) -> str:
    """The message for the death of a rank that held what no other rank has."""
    state = plan.holds_state(rank)
    elements = dict.fromkeys(plan.elements[e] for e, _ in plan.hosted(rank))
    names = [e.name for e in elements if (e.role is Role.STATE) == state]
    named = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    held, so = f"the stateless {named}", "in the static mapping nobody else can do its work"
    if state:
        held, so = f"the state of {named}", "that is gone with it"
    if rank in plan.pool_ranks:
        so += ". It was the pool as well: with 3 ranks or more, a tuple that kills there costs itself alone"
    return (
        f"rank {rank}, which held {held}, died {after_s:.1f} s into the run; {so}. If a tuple has ended it "
        "(a segfault, os._exit, too little memory), what it could still say stands above. What came out "
        "until then is not the whole answer: start the run again"
    )


class Coordinator:
    """Follows one run to its end. Lives on the head; uses its broker.

    Parameters
    ----------
    sink
        Gets dead letters and events.
    """

    def __init__(
        self, plan: Plan, settings: EngineSettings, broker: Broker, codec: Codec, sink: Any, clock: Clock
    ) -> None:
        self.plan = plan
        self.settings = settings
        self.ending = Ending(plan)
        self.liveness = Liveness(list(range(1, plan.size)), clock.started)
        self.suspicion = Suspicion(len(plan.pool_ranks))
        self.figures: list[RankFigures] = []
        self.stats = Statistics()
        self.seen: Observation | None = None
        self.claimed: dict[int, str] = {}
        """What elements that were planned as stateless have changed, where one rank did all their work."""
        self.doubted: dict[int, str] = {}
        """The same, where several ranks had run them."""
        self.on_warning: Callable[[str], None] = _say_nothing
        """Called with what a user should read at once."""
        self.failures = Failures(sink)
        self.lines = ElementLines(sink)
        self.own_orders: list[Order] = []
        """Orders for the head itself."""
        self._broker = broker
        self._codec = codec
        self._sink = sink
        self._clock = clock
        self._looked = self._counted = 0.0
        self._count_s = stats_s(len(plan.elements))
        self._looked_alive = clock.started
        self._alive_s = max(ALIVE_S, ALIVE_S_PER_RANK * plan.size)
        self._care = False
        self.scaler = Scaler(plan, settings, broker.order, self.event, clock.started)

    def event(self, kind: str, text: str) -> None:
        """Add a line to the story of the run."""
        _log.info("%s: %s", kind, text)
        self._sink.event(self._clock.elapsed(), kind, text)

    def warn(self, kind: str, text: str) -> None:
        """Add a line to the story of the run, and show it at once."""
        self.event(kind, text)
        self.on_warning(text)

    def due(self, rung: bool) -> float:
        """Seconds until the next look."""
        return min(self._looked + (QUIET_S if rung else LOOK_S), self.scaler.due()) - self._clock.now()

    def look(self, held: bool = False) -> list[tuple[int, int]]:
        """Look at the run, and give the orders that are due.

        Parameters
        ----------
        held
            Whether stateful elements are behind.

        Returns
        -------
        list of (element, instances)
            Elements to finish. The caller first commits that so many instances are pending, then
            gives `order_finish`.

        Raises
        ------
        RunStopped
            The run cannot go on, or should not.
        """
        now = self._clock.now()
        self._looked = now
        alive = now - self._looked_alive > self._alive_s * (AGAIN if self.liveness.unsure else 1)
        count = now - self._counted >= self._count_s or now >= self.scaler.due()
        seen = self._broker.observe(alive, stats=count)
        if count:
            self._counted = now
            self.stats = seen.stats
        seen = self.seen = seen._replace(stats=self.stats)
        self._fetch_letters(seen.dead)
        for sealed in seen.reports:
            self._take(unseal(self._codec, sealed))
        if alive and seen.alive is not None:
            self._looked_alive = now
            for rank in self.liveness.look(seen.alive, seen.committed, now):
                self._lose(rank)
        reason = too_many(self.plan, self.settings, self.stats) if count else None
        if reason:
            raise TooManyFailures(reason)
        finish = [(o.element, o.instances) for o in self.ending.observe(seen.pending)]
        self._keep_owners(seen)
        self.scaler.look(seen, self.ending, held, now)
        return finish

    def order_finish(self, element: int) -> None:
        """Have the owners of `element` post-process."""
        name = self.plan.elements[element].name
        self.event("finish", f"{name}: all its input is done; its instances post-process")
        owners = {self.plan.owner(element, p) for p in range(self.plan.elements[element].partitions)}
        self._broker.order(sorted(owners - {0}), Finish(element))
        if 0 in owners:
            self.own_orders.append(Finish(element))

    def _fetch_letters(self, dead: list[bytes]) -> None:
        for each in dead:
            first, *rest = self._codec.open(each, about(LETTER))
            if first == SAID:
                self.lines.add(*rest)
            else:
                self.failures.add(first, *rest)

    def said(self, log: ElementLog) -> LogFigures:
        """How much the elements have logged in all; `log` may still have lines of this rank."""
        self.lines.add(*log.take())
        return self.lines.finish()

    def _take(self, report: Report) -> None:
        if isinstance(report, Claimed):
            self._claimed(report)
        elif isinstance(report, Doubted):
            self._doubted(report)
        elif isinstance(report, Judged):
            verdict = "guilty" if report.guilty else "innocent"
            _log.debug("a suspected task, run apart by rank %d, was %s", report.rank, verdict)
            self.suspicion.judged(report.guilty)
            self._have_care()
        elif isinstance(report, Figures):
            self.liveness.left(report.rank)
            self._keep_figures(report)
        else:
            self.liveness.left(report.rank)
            raise ERRORS[report.reason](report.text)

    def _keep_figures(self, report: Figures) -> None:
        figures, timeline = in_run_time(report.fields, report.bins, self._clock.instant(self._clock.started))
        self.figures.append(figures)
        self.scaler.scaling.timelines.append(timeline)
        for each in report.doubted:
            self._doubted(each)

    def _claimed(self, report: Claimed) -> None:
        if report.element not in self.claimed:
            self.claimed[report.element] = report.changed
            name = self.plan.elements[report.element].name
            text = f"{name} changes {report.changed} while it works: from now on one rank does all its work"
            self.event("claimed", text)

    def _doubted(self, report: Doubted) -> None:
        if report.element not in self.doubted:
            self.doubted[report.element] = report.changed
            self.warn("doubt", in_doubt(self.plan.elements[report.element].name, report.changed))

    def _keep_owners(self, seen: Observation) -> None:
        """Keep ranks that own an element active, for only they have its state; stop if one of them died."""
        self.scaler.roster.keep(seen.owners.values())
        for element, rank in seen.owners.items():
            if self.liveness.is_lost(rank):
                what = self.claimed.get(element, "something")
                raise RankLost(
                    f"rank {rank} died {self._clock.elapsed():.1f} s into the run. It did all the work "
                    f"of {self.plan.elements[element].name}, which changes {what} while it works; that is "
                    "gone with it. Nothing was written as a result: start the run again. If it does not "
                    "matter (a cache, say), write `stateful = False` into its class, and any rank may die"
                )

    def _lose(self, rank: int) -> None:
        committed, given_up = self._broker.fence(rank)
        self.event("lost", f"rank {rank} is lost; its last committed transaction was {committed}")
        parked_s = self.scaler.lose(rank, self._clock.now())
        active_s = self._clock.elapsed() - parked_s
        self.figures.append(
            RankFigures(rank=rank, role="pool", state="lost", active_s=active_s, parked_s=parked_s)
        )
        if rank in self.plan.stateful_ranks:
            raise RankLost(_host_died(self.plan, rank, self._clock.elapsed()))
        pool = self._pool()
        self.suspicion.died(len(pool))
        if pool:
            self._have_care()
        else:
            self.own_orders.append(Inherit())
        order = Lost(rank, committed)
        self._broker.order([r for r in self.liveness.here() if r in self.plan.stateful_ranks], order)
        self.own_orders.append(order)
        if given_up:
            self._give_up(given_up)

    def _pool(self) -> list[int]:
        return [r for r in self.plan.pool_ranks if not self.liveness.is_lost(r)]

    def _have_care(self) -> None:
        """Tell the pool whether to be careful with every task."""
        if self.suspicion.careful != self._care:
            self._care = self.suspicion.careful
            why = "half of the pool has died" if self._care else "a suspect has shown itself innocent"
            _log.debug("the pool runs %s tasks apart: %s", "all" if self._care else "only suspected", why)
            self._broker.order(self._pool(), Careful(self._care))

    def _give_up(self, tasks: list[Task]) -> None:
        """Make dead letters of tasks that several ranks died with; they are never unpickled again."""
        commit = Commit()
        for task in tasks:
            name = self.plan.elements[task.element].name
            text = f"{task.attempts} ranks in a row died with this task of {task.tuples} tuples"
            shown = f"a task of {task.tuples} tuples, {len(task.payload):,} bytes"
            letter = DeadLetter(name, "", shown, text, text, 0, self._clock.elapsed())
            self.failures.add(kind_of(letter), task.tuples, letter)
            commit.done.append((task.element, task.id))
            commit.counts[task.element] = commit.counts.get(task.element, 0) - task.tuples
            count_failures(commit.stats, task.element, Cause.OTHER, task.tuples)
        self._broker.step(commit)

    def farewell(self, status: int) -> None:
        """Order all ranks to stop and gather their figures, for at most `FAREWELL_S`."""
        self._broker.order(self.liveness.here(), Stop(status, self.liveness.count(RankState.LOST) > 0))
        end = self._clock.now() + FAREWELL_S
        while True:
            seen = self._broker.observe(alive=False)
            self.stats = seen.stats
            self._fetch_letters(seen.dead)
            for sealed in seen.reports:
                report = unseal(self._codec, sealed)
                if isinstance(report, Failed) and (status or report.reason is not Reason.FOREIGN):
                    self.liveness.left(report.rank)
                else:
                    self._take(report)
            if (self.liveness.here() or seen.untold) and self._clock.now() < end:
                self._broker.wait(0.05)
            elif not seen.dead:
                if not status:
                    self._miss(seen.untold)
                return

    def _miss(self, untold: frozenset[int]) -> None:
        """Handle announced reports that are missing: either the rank has died, or somebody took it."""
        if untold and untold & (self._broker.observe(alive=True, fetch=False).alive or frozenset()):
            raise ForeignBytesError(UNTOLD)
