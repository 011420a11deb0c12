"""What was under way at the cut that a run in one process goes on from: tasks, and tuples in line."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from hpcd4p.runtime.commit.lease import Lease
from hpcd4p.wire.codec import TASK, Codec, Unreadable, about
from hpcd4p.wire.messages import Publication, Segment, Task
from hpcd4p.wire.place import Turn, outstanding, writer_of

if TYPE_CHECKING:
    from hpcd4p.runtime.commit.lined import Lined
    from hpcd4p.runtime.execute.instance import Instance
    from hpcd4p.runtime.execute.letters import Failure
    from hpcd4p.runtime.execute.salvage import UnreadTuples


class Rest:
    """What is left of it: any number of tasks, and tuples of partitions.

    What is nearest to the sinks comes first, so that what is written further up comes after it. For what has
    a place that is where its writer is: of each writer all comes in the order of places.
    """

    def __init__(self, tasks: Iterable[Publication], lined: Iterable[Lined]) -> None:
        self._of: dict[int, deque[Publication | Segment]] = {}
        self._placed: dict[int, deque[tuple[Turn, Publication | Segment]]] = {}
        """By the element that has written it."""
        placed: list[tuple[Turn, Publication | Segment]] = []
        # tuples in line first: what a task writes may be for the same partition, and comes after them
        for segment, turn in lined:
            if turn is None:
                self._of.setdefault(segment.element, deque()).append(segment)
            else:
                placed.append((turn, segment))
        for task in tasks:
            if task.place is None:
                self._of.setdefault(task.element, deque()).append(task)
            else:
                next_place = outstanding(task.place, task.progress)  # what it has sent before is in line
                placed.append(((next_place.origin, next_place.path), task))
        for turn, each in sorted(placed, key=lambda pair: writer_of(pair[0])):
            self._placed.setdefault(writer_of(turn)[0], deque()).append((turn, each))

    def next(self) -> Publication | Segment | None:
        """Take out what comes first."""
        if not (self._of or self._placed):
            return None
        element, writer = max(self._of, default=-1), max(self._placed, default=-1)
        if writer >= element:  # what an element has written comes before what is in line for it
            found = self._placed[writer].popleft()[1]
            if not self._placed[writer]:
                del self._placed[writer]
            return found
        line = self._of[element]
        first = line.popleft()
        if not line:
            del self._of[element]
        return first

    def tasks(self) -> list[Publication]:
        """The tasks that are left."""
        return [each for each in self._all() if isinstance(each, Publication)]

    def segments(self) -> list[Segment]:
        """What is left in line."""
        return [each for line in self._of.values() for each in line if isinstance(each, Segment)]

    def held(self) -> list[tuple[Turn, tuple[int, Segment, None]]]:
        """What is left in line and has a place; as `Image.held`."""
        lines = self._placed.values()
        return [(turn, (0, each, None)) for line in lines for turn, each in line if isinstance(each, Segment)]

    def pending(self) -> dict[int, int]:
        """Tuples that are left, by element."""
        sums: dict[int, int] = {}
        for each in self._all():
            tuples = each.tuples if isinstance(each, Publication) else len(each.values)
            sums[each.element] = sums.get(each.element, 0) + tuples
        return sums

    def _all(self) -> Iterator[Publication | Segment]:
        for line in self._of.values():
            yield from line
        for placed in self._placed.values():
            yield from (each for _, each in placed)


class Leased:
    """A task while it runs in this process. A call that writes much may be cut: see `commit.lease`."""

    def __init__(self, instance: Instance, task: Task, port: str = "", values: Any = ()) -> None:
        self.instance = instance
        self._task = task
        self._port = port
        self._values = values
        self._lease = Lease(task, instance, 0.0)

    def take(self) -> list[tuple[str, list[Any]]]:
        """What its element has written since the last call, without what was done of it before the cut."""
        out = self.instance.take()
        return self._lease.skip_committed(out) if self._lease.repeating else out

    def skips(self, failure: Failure) -> bool:
        """Whether a failure was counted before the cut."""
        return failure.element == self._task.element and self._lease.skip_letter()

    def publication(self, codec: Codec) -> Publication:
        """The task with what is done of it."""
        element, _, tuples, payload, attempts, before, beside, place = self._task
        done = self._lease.progress()
        if place is not None:
            done = (*done, before[-1] if before else 0)
        if before:  # what is being repeated may not have come so far
            done = tuple(map(max, done, before))
        what = about(TASK, element, tuples)
        return Publication(
            element,
            tuples,
            payload or codec.seal((self._port, self._values), what),
            attempts,
            done,
            beside,
            place,
        )


def opened(codec: Codec, task: Task) -> tuple[str, Any, list[UnreadTuples]]:
    """Port and tuples of a task, and those that cannot be read."""
    try:
        port, values = codec.open(task.payload, about(TASK, task.element, task.tuples))
    except Unreadable as unreadable:
        from hpcd4p.runtime.execute.salvage import read_task

        return read_task(unreadable, task)
    return port, values, []
