"""Rank 0: owns the run. Hosts the collector, gives the coordinator its hands, and knows when all is over.

Order of a run: start Redis; tell the other ranks (`Setup`); start the sources; work until the
collector is drained; send everybody home; gather.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress

from hpcd4p.descriptors import reserve, room
from hpcd4p.errors import (
    BrokerLost,
    ForeignBytesError,
    Interrupted,
    LauncherLost,
    RankLost,
    RunStopped,
)
from hpcd4p.plan.model import ElementPlan
from hpcd4p.record.sink import OutputSink
from hpcd4p.record.summary import RankFigures, Summary
from hpcd4p.runtime import clock
from hpcd4p.runtime.execute.at_work import blame
from hpcd4p.runtime.execute.collector import Collector
from hpcd4p.runtime.execute.forked import staying
from hpcd4p.runtime.execute.setup import Setup
from hpcd4p.runtime.execute.signals import interruptible
from hpcd4p.runtime.head.coordinator import INHERIT, POOL_DIED, Coordinator, in_doubt
from hpcd4p.runtime.head.feeder import Feeder
from hpcd4p.runtime.head.progress import PROGRESS_S, Progress, progress
from hpcd4p.runtime.head.summing import summarise
from hpcd4p.runtime.job import Job
from hpcd4p.transport.broker import Broker, Mesh
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.messages import Commit, Order, Task

LINGER_S = 0.002
"""What the collector has taken in is committed after this time if nothing more comes: nobody waits for it but
the end of the run."""

SWITCH_S = 0.0005
"""The main thread waits no longer than this for a source that keeps the interpreter busy."""


class Head(Feeder):
    """The loop of rank 0. `broker` and `mesh` may be in memory."""

    def __init__(self, job: Job, broker: Broker, mesh: Mesh, codec: Codec, sink: OutputSink) -> None:
        super().__init__(job, broker, mesh, codec)
        self.coordinator = Coordinator(job.plan, job.settings, broker, codec, sink, self.started)
        self.collector = Collector(job.plan, sink)
        self.hosted[job.plan.collector, 0] = self.collector  # type: ignore[assignment]
        self.interrupted = ""
        self.on_progress: Callable[[Progress], None] | None = None
        self._told = self.started
        self._ended: float | None = None
        self._linger_s = max(self._linger_s, LINGER_S)
        self._rung = True

    # ---- the loop

    def woken(self) -> None:
        """See `Rank.woken`: the counters may say something new."""
        super().woken()
        self._rung = True

    def rung(self) -> None:
        """See `Rank.rung`: whether there is room again; the look that follows shows the rest."""
        if self._congested:
            self.exchange(Commit())

    def follow(self) -> None:
        """Work until the run is over."""
        while not self.coordinator.ending.over:
            pause = self.turn()
            if pause > 0:
                self.rest(pause)

    def turn(self) -> float:
        """One round; how long nothing will be to do."""
        self._heed()
        pause = self.tick()
        due = self.coordinator.due(self._rung and not self.flowing)
        if due <= 0:
            self._coordinate()
            return 0.0
        return due if pause is None else min(due, pause)

    def _heed(self) -> None:
        if self.interrupted:
            raise Interrupted(f"stopped by {self.interrupted} before the end")

    # ---- the last hand of the pool

    def obey(self, order: Order) -> None:
        """See `Rank.obey`."""
        super().obey(order)
        if order.word == INHERIT and not self.in_pool:  # several ranks may be found dead at once
            if self.suspects.make is None:
                raise RankLost(f"{POOL_DIED}; start the run again")
            self.coordinator.warn(
                "lost", f"{POOL_DIED}. Rank 0 does what is left, alone, in a process apart: it may take long"
            )
            self.in_pool = self.suspects.careful = True

    def _run_task(self, task: Task) -> None:
        """See `PoolRank._run_task`: nothing that may kill runs here, nor is it unpickled."""
        if not self.suspects.takes(task):
            raise RankLost(f"{POOL_DIED}, and no process apart can be started; start the run again")

    def tend(self, now: float) -> None:
        """See `PoolRank.tend`: a long task must not keep the head from its run."""
        super().tend(now)
        self._heed()
        if self.coordinator.due(self._rung) <= 0:
            self._coordinate()

    def event(self, kind: str, text: str) -> None:
        """See `Feeder.event`."""
        self.coordinator.event(kind, text)

    def _coordinate(self) -> None:
        self._rung = False
        finished = self.coordinator.look(bool(self._congested))
        if self.coordinator.seen is not None:
            self.waiting_tasks, self.waiting_bytes = self.coordinator.seen.tasks, self.coordinator.seen.size
        for element, instances in finished:
            # committed at once: until it is, the element would look drained
            self.exchange(Commit(counts={element: instances}))
            self.coordinator.order_finish(element)
        while self.coordinator.own_orders:
            self.obey(self.coordinator.own_orders.pop(0))
        now = clock.now()
        if self.on_progress is not None and now - self._told > PROGRESS_S:
            self._told = now
            self.on_progress(self.progress(now - self.started))

    def progress(self, elapsed: float) -> Progress:
        """How far the run is."""
        seen = self.coordinator.seen
        pool = self.plan.pool_ranks
        resting = len(seen.idle | seen.parked) if seen else 0
        return progress(
            self.plan,
            self.job.inputs,
            self.coordinator.stats,
            elapsed,
            seen.pending if seen else None,
            (max(0, len(pool) - resting), len(pool)),
            seen.tasks if seen else 0,
        )

    def end(self, status: int) -> None:
        """Send everybody home."""
        self._ended = clock.now()
        self._flushed_at = 0.0
        commit = Commit()
        self.flow.log.post(commit, self.codec)
        self.exchange(commit)
        self.coordinator.farewell(status)

    def summary(self, stop: RunStopped | None = None) -> Summary:
        """All that is told of the run; `stop` has ended it before its work was done."""
        mine = RankFigures(**self.account.figures())
        ranks = sorted([mine, *self.coordinator.figures], key=lambda f: f.rank)
        scaling = self.coordinator.scaler.scaling
        scaling.lives.sort()
        return summarise(
            self.job,
            self.coordinator.stats,
            ranks,
            self.collector.outputs,
            self.coordinator.failures.figures(),
            self.started,
            stop,
            self._notes(ranks),
            self._ended,
            scaling,
            [
                in_doubt(self.plan.elements[e].name, what)
                for e, what in sorted(self.coordinator.doubted.items())
            ],
            self.coordinator.said(self.flow.log),
        )

    def _notes(self, ranks: list[RankFigures]) -> list[str]:
        notes = [_note_on_place(e) for e in self.plan.elements if e.undeclared]
        notes += [_note_on_company(e) for e in self.plan.elements if e.together]
        claimed = self.coordinator.claimed.items()
        notes += [
            _note_on_place(self.plan.elements[e]._replace(undeclared=what)) for e, what in sorted(claimed)
        ]
        lost = [str(f.rank) for f in ranks if f.state == "lost"]
        if lost:
            notes.append(
                f"rank {', '.join(lost)} died: what it had begun was done again. Outputs and dead letters "
                "are exact; tuples and times of the elements include what was done twice"
            )
        return notes


def _note_on_place(element: ElementPlan) -> str:
    held = "one instance" if element.partitions <= 1 else f"{element.partitions} instances"
    return (
        f"{element.name} changes {element.undeclared} while it works, so it counts as stateful and {held} "
        "did all its work. Write `stateful = True` into its class if that is right; if its outputs do not "
        "depend on it (a cache, say), write `stateful = False`, and all ranks share the work"
    )


def _note_on_company(element: ElementPlan) -> str:
    return (
        f"{element.name} shares {element.together}: so one rank did all the work of both. If it does not "
        "matter for its outputs, write `stateful = False` into its class"
    )


def _say(text: str) -> None:
    sys.stderr.write(f"\rhpcd4p: {text}\n")  # over the progress line
    sys.stderr.flush()


def lead(
    job: Job,
    broker: Broker,
    mesh: Mesh,
    codec: Codec,
    sink: OutputSink,
    story: list[tuple[str, str]],
    setup: Setup,
    on_progress: Callable[[Progress], None] | None = None,
) -> Summary:
    """Run `job` from rank 0 to its end; the other ranks have been told and are in `launch.worker`.

    Raises
    ------
    RunStopped
        With the summary so far in its attribute `summary`.
    """
    head = Head(job, broker, mesh, codec, sink)
    head.on_progress = on_progress
    head.coordinator.on_warning = _say
    head.suspects.prepare(setup)
    for kind, text in story:
        head.coordinator.event(kind, text)

    def interrupt(name: str) -> None:
        head.interrupted = name
        broker.wake()

    sys.setswitchinterval(SWITCH_S)
    reserve()
    with interruptible(interrupt), staying():
        try:
            head.start()
            head.follow()
            head.end(0)
            return head.summary()
        except BaseException as error:
            with room():
                stop = blame(error, 0) or error
                _stop(head, stop)
                if stop is error:
                    raise
                raise stop from error


def _stop(head: Head, stop: BaseException) -> None:
    """End the run because of `stop`, so that nobody is left waiting."""
    for source in head.sources:
        source.stop()
    if not isinstance(stop, RunStopped):  # a bug of the engine
        with suppress(BrokerLost, ForeignBytesError, OSError):
            head.end(3)
        return
    head.coordinator.event("stopped", str(stop))
    # a broker that does not answer would be waited for again; and no MPI call without mpirun
    if not isinstance(stop, (BrokerLost, LauncherLost)):
        with suppress(BrokerLost, ForeignBytesError, OSError):
            head.end(stop.status)
    stop.summary = head.summary(stop)
