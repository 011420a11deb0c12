"""The outgoing side of a rank: what a transaction has written, and its way to the commit.

1. *collect*: tuples for the pool and for partitions gather in an `Outbox`; where there are many, the
   first are on their way to the owners of partitions already, marked with the transaction's number;
2. *prepare*: sealed, it becomes a `Prepared`: tasks are cut and pickled, all messages are on their way;
3. *commit*: when every message is matched, `Window.ready` gives it to the broker, in order;
4. *notice*: the owners get a notice. Until then they set aside what they received.

Nothing here decides when; the loop of the rank does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hpcd4p.control.granularity import Granularity
from hpcd4p.control.sealing import rings
from hpcd4p.errors import TupleTooLargeError
from hpcd4p.plan.model import Plan, Route
from hpcd4p.transport.broker import Mesh
from hpcd4p.weight import weigh
from hpcd4p.wire.codec import LETTER, TASK, Codec, about
from hpcd4p.wire.messages import Commit, Publication, Segment
from hpcd4p.wire.statistics import count_failures

if TYPE_CHECKING:
    from hpcd4p.record.summary import DeadLetter, FailureKind
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.execute.instance import Instance
    from hpcd4p.runtime.execute.letters import Failure

MOST_TUPLE_BYTES = 128 << 20
"""Redis refuses values of 512 MB, and holds up to four copies of a payload while it goes in or out."""

WriteLetter = Callable[[int, Route | None, Any, Exception], None]
"""Makes a dead letter, in the outbox that is being sealed: (element that it was for, route that it was
written on or None if it is given back, tuple, why it cannot travel)."""


class Outbox:
    """What the current transaction has written so far."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.publish: dict[Route, list[Any]] = {}
        self.keyed: dict[tuple[int, int, str], list[Any]] = {}
        self.counts: dict[int, int] = {}
        self.done: list[tuple[int, str]] = []
        self.progress: list[tuple[int, str, str]] = []
        self.letters: list[tuple[FailureKind, int, DeadLetter]] = []
        self.alike: dict[FailureKind, int] = {}
        self.failed: dict[str, int] = {}
        self.rest: list[tuple[int, str, list[Any] | range]] = []
        self.tickets: list[tuple[int, Any]] = []
        self.local: list[Segment] = []
        self.ran: dict[int, tuple[Instance, tuple[Any, ...]]] = {}
        """Pool instances that have run in it, with what each had counted before."""
        self.suspect = False
        """Whether what it publishes comes from a task whose rank died."""
        self.unsent = 0
        self.tuples = 0
        self.bytes = 0.0
        self.began = 0.0

    def __bool__(self) -> bool:
        return bool(self.tuples or self.counts or self.done or self.progress or self.failed or self.rest)

    def runs(self, instance: Instance) -> None:
        """From now on, `instance` runs in this transaction."""
        if instance.plan.index not in self.ran:
            self.ran[instance.plan.index] = instance, instance.mark()

    def count(self, element: int, delta: int) -> None:
        """Change the number of unfinished tuples of `element`."""
        if not self.began:
            self.began = self._clock.now()
        self.counts[element] = self.counts.get(element, 0) + delta

    def fail(self, failure: Failure) -> None:
        """Add tuples that failed; the commit that takes them off the unfinished tuples reports them, too."""
        if not self.began:
            self.began = self._clock.now()
        element, cause, kind, tuples, letter = failure
        count_failures(self.failed, element, cause, tuples)
        if letter is not None:
            self.letters.append((kind, tuples, letter))
        else:
            self.alike[kind] = self.alike.get(kind, 0) + tuples

    def to_pool(self, route: Route, values: list[Any]) -> None:
        """Tuples to publish as tasks."""
        self.publish.setdefault(route, []).extend(values)
        self._grown(values)

    def to_partition(self, route: Route, partition: int, values: list[Any]) -> None:
        """Tuples for the owner of a partition."""
        self.keyed.setdefault((route.target, partition, route.input), []).extend(values)
        self.unsent += len(values)
        self._grown(values)

    def _grown(self, values: list[Any]) -> None:
        if not self.began:
            self.began = self._clock.now()
        self.tuples += len(values)
        self.bytes += len(values) * weigh(values)


class Prepared:
    """A sealed transaction whose messages are on their way."""

    __slots__ = ("bytes", "commit", "local", "rung", "sealed", "tickets")

    def __init__(self, commit: Commit, outbox: Outbox, now: float) -> None:
        self.commit = commit
        self.tickets = outbox.tickets
        self.local = outbox.local
        self.bytes = outbox.bytes
        self.sealed = now
        self.rung = 0.0


