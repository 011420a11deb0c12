"""What the broker in memory knows of places: those that are outstanding, and who waits for what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from hpcd4p.wire.ask import Awaited, OrderAsk
from hpcd4p.wire.messages import Commit, Reply, Task
from hpcd4p.wire.place import END, Lane, Place, outstanding, watermarks

Progress = Callable[[Task], Sequence[int]]
"""Gives what is committed of a task."""


class MemoryPlaces:
    """Those of one run."""

    def __init__(self) -> None:
        self.outstanding: dict[Lane, set[str]] = {}
        self.bounds: dict[int, str] = {}
        self._waits: dict[int, Mapping[Lane, str]] = {}

    def take(self, commit: Commit) -> list[int]:
        """Take in what a commit says of places; gives the ranks whose turn may have come."""
        self.bounds |= commit.bounds
        published = [outstanding(p.place, p.progress) for p in commit.publish if p.place is not None]
        for place in [*commit.begun, *published]:
            self.outstanding.setdefault(place.lane, set()).add(place.path)
        for place in commit.settled:
            self.outstanding.setdefault(place.lane, set()).discard(place.path)
        lanes = {place.lane for place in commit.settled}
        ringing = [rank for rank, waits in self._waits.items() if self._has_come(waits, lanes)]
        for rank in ringing:
            del self._waits[rank]
        return ringing

    def _has_come(self, waits: Mapping[Lane, str], lanes: set[Lane]) -> bool:
        return any(
            lane in lanes and min(self.outstanding[lane], default=END) > path for lane, path in waits.items()
        )

    def answer(
        self, rank: int, ask: OrderAsk, lines: Mapping[int, Iterable[Task]], progress: Progress, reply: Reply
    ) -> list[int]:
        """Answer what a rank asks; gives the elements of tasks in line that are missed since it has asked."""
        new = bool(ask.waits) and self._waits.get(rank) != ask.waits
        if ask.waits:
            self._waits[rank] = ask.waits
        else:
            self._waits.pop(rank, None)
        reply.watermarks = self.marks(ask.watch)
        missed = [element for element, line in lines.items() if self.missed_in(line, progress) is not None]
        reply.stalled = bool(missed) or self.missed(ask.at)
        return missed if new else []

    def marks(self, lanes: Sequence[Lane]) -> dict[int, str]:
        """See `watermarks`."""
        least = {lane: min(self.outstanding.get(lane, ()), default=None) for lane in lanes}
        return watermarks(least, self.bounds, tuple(lanes))

    def awaited(self, tasks: Iterable[tuple[int | None, Task, Sequence[int]]]) -> list[Awaited]:
        """See `Broker.awaited`; `tasks` has all, each with who has it, and its progress."""
        at = {
            (task.place.lane, outstanding(task.place, progress).path): (task.element, holder)
            for holder, task, progress in tasks
            if task.place is not None
        }
        first = {lane: min(paths) for lane, paths in self.outstanding.items() if paths}
        return [
            Awaited(rank, lane, first[lane], *at[lane, first[lane]])
            for rank, waits in self._waits.items()
            for lane, path in waits.items()
            if lane in first and first[lane] <= path and (lane, first[lane]) in at
        ]

    def missed_in(self, line: Iterable[Task], progress: Progress) -> Task | None:
        """The task in a line that somebody waits for: the first in line, if it is that."""
        first = next(iter(line), None)
        if first is None or not self._waits or self.missed(first.place):
            return first if self._waits else None
        least = {
            (lane, path)
            for waits in self._waits.values()
            for lane, until in waits.items()
            if (path := min(self.outstanding.get(lane, ()), default=END)) < until
        }
        for task in line:
            if task.place is not None and _stands_at(task, progress) in least:
                return task
        return None

    def missed(self, place: Place | None) -> bool:
        """Whether somebody waits for what a task at this place will write."""
        return place is not None and any(
            waits.get(place.lane, "") > place.path for waits in self._waits.values()
        )


def _stands_at(task: Task, progress: Progress) -> tuple[Lane, str]:
    assert task.place is not None
    return task.place.lane, outstanding(task.place, progress(task)).path
