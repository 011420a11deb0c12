"""The sources of a run, on rank 0: from their threads, or from lists of inputs, to the other ranks.

Owns how much is taken from a source at a time. When the run is over, `runtime.head.head` says.
"""

from __future__ import annotations

from typing import Any

from hpcd4p.backoff import Backoff
from hpcd4p.control.rounds import MANY_TUPLES, apart_s
from hpcd4p.plan.model import Role
from hpcd4p.runtime import clock
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.letters import Letters
from hpcd4p.runtime.execute.setup import copy_element
from hpcd4p.runtime.execute.source import Source
from hpcd4p.runtime.job import Job
from hpcd4p.runtime.rank.pool import PoolRank
from hpcd4p.transport.broker import Broker, Mesh
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.messages import Commit

ASK_S = (0.001, 0.02)
"""Between two questions how long a tuple takes (first, at most), while only the ranks that run it know."""


class Feeder(PoolRank):
    """A rank that runs the sources. `Head` is the rest of it. In the pool it is only when nobody else is.

    Attributes
    ----------
    sources
        Roots that run here.
    feeds
        (element, calls) of roots whose calls are tasks of the pool.
    """

    def __init__(self, job: Job, broker: Broker, mesh: Mesh, codec: Codec) -> None:
        super().__init__(job.plan, job.elements, job.settings, broker, mesh, codec)
        self.job = job
        self.sources: list[Source] = []
        self.feeds: list[tuple[int, Any]] = []
        self._closed: list[Instance] = []
        self._ask_apart = Backoff(ASK_S[0], max(ASK_S[1], self._count_s / 4))
        self._asked_at = 0.0
        self._asking = False
        pool = {e.index for e in job.plan.elements if e.role is Role.POOL}
        self._ahead = [
            {output: [r.target for r in routes if r.target in pool] for output, routes in out.items()}
            for out in job.plan.outgoing()
        ]

    def event(self, kind: str, text: str) -> None:
        """Add a line to the story of the run."""

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
        letters = Letters(self.plan, self.rank, self.started)
        most = self.settings.max_task_tuples
        self.sources.append(Source(instance, letters, calls, movable, most, self.broker.wake))
        instance.start()

    def instances(self) -> list[Any]:
        """See `Rank.instances`."""
        held = [*self._closed, *(source.instance for source in self.sources)]
        return [*held, *self.suspects.instances()]

    @property
    def flowing(self) -> bool:
        """Whether a source goes on, and has room: then no bell tells of the end, or of room for it.

        With a few tuples at a time, counters fall to 0 and ring hundreds of times a second.
        """
        return any(not (s.done or self.blocked(s.instance.plan.index)) for s in self.sources)

    def work(self) -> bool:
        """See `Rank.work`: what is in line here first, then the sources."""
        worked = super().work()
        self._asking = False
        if not self.window_full:
            worked = self._take_sources() or worked
            worked = self._feed() or worked
        return worked

    def pause(self) -> float | None:
        """See `Rank.pause`."""
        ask = self._ask_apart.now_s if self._asking else None
        pauses = [super().pause(), ask, *map(self._patience, self.sources)]
        return min((pause for pause in pauses if pause is not None), default=None)

    def _patience(self, source: Source) -> float | None:
        """How long to leave `source` alone; None: until it wakes us, or what it waits for does.

        What is written after a silence is taken at once, and what follows it `flush_s` later: a task for each
        tuple of a quick source would cost more than the tuples.
        """
        if self.window_full or self.blocked(source.instance.plan.index):
            return None
        left = self._next_take(source) - clock.now()
        if left > 0 and not source.done:
            return left
        return None if source.listen() or self._asking else 0.0

    def _next_take(self, source: Source) -> float:
        return source.taken_at + apart_s(source.taken, self.waiting_tasks, self.settings.flush_s)

    def _is_early(self, source: Source) -> bool:
        """Whether to leave what a slow source has written: more of it makes a task that costs no more."""
        if source.done or source.taken >= MANY_TUPLES:
            return False
        return self._next_take(source) > clock.now() and source.held() < MANY_TUPLES

    # ---- how much at a time

    def _round(self, targets: list[int]) -> int | None:
        """Tuples to publish now for these elements of the pool; None: any number.

        As long as it is unknown how many make a task, one for each rank, and no more while nobody lacks any.
        """
        unknown = [t for t in targets if not self.granularity.known(t)]
        if unknown and self.waiting_tasks and any(map(self.granularity.tried, unknown)):
            self._ask()
            unknown = [t for t in targets if not self.granularity.known(t)]
            if unknown and self.waiting_tasks:
                self._asking = True
                return 0
        self._ask_apart.reset()
        return min(map(self.granularity.round_tuples, unknown)) if unknown else None

    def _ask(self) -> None:
        now = clock.now()
        if now > self._asked_at + self._ask_apart.now_s:
            self._asked_at = now
            self._ask_apart.next()
            self._flushed_at = 0.0  # with the statistics
            self.exchange(Commit())

    def _rounds(self, source: Source) -> dict[str, int]:
        """Most to take of each output of `source` that leads to elements whose speed is not known.

        An output on which nothing is written says nothing about the others.
        """
        most: dict[str, int] = {}
        for output, targets in self._ahead[source.instance.plan.index].items():
            if not all(map(self.granularity.known, targets)):
                count = self._round(targets) if source.instance.out[output] else 0
                if count is not None:
                    most[output] = count
        return most

    # ---- sources

    def _take_sources(self) -> bool:
        worked = False
        for source in list(self.sources):
            element = source.instance.plan.index
            if self.blocked(element) or self._is_early(source):
                continue
            done = source.done  # before the take: what is written after it would be lost
            out, failures = source.take(self._rounds(source))
            done = done and not source.held()
            if source.changed:
                self.probation.doubt(element, source.changed)
            for failure in failures:
                self.fail(failure)
            if out:
                self.route(element, out)
            worked = worked or bool(out or failures)
            if done:
                self._close(source)
                worked = True
        if worked:
            # one commit for all that there was: a quick source makes large ones, a slow one small ones
            self.seal()
        return worked

    def _close(self, source: Source) -> None:
        if source.error is not None:
            raise source.error
        element = source.instance.plan.index
        self._closed.append(source.instance)
        self.sources.remove(source)
        if source.rest is not None:
            name = self.plan.elements[element].name
            self.event(
                "moved", f"{name}: its first calls left its attributes alone; the rest are tasks of the pool"
            )
            self.feeds.append((element, source.rest))
        else:
            self.outbox.count(element, -1)

    # ---- lists of inputs

    def _feed(self) -> bool:
        """Publish calls of roots that run in the pool, as far as there is room."""
        worked = False
        for i, (element, calls) in enumerate(self.feeds):
            if self.full or self.marks.feeds[element] & self._congested:
                continue
            count = self._round([element])
            if count == 0:
                continue
            if count is None:  # a task for each rank
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
