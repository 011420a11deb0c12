"""Rank 0: owns the run. Runs the sources, hosts the collector, and gives the coordinator its hands.

Order of a run: start Redis; tell the other ranks (`Setup`); start the sources; work until the
collector is drained; send everybody home; gather.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hpcd4p.errors import BrokerLost, ElementFailed, Interrupted, RunStopped
from hpcd4p.plan.model import Role
from hpcd4p.record.sink import OutputSink
from hpcd4p.record.summary import DeadLetter, RankFigures, Summary
from hpcd4p.runtime import clock
from hpcd4p.runtime.collector import Collector
from hpcd4p.runtime.coordinator import Coordinator
from hpcd4p.runtime.instance import Instance
from hpcd4p.runtime.job import Job, Progress
from hpcd4p.runtime.rank import Rank
from hpcd4p.runtime.setup import copy_element
from hpcd4p.runtime.signals import interruptible
from hpcd4p.runtime.source import Source
from hpcd4p.runtime.summing import summarise
from hpcd4p.transport.broker import Broker, Mesh
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.messages import Commit

PROGRESS_S = 0.2
"""The progress line changes five times a second."""

SILENT_S = 0.1
"""What a source has written in the middle of a call is looked for at least this often."""

LINGER_S = 0.002
"""What the collector has taken in is committed after this time if nothing more comes: nobody waits for it but
the end of the run."""

ASK_S = (0.001, 0.02)
"""Between two questions how long a tuple takes (first, at most), while only the ranks that run it know."""

SWITCH_S = 0.0005
"""The main thread waits no longer than this for a source that keeps the interpreter busy."""


class Head(Rank):
    """The loop of rank 0. `broker` and `mesh` may be in memory."""

    def __init__(self, job: Job, broker: Broker, mesh: Mesh, codec: Codec, sink: OutputSink) -> None:
        super().__init__(job.plan, job.elements, job.settings, broker, mesh, codec)
        self.job = job
        self.coordinator = Coordinator(job.plan, job.settings, broker, codec, sink, self.started)
        self.collector = Collector(job.plan, sink)
        self.hosted[job.plan.collector, 0] = self.collector  # type: ignore[assignment]
        self.sources: list[Source] = []
        self.feeds: list[tuple[int, Any]] = []
        self.interrupted = ""
        self._closed: list[Instance] = []
        self._letters: deque[tuple[int, DeadLetter]] = deque()
        self.on_progress: Callable[[Progress], None] | None = None
        self._told = self.started
        self._ended: float | None = None
        self._linger_s = max(self._linger_s, LINGER_S)
        self._rung = True
        self._glance = self.settings.flush_s
        self._ask_s = ASK_S[0]
        self._asked_at = 0.0
        routes = job.plan.routes
        pool = {e.index for e in job.plan.elements if e.role is Role.POOL}
        self._ahead = [
            [r.target for r in routes if r.source == e.index and r.target in pool] for e in job.plan.elements
        ]

    # ---- start

    def start(self, threads: bool = True) -> None:
        """Open the sources: every root counts as one pending tuple until its calls are made."""
        opening = Commit(tx=0)
        for element in self.plan.elements:
            if element.role is not Role.ROOT:
                continue
            opening.counts[element.index] = 1
            calls: Any = self.job.inputs[element.index]
            if isinstance(calls, int):
                self._open(element.index, range(calls), movable=element.movable)
            elif element.movable:
                self.feeds.append((element.index, calls))
            else:
                self._open(element.index, calls, movable=False)
        self.broker.step(opening)
        for source in self.sources if threads else ():
            source.start()

    def _open(self, element: int, calls: Any, movable: bool) -> None:
        plan = self.plan.elements[element]
        instance = self.flow.instance(plan, copy_element(self.elements[element], 1))
        try:
            instance.start()
        except Exception as error:  # user code: anything may come
            raise ElementFailed(
                f"preprocess of element {plan.name} raised {type(error).__name__}: {error}"
            ) from error
        self.sources.append(Source(instance, calls, movable, self.settings.max_task_tuples, self.broker.wake))

    def instances(self) -> list[Any]:
        """See `Rank.instances`."""
        return [*self._closed, *(source.instance for source in self.sources)]

    # ---- the loop

    def woken(self) -> None:
        """See `Rank.woken`: the counters may say something new."""
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
        if self.interrupted:
            raise Interrupted(f"stopped by {self.interrupted} before the end")
        pause = self.tick()
        due = self.coordinator.due(self._rung)
        if due <= 0:
            self._coordinate()
            return 0.0
        return due if pause is None else min(due, pause)

    def work(self) -> bool:
        """See `Rank.work`: the collector first, then the sources."""
        worked = super().work()
        self._write_letters()
        if not self.window_full:
            worked = self._take_sources() or worked
            worked = self._feed() or worked
        return worked

    def _round(self, targets: list[int]) -> int | None:
        """Tuples to publish at a time for pool elements whose speed is not known; None: any number."""
        unknown = [t for t in targets if not self.granularity.known(t)]
        return min(map(self.granularity.round_tuples, unknown)) if unknown else None

    def _held_back(self, targets: list[int]) -> bool:
        """Whether tuples for `targets` wait here: how many make a task is unknown, and nobody lacks one."""
        if self._round(targets) is None or not self.waiting_tasks:
            self._ask_s = ASK_S[0]
            return False
        now = clock.now()
        if now > self._asked_at + self._ask_s:
            self._asked_at = now
            self._ask_s = min(2 * self._ask_s, ASK_S[1])
            self._flush_s = 0.0  # with the statistics
            self.exchange(Commit())
        return bool(self.waiting_tasks) and self._round(targets) is not None

    def _write_letters(self) -> None:
        while self._letters:
            super()._dead(*self._letters.popleft())

    def pause(self) -> float | None:
        """See `Rank.pause`."""
        pause = super().pause()
        ahead = [self._ahead[s.instance.plan.index] for s in self.sources] + [[e] for e, _ in self.feeds]
        if self.waiting_tasks and any(map(self._round, ahead)):
            pause = self._ask_s if pause is None else min(pause, self._ask_s)
        if any(not s.done for s in self.sources):
            glance = self._glance
            self._glance = min(2 * glance, SILENT_S)
            return glance if pause is None else min(pause, glance)
        return pause

    def _take_sources(self) -> bool:
        worked = False
        for source in list(self.sources):
            element = source.instance.plan.index
            if self.blocked(element) or self._held_back(self._ahead[element]):
                continue
            done = source.done  # before the take: what is written after it would be lost
            out = source.take(self._round(self._ahead[element]))
            done = done and not source.held()
            self._write_letters()  # after the look at `done`, and before the source is closed
            if out:
                self._glance = self.settings.flush_s
                self.flow.route(element, out)
                worked = True
            if done:
                self._close(source)
                worked = True
        if worked:
            # one commit for all that there was: a quick source makes large ones, a slow one small ones
            self.seal()
        return worked

    def _dead(self, element: int, letter: DeadLetter) -> None:
        self._letters.append((element, letter))  # from the thread of a source, perhaps

    def _close(self, source: Source) -> None:
        if source.error is not None:
            raise source.error
        element = source.instance.plan.index
        self._closed.append(source.instance)
        self.sources.remove(source)
        if source.rest is not None:
            name = self.plan.elements[element].name
            self.coordinator.event(
                "moved", f"{name}: its first calls left its attributes alone; the rest are tasks of the pool"
            )
            self.feeds.append((element, source.rest))
        else:
            self.outbox.count(element, -1)

    def _feed(self) -> bool:
        """Publish calls of roots that run in the pool, as far as there is room."""
        worked = False
        for i, (element, calls) in enumerate(self.feeds):
            if self.full or self._feeds[element] & self._congested or self._held_back([element]):
                continue
            # a task for each rank
            count = self._round([element])
            if count is None:
                count = self.granularity.task_tuples(element) * len(self.plan.pool_ranks)
            part, rest = calls[:count], calls[count:]
            if len(part):
                self.outbox.count(element, len(part))
                self.outbox.rest.append((element, "", part))
            if len(rest):
                self.feeds[i] = (element, rest)
            else:
                self.outbox.count(element, -1)
                self.feeds[i] = (-1, ())
            worked = True
        if worked:
            self.feeds = [f for f in self.feeds if f[0] >= 0]
            self.seal()
        return worked

    def _coordinate(self) -> None:
        self._rung = False
        finished = self.coordinator.look()
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
        stats = self.coordinator.stats
        done = sum(v for k, v in stats.items() if k[0] == "n")
        seen = self.coordinator.seen
        idle = seen.idle if seen else 0
        pool = len(self.plan.pool_ranks)
        return Progress(
            elapsed,
            done,
            done / elapsed if elapsed else 0.0,
            pool - idle,
            self.plan.size,
            seen.tasks if seen else 0,
        )

    def end(self, status: int) -> None:
        """Send everybody home."""
        self._ended = clock.now()
        self._flushed_at = 0.0
        self.exchange(Commit())
        self.coordinator.farewell(status)

    def summary(self, status: int, reason: str) -> Summary:
        """All that is told of the run."""
        mine = RankFigures(**self.account.figures())
        ranks = sorted([mine, *self.coordinator.figures], key=lambda f: f.rank)
        return summarise(
            self.job,
            self.coordinator.stats,
            ranks,
            self.collector.outputs,
            self.started,
            status,
            reason,
            self._notes(ranks),
            self._ended,
        )

    def _notes(self, ranks: list[RankFigures]) -> list[str]:
        notes = [_note_on_state(self.plan.elements[e].name) for e in sorted(self.coordinator.changed)]
        lost = [str(f.rank) for f in ranks if f.state == "lost"]
        if lost:
            notes.append(
                f"rank {', '.join(lost)} died: what it had begun was done again. Outputs and dead letters "
                "are exact; tuples and times of the elements include what was done twice"
            )
        return notes


def _note_on_state(name: str) -> str:
    return (
        f"{name} changed its own attributes while it ran in the pool, so its answer may depend on which "
        "rank ran it: if they matter, say `self.stateful = True` in its __init__ (one instance holds them), "
        "or give its input a grouping"
    )


def lead(
    job: Job,
    broker: Broker,
    mesh: Mesh,
    codec: Codec,
    sink: OutputSink,
    story: list[tuple[str, str]],
    on_progress: Callable[[Progress], None] | None = None,
) -> Summary:
    """Run `job` from rank 0 to its end; the other ranks have been told and are in `runtime.worker`.

    Raises
    ------
    RunStopped
        With the summary so far in its attribute `summary`.
    """
    head = Head(job, broker, mesh, codec, sink)
    head.on_progress = on_progress
    for kind, text in story:
        head.coordinator.event(kind, text)

    def interrupt(name: str) -> None:
        head.interrupted = name
        broker.wake()

    sys.setswitchinterval(SWITCH_S)
    with interruptible(interrupt):
        try:
            head.start()
            head.follow()
            head.end(0)
            return head.summary(0, "")
        except RunStopped as stop:
            for source in head.sources:
                source.stop()
            head.coordinator.event("stopped", str(stop))
            if not isinstance(stop, BrokerLost):  # one that does not answer would be waited for again
                with suppress(BrokerLost):
                    head.end(stop.status)
            stop.summary = head.summary(stop.status, str(stop))
            raise
        except BaseException:  # a bug of the engine: nobody must be left waiting
            with suppress(BrokerLost):
                head.end(3)
            raise
