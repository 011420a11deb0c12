"""What the transaction at hand has written so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpcd4p.plan.model import Route
from hpcd4p.weight import weigh
from hpcd4p.wire.block import Block
from hpcd4p.wire.messages import Segment
from hpcd4p.wire.statistics import count_failures

if TYPE_CHECKING:
    from hpcd4p.record.summary import DeadLetter, FailureKind
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.commit.pieces import Pieces
    from hpcd4p.runtime.execute.instance import Instance
    from hpcd4p.runtime.execute.letters import Failure
    from hpcd4p.wire.place import Numbering, Turn

Own = tuple[list[Segment], "Turn | None", float]
"""Segments for partitions of the rank itself, their place if they have to wait for their turn, and `born`."""


class Outbox:
    """What the transaction at hand has written so far."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.publish: dict[Route, list[Any]] = {}
        self.keyed: dict[tuple[int, int, str], list[Any]] = {}
        self.onward: list[Segment] = []
        """What keeps its order from input to input: for the next owners of partitions that were here, and
        where paths meet in the static mapping."""
        self.counts: dict[int, int] = {}
        self.done: list[tuple[int, str]] = []
        self.progress: list[tuple[int, str, tuple[int, ...]]] = []
        self.letters: list[tuple[FailureKind, int, DeadLetter]] = []
        self.alike: dict[FailureKind, int] = {}
        self.failed: dict[str, int] = {}
        self.rest: list[tuple[int, str, list[Any] | range]] = []
        self.tickets: list[tuple[int, Any]] = []
        self.local: list[Own] = []
        self.spent: list[Block] = []
        """Blocks of the tasks that are done."""
        self.ran: dict[int, tuple[Instance, tuple[Any, ...]]] = {}
        """Instances of the pool that have run in it, and what each had counted before."""
        self.suspect = False
        """Whether what it publishes comes from a task whose rank died."""
        self.beside = ""
        """See `Task.beside`, of that task."""
        self.numbers: Numbering | None = None
        """Of the task that has written it, if places matter; None: it comes from no task."""
        self.path = ""
        """That of what it sends to partitions, once it has one."""
        self.pieces: Pieces | None = None
        """What it has written where paths part that meet again; None: nothing."""
        self.born = 0.0
        """When a source wrote the oldest tuple of which something is in it, seconds since the epoch; 0: not
        known, or of nothing."""
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

    def of(self, numbers: Numbering | None, born: float) -> None:
        """What is written now comes from a task with these `numbers`, and this birth."""
        self.numbers = numbers
        self.since(born)

    def since(self, born: float) -> None:
        """Something in it comes from what was written at `born`; 0: not known."""
        if born and not 0.0 < self.born <= born:
            self.born = born

    def count(self, element: int, delta: int) -> None:
        """Change the number of unfinished tuples of `element`."""
        if not self.began:
            self.began = self._clock.now()
        self.counts[element] = self.counts.get(element, 0) + delta

    def fail(self, failure: Failure) -> None:
        """Tuples that failed: told and counted by the commit that takes them off the unfinished ones."""
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
        self.grown(values)

    def to_partition(self, route: Route, partition: int, values: list[Any]) -> None:
        """Tuples for the owner of a partition."""
        self.keyed.setdefault((route.target, partition, route.input), []).extend(values)
        self.unsent += len(values)
        self.grown(values)

    def to_heir(self, segment: Segment) -> None:
        """Tuples in their order, for the next owner of a partition that was here, or for that of another."""
        last = self.onward[-1] if self.onward else None
        if last is not None and last[:3] == segment[:3]:
            last.values.extend(segment.values)
        else:
            self.onward.append(segment)
        self.unsent += len(segment.values)
        self.grown(segment.values)

    def grown(self, values: list[Any]) -> None:
        """So much more is in it."""
        if not self.began:
            self.began = self._clock.now()
        self.tuples += len(values)
        self.bytes += len(values) * weigh(values)
