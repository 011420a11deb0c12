"""Rank 0: owns the run. It has a loop like any rank, the sources, the coordinator and the collector.

Order of a run: start Redis; send the other ranks their `Setup`; start the sources; work until the
collector is drained; send everybody home; gather.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from hpcd4p.descriptors import unreserved
from hpcd4p.errors import (
    BrokerLost,
    ForeignBytesError,
    Interrupted,
    LauncherLost,
    RankLost,
    RunStopped,
)
from hpcd4p.record.sink import OutputSink
from hpcd4p.record.summary import Summary
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute.at_work import blame
from hpcd4p.runtime.execute.collector import Collector
from hpcd4p.runtime.head.awaiting import awaiting_in
from hpcd4p.runtime.head.coordinator import Coordinator
from hpcd4p.runtime.head.feeder import Feeder
from hpcd4p.runtime.head.mover import Mover
from hpcd4p.runtime.head.notes import in_doubt, notes_on_run
from hpcd4p.runtime.head.story import Story
from hpcd4p.runtime.head.summing import summarise, traced, tracing_in
from hpcd4p.runtime.head.watching import Watching
from hpcd4p.runtime.rank.loop import RankLoop
from hpcd4p.runtime.rank.reports import in_run_time
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.transport.broker import Blocks, Broker, Mesh
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.messages import Commit
from hpcd4p.wire.orders import Inherit

if TYPE_CHECKING:
    from hpcd4p.runtime.head.last_cut import LastCut
    from hpcd4p.runtime.head.reach import Reach


class Head:
    """Rank 0. `broker` and `mesh` may be in memory.

    Attributes
    ----------
    interrupted
        What is to stop the run, in words; set from a signal's handler.
    last_cut
        Says how long the run goes on for its last checkpoint when it is interrupted; None: there are none.
    watching
        What others can see of the run while it goes on.
    """

    def __init__(
        self,
        spec: RunSpec,
        broker: Broker,
        mesh: Mesh,
        codec: Codec,
        sink: OutputSink,
        clock: Clock,
        blocks: Blocks | None = None,
        measured: bool = False,
    ) -> None:
        self.spec = spec
        self.clock = clock
        self.loop = RankLoop(
            spec.plan, spec.elements, spec.settings, broker, mesh, codec, clock, blocks, measured
        )
        self.story = Story(spec.plan, sink, codec, clock)
        self.story.trace = tracing_in(spec, clock)
        mover = Mover(spec.plan, spec.elements, spec.settings, self.loop.link, self.story, clock)
        self.coordinator = Coordinator(
            spec.plan, spec.settings, self.loop.link, codec, self.story, clock, mover
        )
        self.feeder = Feeder(spec, self.loop, self.story.event)
        self.collector = Collector(spec.plan, sink, clock)
        self.loop.partitions.host(self.collector, *spec.plan.collectors)
        self.loop.partitions.on_left = self.collector.left
        self.loop.besides = self.feeder
        self.loop.committer.on_wait = self._tend
        self.awaiting = awaiting_in(self.loop, self.story, mover)
        self.interrupted = ""
        self.last_cut: LastCut | None = None
        self.watching = Watching(
            spec,
            self.coordinator,
            self.story,
            clock,
            self.awaiting,
            self.feeder,
            self.loop.link,
            self.collector,
        )
        self.reach: Reach | None = None
        """Watches the porters of other nodes, if there may be any."""
        self.goes_back: Callable[[RunStopped], bool] = lambda stop: False
        """Whether the run goes on from a checkpoint, on the ranks that live."""
        self._ended: float | None = None
        self._inherited = False
        self._bells = -1
        """How often the bell had rung at the last look."""

    # ---- a run, from its start to its end

    def run(self, threads: bool = True) -> Summary:
        """Run to the end, and send everybody home; `threads`: see `Feeder.start`.

        Raises
        ------
        RunStopped
            With the summary so far in its attribute `summary`.
        """
        try:
            if self.spec.resume is not None:
                self.loop.restored = self.spec.resume.restored
            self.loop.start()
            if self.spec.resume is None:
                self.feeder.start(threads)
            else:
                from hpcd4p.runtime.head.going_on import go_on

                go_on(self, self.spec.resume, threads)
            while not self.coordinator.ending.over:
                pause = self._turn()
                if pause > 0:
                    # an order to this rank is not left with the broker; what is congested is
                    self.loop.rest(pause, fetch=bool(self.loop.link.congested))
            self._end(0)
            return self._conclude()
        except BaseException as error:
            with unreserved():
                stop = blame(error, 0) or error
                self._stop(stop)
                if stop is error:
                    raise
                raise stop from error

    def _turn(self) -> float:
        """Do one round; gives the seconds until there may be something to do again."""
        self._heed()
        self._carry()
        self._obey_own()
        pause = self.loop.tick()
        due = self.coordinator.due(self._rung and not self.feeder.flowing)
        if due <= 0:
            self._coordinate()
            return 0.0
        return due if pause is None else min(due, pause)

    @property
    def _rung(self) -> bool:
        """Whether the bell has rung since the last look: the counters may say something new."""
        return self.loop.link.bells != self._bells

    def _heed(self) -> None:
        awaited = (
            self.last_cut is not None
            and self.interrupted
            and self.last_cut.awaited(self.interrupted, self.coordinator.cutter)
        )
        if self.interrupted and not awaited:
            raise Interrupted(f"stopped by {self.interrupted} before the end")

    def _tend(self) -> None:
        """In the middle of a task, or of a wait: neither must keep the head from its run."""
        self._heed()
        self._carry()
        if self.coordinator.due(self._rung) <= 0:
            self._coordinate()

    def _carry(self) -> None:
        if self.loop.link.sought:
            self.loop.link.carry()

    def _coordinate(self) -> None:
        """Look at the run, and do what is due."""
        link = self.loop.link
        self._bells = link.bells
        finished = self.coordinator.look(bool(link.congested))
        if self.coordinator.seen is not None:
            link.hear_of(self.coordinator.seen)
            if self.reach is not None:
                self.reach.look(self.coordinator.seen)
        for element, instances in finished:
            # committed at once: until it is, the element would look drained
            link.exchange(Commit(counts={element: instances}))
            self.coordinator.order_finish(element)
        now = self.clock.now()
        if self.awaiting is not None:
            self.awaiting.look(now)
        self.watching.look(now)

    def _obey_own(self) -> None:
        """Take the orders to this rank, between two moves: see `RankLoop.obey`."""
        while self.coordinator.own_orders:
            order = self.coordinator.own_orders.pop(0)
            if isinstance(order, Inherit):
                self._inherit()
            else:
                self.loop.link.learn(order)

    def _inherit(self) -> None:
        """Take over the work of the pool after its last rank has died."""
        if self._inherited:  # several ranks may be found dead at once
            return
        self._inherited = True
        from hpcd4p.runtime.rank.lending import POOL_DIED

        if self.loop.suspects.make is None:
            raise RankLost(f"{POOL_DIED}; start the run again")
        self.story.warn(
            "lost", f"{POOL_DIED}. Rank 0 does what is left, alone, in a process apart: it may take long"
        )
        self.loop.inherit()

    def _end(self, status: int) -> None:
        """Send everybody home."""
        self._ended = self.clock.now()
        lending = self.loop.lending
        for doubted in [] if lending is None else lending.dismiss():
            self.story.doubt(doubted)
        self.loop.link.exchange(stats=True, last=True)
        self.coordinator.farewell(status)
        if self.reach is not None:
            self.reach.dismiss()
        if lending is not None:
            lending.close()

    def _stop(self, stop: BaseException) -> None:
        """End the run because of `stop`, so that nobody is left waiting."""
        self.feeder.stop()
        if not isinstance(stop, RunStopped):  # a bug of the engine
            with suppress(BrokerLost, ForeignBytesError, OSError):
                self._end(3)
            return
        if self.goes_back(stop):
            self._retire(stop)
            return
        self.story.event("stopped", str(stop))
        # a broker that does not answer would be waited for again; and no MPI call without mpirun
        if not isinstance(stop, (BrokerLost, LauncherLost)):
            with suppress(BrokerLost, ForeignBytesError, OSError):
                self._end(stop.status)
        stop.summary = self._conclude(stop)

    def _retire(self, stop: RunStopped) -> None:
        """Leave this incarnation of the run, and have the others leave it."""
        if not isinstance(stop, BrokerLost):
            with suppress(BrokerLost, ForeignBytesError, OSError):
                self.coordinator.call_back()
                if self.reach is not None:
                    self.reach.dismiss(wait=False)
        self.loop.suspects.close()
        if self.loop.lending is not None:
            self.loop.lending.beside.close()
        stop.summary = self._conclude(stop)

    def _conclude(self, stop: RunStopped | None = None) -> Summary:
        """Take in the last that elements of this rank have logged; the summary."""
        self.story.close_lines(self.loop.flow.log, self.loop.flow.served)
        return self.summary(stop)

    # ---- figures

    def summary(self, stop: RunStopped | None = None) -> Summary:
        """The summary of the run; `stop` is what ended it before its work was done."""
        account = self.loop.account
        mine, line = in_run_time(account.usage(), account.bins(), self.clock.instant(self.clock.started))
        ranks = sorted([mine, *self.story.figures], key=lambda f: f.rank)
        scaling = self.coordinator.scaler.scaling
        scaling.timelines = sorted([*([line] if mine.lent_s else []), *self.story.timelines])
        scaling.moves = self.coordinator.mover.moves()
        elements = self.spec.plan.elements
        return summarise(
            self.spec,
            self.coordinator.stats,
            ranks,
            self.collector.outputs,
            self.story.failures.figures(),
            self.clock,
            stop,
            notes_on_run(self.spec, self.story.claimed, ranks, stop is not None),
            self._ended,
            scaling,
            [in_doubt(elements[e].name, what) for e, what in sorted(self.story.doubted.items())],
            self.story.log,
            self.story.turns_with(self.loop.inbox.order),
            self.story.service,
            self.collector.latency,
            traced(self.story.trace, account.spans),
        )
