"""The sources of a run, on rank 0: from their threads, or from lists of inputs, to the other ranks.

Owns how much is taken from a source at a time. `runtime.head.head` says when the run is over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hpcd4p.backoff import Backoff
from hpcd4p.control.moves import soonest
from hpcd4p.control.rounds import ASK_S, has_to_ask, is_early, most_of, patience_s, pause_s, round_tuples
from hpcd4p.plan.model import Role
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.letters import Letters
from hpcd4p.runtime.execute.setup import copy_element
from hpcd4p.runtime.execute.source import Source
from hpcd4p.runtime.rank.loop import RankLoop
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.wire.messages import Commit
from hpcd4p.wire.position import SourcePosition, Stage


class Feeder:
    """What the head does besides: it runs the sources. See `runtime.rank.besides.Besides`.

    Parameters
    ----------
    loop
        That of the head.
    event
        Adds a line to the story of the run.

    Attributes
    ----------
    sources
        Roots that run here.
    """

    def __init__(self, spec: RunSpec, loop: RankLoop, event: Callable[[str, str], None]) -> None:
        self.sources: list[Source] = []
        self._listed: list[tuple[int, Any]] = []
        """(element, calls) of roots whose calls are tasks of the pool."""
        self._spec = spec
        self._plan = spec.plan
        self._loop = loop
        self._link = loop.link
        self._outgoing = loop.outgoing
        self._room = loop.room
        self._granularity = loop.granularity
        self._clock = loop.clock
        self._event = event
        self._closed: list[Instance] = []
        self._told: set[str] = set()
        self._ask_pause = Backoff(ASK_S[0], max(ASK_S[1], loop.link.least_s / 4))
        self._asked_at = 0.0
        self._asking = False
        pool = {e.index for e in spec.plan.elements if e.role is Role.POOL}
        self._ahead = [
            {output: [r.target for r in routes if r.target in pool] for output, routes in out.items()}
            for out in spec.plan.outgoing()
        ]

    def start(self, threads: bool = True, positions: list[SourcePosition] | None = None) -> None:
        """Open the sources: every root counts as one pending tuple until its calls are made.

        Parameters
        ----------
        threads
            Whether sources run in threads; if not, each take makes a batch of calls.
        positions
            Where to go on, of all roots. Then nothing is committed: the counts are to be those of the same
            cut, with one for each root that is not done. So are the statistics, but for the work of roots at
            `Stage.HEAD`: their instances count it again from the first call (what has failed is not counted
            again). Elements and inputs are those of the run that was cut.
        """
        found = {position.element: position for position in positions or ()}
        opening = Commit(tx=0)
        for element in self._plan.elements:
            if element.role is Role.ROOT:
                opening.counts[element.index] = 1
                self._begin(element.index, found.get(element.index))
        if positions is None:
            self._link.exchange(opening)
        for source in self.sources if threads else ():
            source.start()

    def _begin(self, element: int, at: SourcePosition | None) -> None:
        """Take up a root, where a cut has found it."""
        inputs: Any = self._spec.inputs[element]
        calls = range(inputs) if isinstance(inputs, int) else inputs
        movable = self._plan.elements[element].movable
        if at is None:
            pooled = movable and not isinstance(inputs, int)
        else:
            calls = calls[len(calls) - at.calls :]
            pooled = movable and at.stage is Stage.POOL
        if at is not None and at.stage is Stage.DONE:
            return
        if pooled:
            self._listed.append((element, calls))
        else:
            # a list of inputs never is for the pool once it has begun here
            movable = movable and isinstance(inputs, int)
            self._open(element, calls, movable, at if at is not None and at.stage is Stage.HEAD else None)

    def _open(self, element: int, calls: Any, movable: bool, at: SourcePosition | None) -> None:
        instance = self._loop.flow.instance(
            self._plan.elements[element], copy_element(self._spec.elements[element], 1), lane=element + 1
        )
        letters = Letters(self._plan, self._loop.rank, self._clock)
        most = self._spec.settings.max_task_tuples
        source = Source(instance, letters, calls, movable, most, self._link.wake, self._clock, at)
        self.sources.append(source)
        source.open()

    def positions(self) -> list[SourcePosition]:
        """Where each root is: all that was taken from it is in transactions that are sealed.

        To be asked between two calls of `work`, after `start`.
        """
        found = [source.position() for source in self.sources]
        found += [SourcePosition(element, Stage.POOL, len(calls)) for element, calls in self._listed]
        known = {position.element for position in found}
        roots = [e.index for e in self._plan.elements if e.role is Role.ROOT]
        return found + [SourcePosition(root, Stage.DONE) for root in roots if root not in known]

    def stop(self) -> None:
        """Let the threads of the sources end."""
        for source in self.sources:
            source.stop()

    def instances(self) -> list[Instance]:
        """See `Besides.instances`."""
        return [*self._closed, *(source.instance for source in self.sources)]

    @property
    def flowing(self) -> bool:
        """Whether a source goes on and has room: then a bell means neither the end nor new room.

        With a few tuples at a time, counters reach 0 and ring the bell hundreds of times a second.
        """
        return any(not (s.done or self._room.blocked(s.instance.plan.index)) for s in self.sources)

    def work(self) -> bool:
        """See `Besides.work`."""
        self._asking = False
        if self._outgoing.full:
            return False
        taken = self._take_sources()
        return self._publish_listed() or taken

    def listen(self, now: float) -> float | None:
        """See `Besides.listen`."""
        ask = self._ask_pause.now_s if self._asking else None
        return soonest([ask, *(self.listen_to(source, now) for source in self.sources)])

    def is_held_back(self, source: Source) -> bool:
        """Whether what `source` writes waits for room further down."""
        return self._outgoing.full or self._room.blocked(source.instance.plan.index)

    def listen_to(self, source: Source, now: float) -> float | None:
        """Have `source` wake us; how long to leave it alone, None: until it does, or there is room."""
        left_s = patience_s(self._left_s(source, now), self.is_held_back(source), source.done)
        if left_s == 0 and (source.listen() or self._asking):
            return None
        return left_s

    def _left_s(self, source: Source, now: float) -> float:
        flush_s = self._spec.settings.flush_s
        return source.taken_at + pause_s(source.taken, self._link.waiting_tasks, flush_s) - now

    def _is_early(self, source: Source) -> bool:
        left_s = self._left_s(source, self._clock.now())
        return is_early(left_s, source.taken, source.held(), source.done)

    # ---- how much at a time

    def _prepare_round(self, element: int) -> int | None:
        """Calls to publish now of a root whose calls are tasks; None: any number. Asks if that helps."""
        count = self._count_round(element)
        if count == 0:
            self._ask()
            count = self._count_round(element)
        if count == 0:
            self._asking = True
        else:
            self._ask_pause.reset()
        return count

    def _count_round(self, element: int) -> int | None:
        return round_tuples([element], self._granularity, self._link.waiting_tasks)

    def _prepare_rounds(self, source: Source) -> dict[str, int]:
        """Most to take of each output of `source` that leads to elements whose speed is not known. Asks."""
        ahead = self._ahead[source.instance.plan.index]
        if all(self._granularity.known(target) for targets in ahead.values() for target in targets):
            return {}
        written = [output for output in ahead if source.instance.out[output]]
        most = most_of(ahead, written, self._granularity, self._link.waiting_tasks)
        if has_to_ask(most, written):
            self._ask()
            most = most_of(ahead, written, self._granularity, self._link.waiting_tasks)
        if has_to_ask(most, written):
            self._asking = True
        else:
            self._ask_pause.reset()
        return most

    def _ask(self) -> None:
        now = self._clock.now()
        if now > self._asked_at + self._ask_pause.now_s:
            self._asked_at = now
            self._ask_pause.next()
            self._link.exchange(stats=True)

    # ---- sources

    def _take_sources(self) -> bool:
        worked = False
        for source in list(self.sources):
            element = source.instance.plan.index
            if self._room.blocked(element) or self._is_early(source):
                continue
            done = source.done  # before the take: what is written after it would be lost
            out, failures = source.take(self._prepare_rounds(source))
            done = done and not source.held()
            if source.changed:
                self._loop.probation.doubt(element, source.changed)
            if source.remark:
                self._tell(source)
            for failure in failures:
                self._loop.fail(failure)
            if out:
                self._bear()
                self._outgoing.route(element, out)
            worked = worked or bool(out or failures)
            if done:
                self._close(source)
                worked = True
        if worked:
            # one commit for all that was taken: fast sources make large commits, slow ones small commits
            self._outgoing.seal()
        return worked

    def _bear(self) -> None:
        """What is handed out now begins its way through the workflow."""
        self._outgoing.outbox.since(self._clock.instant(self._clock.now()))

    def _tell(self, source: Source) -> None:
        """Say what is to be known of the positions of `source`, once."""
        words = f"{source.instance.plan.name}: {source.remark}"
        if words not in self._told:
            self._told.add(words)
            self._event("source", words)

    def _close(self, source: Source) -> None:
        if source.error is not None:
            raise source.error
        element = source.instance.plan.index
        self._closed.append(source.instance)
        self.sources.remove(source)
        if source.rest is not None:
            name = self._plan.elements[element].name
            self._event(
                "moved", f"{name}: its first calls left its attributes alone; the rest are tasks of the pool"
            )
            self._listed.append((element, source.rest))
        else:
            self._outgoing.outbox.count(element, -1)

    # ---- lists of inputs

    def _publish_listed(self) -> bool:
        """Publish calls of roots that run in the pool, as far as there is room."""
        worked = False
        for i, (element, calls) in enumerate(self._listed):
            if self._room.full or self._room.congested_below(element):
                continue
            count = self._prepare_round(element)
            if count == 0:
                continue
            if count is None:  # a task for each rank
                count = self._granularity.cut_task(element) * len(self._plan.pool_ranks)
            part, rest = calls[:count], calls[count:]
            if len(part):
                self._bear()
                self._outgoing.outbox.count(element, len(part))
                self._outgoing.outbox.rest.append((element, "", part))
            if len(rest):
                self._listed[i] = (element, rest)
            else:
                self._outgoing.outbox.count(element, -1)
                self._listed[i] = (-1, ())
            worked = True
        if worked:
            self._listed = [f for f in self._listed if f[0] >= 0]
            self._outgoing.seal()
        return worked
