"""The incoming side of a rank that holds partitions: messages wait until committed, then get in line.

Owns the rule that nothing is applied before its transaction is known to be committed. Messages stay
sealed until their tuples are about to run: bytes take less room than objects, and what has just been
unpickled is in the cache when it runs.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from hpcd4p.control.marks import is_congested
from hpcd4p.wire.codec import Codec, Unreadable
from hpcd4p.wire.messages import Arrival, Notice, Segment

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.salvage import UnreadTuples

Line = deque[tuple[int, str, list[Any]]]


class Inbox:
    """Segments for the partitions of one rank.

    Parameters
    ----------
    elements
        Elements of which this rank holds partitions.
    high_tuples
        With more than this in line for one element, senders are asked to pause; below half of it they may
        go on.
    high_bytes
        The same in bytes.
    """

    def __init__(self, elements: Iterable[int], high_tuples: int, high_bytes: int) -> None:
        self.lines: dict[int, Line] = {e: deque() for e in elements}
        self.tuples: Counter[int] = Counter()
        """Tuples in line, by element that has any: of thousands of elements few have."""
        self._weight: dict[int, float] = {}
        self._high = (high_tuples, high_bytes)
        self._kept: dict[int, deque[Arrival]] = {}
        self._sealed: deque[list[Any]] = deque()
        self._committed: dict[int, int] = {}
        self._congested: set[int] = set()

    def arrived(self, arrival: Arrival) -> None:
        """Keep what came in, or put it in line if its transaction is committed already."""
        if arrival.tx <= self._committed.get(arrival.source, 0):
            self._line_up(arrival)
        else:
            self._kept.setdefault(arrival.source, deque()).append(arrival)

    def noticed(self, notice: Notice) -> None:
        """Put in line all that `notice.source` has committed."""
        self._committed[notice.source] = max(notice.tx, self._committed.get(notice.source, 0))
        kept = self._kept.get(notice.source)
        while kept and kept[0].tx <= notice.tx:
            self._line_up(kept.popleft())

    def drop(self, source: int) -> None:
        """Forget what `source` has not committed: it is lost."""
        self._kept.pop(source, None)

    def _line_up(self, arrival: Arrival) -> None:
        size = sum(len(f) for f in arrival.frames)
        counts = Codec.counts(arrival.frames)
        total = sum(counts.values()) or 1
        for element, count in counts.items():
            if not count:  # its sender could pickle none of its tuples
                continue
            self.tuples[element] += count
            self._weight[element] = self._weight.get(element, 0.0) + size * count / total
        self._sealed.append(arrival.frames)

    def admit(self, segments: list[Segment]) -> None:
        """Put segments of a committed transaction of this rank itself in line."""
        for element, partition, port, values in segments:
            if values:
                self.lines[element].append((partition, port, values))
                self.tuples[element] += len(values)

    def open(self) -> list[UnreadTuples]:
        """Unpickle the oldest message that is still sealed; gives the tuples that could not be unpickled."""
        frames = self._sealed.popleft()
        lost: list[UnreadTuples] = []
        try:
            segments = Codec.unpack(frames)
        except Unreadable as unreadable:
            from hpcd4p.runtime.execute.salvage import read_segments

            segments, lost = read_segments(unreadable, Codec.counts(frames))
            for each in lost:
                self._shrink(each.element, each.tuples)
        for element, partition, port, values in segments:
            if values:
                self.lines[element].append((partition, port, values))
        return lost

    def next(self, element: int, most: int) -> tuple[int, str, list[Any]]:
        """Take up to `most` tuples of one segment out of the line of `element`, which is not empty."""
        line = self.lines[element]
        partition, port, values = line.popleft()
        if len(values) > most:
            line.appendleft((partition, port, values[most:]))
            values = values[:most]
        self._shrink(element, len(values))
        return partition, port, values

    def _shrink(self, element: int, count: int) -> None:
        before = self.tuples[element]
        if count < before:
            self.tuples[element] = before - count
            self._weight[element] = self._weight.get(element, 0.0) * (1 - count / before)
        else:
            self.tuples.pop(element, None)
            self._weight.pop(element, None)

    def waiting(self) -> list[int]:
        """Elements that have something in line, those nearest the sinks first."""
        return sorted(self.tuples, reverse=True)

    @property
    def uncommitted(self) -> bool:
        """Whether something is kept aside."""
        return any(self._kept.values())

    def take_news(self) -> tuple[list[int], list[int]]:
        """Elements that became congested since the last call, and elements that no longer are."""
        worse, better = self._news()
        self._congested.update(worse)
        self._congested.difference_update(better)
        return worse, better

    @property
    def has_news(self) -> bool:
        """Whether `take_news` has something to say: senders are waiting for it, or should."""
        return any(self._news())

    def _news(self) -> tuple[list[int], list[int]]:
        worse = [e for e in self.tuples if e not in self._congested and self._is_congested(e, False)]
        better = [e for e in self._congested if not self._is_congested(e, True)]
        return worse, better

    def _is_congested(self, element: int, was: bool) -> bool:
        return is_congested(self.tuples[element], self._weight.get(element, 0.0), self._high, was)