class Sealer:
    """Turns an outbox into a prepared transaction."""

    def __init__(
        self,
        plan: Plan,
        rank: int,
        mesh: Mesh,
        codec: Codec,
        granularity: Granularity,
        write_letter: WriteLetter,
        most_bytes: int,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._most_bytes = most_bytes
        self._plan = plan
        self._rank = rank
        self._mesh = mesh
        self._codec = codec
        self._granularity = granularity
        self._write_letter = write_letter
        self._tx = 0
        routes = [*plan.routes, *map(plan.undeclared, range(plan.collector))]
        self._routes = {(r.target, r.input): r for r in routes}

    def seal(self, outbox: Outbox) -> Prepared:
        """Number the transaction, cut tasks, send messages. `outbox` must not be used again."""
        commit = Commit(self._tx + 1)
        commit.done = outbox.done
        commit.progress = outbox.progress
        for route, values in outbox.publish.items():
            self._cut(route.target, route.input, values, commit, outbox, route)
        for element, port, rest in outbox.rest:
            # tuples of the task itself, given back: they are pending already
            outbox.count(element, -len(rest))
            self._cut(element, port, rest, commit, outbox, None)
        self.send(outbox)
        self._tx += 1
        # last: by now all tuples that cannot travel are known
        commit.counts = {e: delta for e, delta in outbox.counts.items() if delta}
        commit.stats = outbox.failed
        commit.dead = [self._codec.seal(row, about(LETTER)) for row in outbox.letters]
        commit.dead += [
            self._codec.seal((kind, tuples, None), about(LETTER)) for kind, tuples in outbox.alike.items()
        ]
        return Prepared(commit, outbox, self._clock.now())

    def _cut(
        self,
        element: int,
        port: str,
        values: list[Any] | range,
        commit: Commit,
        outbox: Outbox,
        route: Route | None,
    ) -> None:
        at = 0
        # a range of calls weighs nothing
        light = max(1, int(self._most_bytes / weigh(values))) if isinstance(values, list) else len(values)
        while at < len(values):
            part = values[at : at + min(self._granularity.task_tuples(element), light)]
            try:
                payload = self._codec.seal((port, part), about(TASK, element, len(part)))
            except Exception as error:  # noqa: BLE001  # user classes: pickling them may raise anything
                if len(part) == 1:
                    self._write_letter(element, route, part[0], error)
                    at += 1
                    continue
                good = self._picklable(list(part), element, route)
                if len(good) == len(part):  # each can be pickled alone, only all together cannot
                    light = 1
                values, at = good + list(values[at + len(part) :]), 0
                continue
            if len(payload) > self._most_bytes and len(part) > 1:
                light = len(part) // 2  # the guess was wrong: tuples are not alike
                continue
            at += len(part)
            if len(payload) > MOST_TUPLE_BYTES:
                self._write_letter(
                    element, route, part[0], _too_large(payload, self._plan.elements[element].name)
                )
            else:
                outbox.count(element, len(part))
                commit.publish.append(Publication(element, len(part), payload, int(outbox.suspect)))

    def send(self, outbox: Outbox) -> None:
        """Send what there is for partitions as part of the transaction that is being collected.

        Their owners set it aside until the transaction is committed.
        """
        by_rank: dict[int, list[Segment]] = {}
        for (element, partition, port), values in outbox.keyed.items():
            owner = self._plan.owner(element, partition)
            by_rank.setdefault(owner, []).append(Segment(element, partition, port, values))
        for owner, segments in by_rank.items():
            if owner == self._rank:
                outbox.local += segments
            else:
                try:
                    frames = self._codec.pack(segments)
                except Exception:  # noqa: BLE001  # user classes: pickling them may raise anything
                    segments = [
                        s._replace(
                            values=self._picklable(s.values, s.element, self._routes[s.element, s.port])
                        )
                        for s in segments
                    ]
                    frames = self._codec.pack(segments)
                outbox.tickets.append((owner, self._mesh.send(owner, self._tx + 1, frames)))
            for segment in segments:
                outbox.count(segment.element, len(segment.values))
        outbox.keyed = {}
        outbox.unsent = 0

    def _picklable(self, values: list[Any], element: int, route: Route | None) -> list[Any]:
        """The values for `element` that can be pickled; the others become dead letters."""
        good = []
        for value in values:
            try:
                self._codec.frames(value)
            except Exception as each:  # noqa: BLE001  # user classes: pickling them may raise anything
                self._write_letter(element, route, value, each)
                continue
            good.append(value)
        return good


def _too_large(payload: bytes, target: str) -> TupleTooLargeError:
    return TupleTooLargeError(
        f"it takes {len(payload) >> 20:,} MiB and is for {target}, which is in the pool. Tuples go there "
        f"through Redis, {MOST_TUPLE_BYTES >> 20} MiB at most: write it to a file and pass the name, or give "
        "the input of that element a grouping, for what has a fixed place travels by MPI, without a limit"
    )


class Window:
    """Prepared transactions of this rank, oldest first; they commit in this order."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh
        self._queue: deque[Prepared] = deque()

    def __len__(self) -> int:
        return len(self._queue)

    def add(self, prepared: Prepared) -> None:
        """Put the newest at the end."""
        self._queue.append(prepared)

    def ready(self) -> tuple[Commit, list[int], list[Segment]]:
        """Take out what can commit: (the commits joined, ranks to give notice to, own segments)."""
        commit = Commit()
        notify: list[int] = []
        local: list[Segment] = []
        while self._queue:
            first = self._queue[0]
            if not all(self._mesh.sent(ticket) for _, ticket in first.tickets):
                break
            self._queue.popleft()
            commit.add(first.commit)
            notify.extend(owner for owner, _ in first.tickets if owner not in notify)
            local.extend(first.local)
        return commit, notify, local

    @property
    def bytes(self) -> float:
        """About how much is under way."""
        return sum(prepared.bytes for prepared in self._queue)

    def age(self, now: float) -> float:
        """Seconds since the oldest was sealed; 0 if there is none."""
        return now - self._queue[0].sealed if self._queue else 0.0

    def to_ring(self, now: float, after_s: float) -> list[int]:
        """Ranks that have left a message unmatched for `after_s`: they are asleep or busy."""
        ranks: list[int] = []
        for prepared in self._queue:
            if not rings(now, prepared.sealed, prepared.rung, after_s):
                continue
            prepared.rung = now
            ranks.extend(
                owner
                for owner, ticket in prepared.tickets
                if owner not in ranks and not self._mesh.sent(ticket)
            )
        return ranks
