"""The sources of a run, on rank 0: from their threads, or from lists of inputs, to the other ranks.

Owns how much is taken from a source at a time. When the run is over, `runtime.head` says.
"""

from __future__ import annotations

from typing import Any

from hpcd4p.plan.model import Role
from hpcd4p.runtime import clock
from hpcd4p.runtime.instance import Instance
from hpcd4p.runtime.job import Job
from hpcd4p.runtime.letters import Letters
from hpcd4p.runtime.rank import Rank
from hpcd4p.runtime.setup import copy_element
from hpcd4p.runtime.source import Source
from hpcd4p.transport.broker import Broker, Mesh
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.messages import Commit

SILENT_S = 0.1
"""What a source has written in the middle of a call is looked for at least this often."""

ASK_S = (0.001, 0.02)
"""Between two questions how long a tuple takes (first, at most), while only the ranks that run it know."""


class Feeder(Rank):
    """A rank that runs the sources. `Head` is the rest of it.

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
        self._glance = self.settings.flush_s
        self._ask_s = ASK_S[0]
        self._asked_at = 0.0
        routes = job.plan.routes
        pool = {e.index for e in job.plan.elements if e.role is Role.POOL}
        self._ahead = [
            [r.target for r in routes if r.source == e.index and r.target in pool] for e in job.plan.elements
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
        instance.start()
        letters = Letters(self.plan, self.rank, self.started)
        most = self.settings.max_task_tuples
        self.sources.append(Source(instance, letters, calls, movable, most, self.broker.wake))

    def instances(self) -> list[Any]:
        """See `Rank.instances`."""
        return [*self._closed, *(source.instance for source in self.sources)]

    def work(self) -> bool:
        """See `Rank.work`: what is in line here first, then the sources."""
        worked = super().work()
        if not self.window_full:
            worked = self._take_sources() or worked
            worked = self._feed() or worked
        return worked

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

    # ---- how much at a time

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
            self._flushed_at = 0.0  # with the statistics
            self.exchange(Commit())
        return bool(self.waiting_tasks) and self._round(targets) is not None

    # ---- sources

    def _take_sources(self) -> bool:
        worked = False
        for source in list(self.sources):
            element = source.instance.plan.index
            if self.blocked(element) or self._held_back(self._ahead[element]):
                continue
            done = source.done  # before the take: what is written after it would be lost
            out, failures = source.take(self._round(self._ahead[element]))
            done = done and not source.held()
            for failure in failures:
                self.fail(failure)
            if out:
                self._glance = self.settings.flush_s
                self.flow.route(element, out)
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
            if self.full or self.marks.feeds[element] & self._congested or self._held_back([element]):
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
