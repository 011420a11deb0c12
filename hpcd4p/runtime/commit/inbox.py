"""The incoming side of a rank that holds partitions: messages wait until committed, then get in line.

Owns the rule that nothing is applied before its transaction is known to be committed. Messages stay
sealed until their tuples are about to run: bytes take less room than objects, and what has just been
unpickled is in the cache when it runs.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from hpcd4p.control.marks import is_congested
from hpcd4p.wire.codec import Codec, Unreadable
from hpcd4p.wire.messages import STATE, Arrival, Notice, Segment

if TYPE_CHECKING:
    from hpcd4p.runtime.commit.gates import Gates
    from hpcd4p.runtime.commit.lined import Line, Lined, Waiting
    from hpcd4p.runtime.commit.reorder import Reorder
    from hpcd4p.runtime.execute.salvage import UnreadTuples
    from hpcd4p.wire.place import Turn


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
        self.held: Counter[int] = Counter()
        """Tuples, by element, that wait for others which were sent before them on another way (`gates`)."""
        self.onward: deque[Segment] = deque()
        """What is for partitions that are no longer here."""
        self.order: Reorder | None = None
        """Puts what comes through the pool in order again; None: nothing here is ordered."""
        self._gone: set[tuple[int, int]] = set()
        self._gates: Gates | None = None
        """Of partitions that have come; None: none has."""
        self._weight: dict[int, float] = {}
        self._high = (high_tuples, high_bytes)
        self._kept: dict[int, deque[Arrival]] = {}
        self._sealed: deque[Waiting] = deque()
        self._committed: dict[int, int] = {}
        self._congested: set[int] = set()

    def arrived(self, arrival: Arrival) -> None:
        """Keep what came in, or put it in line if its transaction is committed already."""
        if arrival.tx <= self._committed.get(arrival.source, 0):
            self._line_up(arrival)
        else:
            self._kept.setdefault(arrival.source, deque()).append(arrival)
            if self.order is not None:
                self.order.aside(arrival)

    def noticed(self, notice: Notice) -> None:
        """Put in line all that `notice.source` has committed."""
        self._committed[notice.source] = max(notice.tx, self._committed.get(notice.source, 0))
        kept = self._kept.get(notice.source)
        while kept and kept[0].tx <= notice.tx:
            if self.order is not None:
                self.order.not_aside(kept[0])
            self._line_up(kept.popleft())

    def drop(self, source: int) -> None:
        """Forget what `source` has not committed: it is lost."""
        for arrival in self._kept.pop(source, ()):
            if self.order is not None:
                self.order.not_aside(arrival)

    def _line_up(self, arrival: Arrival) -> None:
        turn = None if self.order is None else Codec.place(arrival.frames)
        size = sum(len(f) for f in arrival.frames)
        counts = Codec.counts(arrival.frames)
        total = sum(counts.values()) or 1
        for element, count in counts.items():
            if not count:  # its sender could pickle none of its tuples
                continue
            (self.tuples if turn is None else self.held)[element] += count
            self._weight[element] = self._weight.get(element, 0.0) + size * count / total
        if self.order is not None and turn is not None:
            self.order.put(turn, arrival)
        else:
            self._sealed.append(arrival)

    def release(self) -> None:
        """Put in line what was held until its turn, and has it now."""
        if self.order is None:
            return
        for what, counts in self.order.ready():
            for element, count in counts.items():
                self._hold(element, -count)
            self._sealed.append(what)

    def listen(self, element: int) -> None:
        """Expect messages for partitions of `element`, too."""
        self.lines.setdefault(element, deque())

    def admit(self, segments: list[Segment], rank: int, turn: Turn | None = None) -> None:
        """Put segments of a committed transaction of this rank itself, which is `rank`, in line."""
        for segment in segments:
            if not segment.values:
                continue
            if self.order is None or turn is None:
                self.tuples[segment.element] += len(segment.values)
                self._append(rank, segment)
            else:
                self.held[segment.element] += len(segment.values)
                self.order.put(turn, (rank, segment))

    def _append(self, source: int, segment: Segment) -> None:
        """Put a segment, whose tuples are counted, in line; and those for which it makes way."""
        element, partition, port, values = segment
        if not (self._gates or self._gone or port == STATE):
            self.lines[element].append((partition, port, values))
            return
        if self._gates is None:
            from hpcd4p.runtime.commit.gates import Gates

            self._gates = Gates()
        admitted = self._gates.admit(source, segment)
        self.listen(element)
        waits = len(values) - sum(len(each.values) for each in admitted)
        if waits:
            self._hold(element, waits)
        for each in admitted:
            if each[:2] in self._gone:
                self._pass_by(each)
            else:
                self.lines[element].append(each[1:])

    def gone(self, element: int, partition: int) -> None:
        """From now on, what is for this partition waits in `onward`, also what is in line."""
        self._gone.add((element, partition))
        line, self.lines[element] = self.lines[element], deque()
        for each in line:
            if each[0] == partition:
                self._pass_by(Segment(element, *each))
            else:
                self.lines[element].append(each)

    def _pass_by(self, segment: Segment) -> None:
        self._shrink(segment.element, len(segment.values))
        self.onward.append(segment)

    def known(self, element: int) -> Counter[int]:
        """Tuples in line for `element`, by partition, as far as they are unpickled."""
        known: Counter[int] = Counter()
        for partition, _, values in self.lines[element]:
            known[partition] += len(values)
        return known

    @property
    def sealed(self) -> bool:
        """Whether there is anything to `open`."""
        return bool(self._sealed)

    @property
    def starves(self) -> bool:
        """Whether an element has nothing in line because what is here for it has to wait for its turn."""
        return self.order is not None and any(element not in self.tuples for element in self.held)

    @property
    def may_release(self) -> bool:
        """Whether `release` may put something in line."""
        return self.order is not None and self.order.has_news

    @property
    def passes(self) -> bool:
        """Whether messages may hold something for partitions that are no longer here."""
        return bool(self.onward or (self._gone and self._sealed))

    def _hold(self, element: int, tuples: int) -> None:
        """So many tuples of `element` that were in line are held, or, if it is less than 0, the reverse."""
        self.held[element] += tuples
        self.tuples[element] -= tuples
        if not self.held[element]:
            del self.held[element]
        if not self.tuples[element]:
            del self.tuples[element]

    def open(self) -> list[UnreadTuples]:
        """Unpickle the oldest message that is still sealed; gives the tuples that could not be unpickled."""
        oldest = self._sealed.popleft()
        if not isinstance(oldest, Arrival):
            self._append(*oldest)
            return []
        source, _, frames = oldest
        lost: list[UnreadTuples] = []
        try:
            segments = Codec.unpack(frames)
        except Unreadable as unreadable:
            from hpcd4p.runtime.execute.salvage import read_segments

            segments, lost = read_segments(unreadable, Codec.counts(frames))
            for each in lost:
                self._shrink(each.element, each.tuples)
        for segment in segments:
            if segment.values:
                self._append(source, segment)
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
        else:
            self.tuples.pop(element, None)
        both = before + self.held[element] if self.held else before
        if count < both:
            self._weight[element] = self._weight.get(element, 0.0) * (1 - count / both)
        else:
            self._weight.pop(element, None)

    def image(
        self, committed: Sequence[int]
    ) -> tuple[list[Segment], list[Waiting], list[tuple[Turn, Waiting]]]:
        """All that is in line as of a cut, in order: segments, messages; then what waits for its turn.

        Parameters
        ----------
        committed
            The last transaction of each rank that counts.
        """
        from hpcd4p.runtime.commit.lined import counts_for

        lined = [Segment(element, *each) for element, line in self.lines.items() for each in line]
        kept = [arrival for each in self._kept.values() for arrival in each]
        lined += self._gates.held() if self._gates else ()
        held: list[tuple[Turn, Waiting]] = []
        if self.order is not None:
            kept, held = self.order.held(kept)
        sealed = [what for what in (*self._sealed, *kept) if counts_for(committed, what)]
        held = [each for each in held if counts_for(committed, each[1])]
        return [*self.onward, *lined], sealed, held

    def restore(self, lined: Iterable[Lined], epoch: int) -> None:
        """Put in line what was in line, here or elsewhere, when the cut for checkpoint `epoch` was made."""
        for segment, turn in lined:
            if self.order is not None and turn is not None:
                self.held[segment.element] += len(segment.values)
                self.order.put_past(turn, epoch, (0, segment))
                continue
            self.tuples[segment.element] += len(segment.values)
            self.lines[segment.element].append(segment[1:])

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
        starves = self.order is not None and self.starves and self.order.waits() != self.order.said
        return starves or any(self._news())

    def _news(self) -> tuple[list[int], list[int]]:
        waiting = self.tuples.keys() | self.held.keys() if self.held else self.tuples
        worse = [e for e in waiting if e not in self._congested and self._is_congested(e, False)]
        better = [e for e in self._congested if not self._is_congested(e, True)]
        return worse, better

    def _is_congested(self, element: int, was: bool) -> bool:
        tuples = self.tuples[element] + self.held[element]
        return is_congested(tuples, self._weight.get(element, 0.0), self._high, was)
