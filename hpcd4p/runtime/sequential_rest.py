"""What was under way at the cut that a run in one process goes on from: tasks, and tuples in line."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from hpcd4p.runtime.commit.lease import Lease
from hpcd4p.wire.codec import TASK, Codec, Unreadable, about
from hpcd4p.wire.messages import Publication, Segment, Task
from hpcd4p.wire.place import Turn, past_first

if TYPE_CHECKING:
    from hpcd4p.runtime.commit.lined import Lined
    from hpcd4p.runtime.execute.instance import Instance
    from hpcd4p.runtime.execute.letters import Failure
    from hpcd4p.runtime.execute.salvage import UnreadTuples


class Rest:
    """What is left of it: any number of tasks, and tuples of partitions.

    What has a place comes in the order of places, after all else.
    """

    def __init__(self, tasks: Iterable[Publication], lined: Iterable[Lined]) -> None:
        self._of: dict[int, deque[Publication | Segment]] = {}
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
                placed.append(((task.place.origin, task.place.path), task))
        self._placed = deque(sorted(placed, key=lambda pair: past_first(pair[0])))

    def next(self) -> Publication | Segment | None:
        """Take out what is nearest to the sinks, so that what is written further up comes after it."""
        if not self._of:
            return self._placed.popleft()[1] if self._placed else None
        element = max(self._of)
        line = self._of[element]
        found = line.popleft()
        if not line:
            del self._of[element]
        return found

    def tasks(self) -> list[Publication]:
        """The tasks that are left."""
        return [each for each in self._all() if isinstance(each, Publication)]

    def segments(self) -> list[Segment]:
        """What is left in line."""
        return [each for line in self._of.values() for each in line if isinstance(each, Segment)]

    def held(self) -> list[tuple[Turn, tuple[int, Segment]]]:
        """What is left in line and has a place; as `Image.held`."""
        return [(turn, (0, each)) for turn, each in self._placed if isinstance(each, Segment)]

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
        for _, each in self._placed:
            yield each


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
