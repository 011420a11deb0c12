"""The incoming side of a rank that holds partitions: messages wait until committed, then get in line.

Owns the rule that nothing is applied before its transaction is known to be committed. Messages stay
sealed until their tuples are about to run: bytes take less room than objects, and what has just been
unpickled is in the cache when it runs.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from hpcd4p.control.marks import Fill
from hpcd4p.wire.codec import Codec, Unreadable
from hpcd4p.wire.messages import STATE, Arrival, Notice, Segment

if TYPE_CHECKING:
    from hpcd4p.runtime.commit.gates import Gates
    from hpcd4p.runtime.commit.in_line import InLine
    from hpcd4p.runtime.commit.lanes import Lanes
    from hpcd4p.runtime.commit.lined import Line, Lined, Waiting
    from hpcd4p.runtime.commit.passing import Passing
    from hpcd4p.runtime.commit.reorder import Reorder
    from hpcd4p.runtime.execute.salvage import UnreadTuples
    from hpcd4p.wire.orders import Moved
    from hpcd4p.wire.place import Lane, Turn


class Inbox:
    """Segments for the partitions of one rank.

    Parameters
    ----------
    elements
        Elements of which this rank holds partitions.
    high_tuples, high_bytes
        With more in line for one element, senders are asked to pause; below half of it they may go on.
    """

    def __init__(self, elements: Iterable[int], high_tuples: int, high_bytes: int) -> None:
        self.lines: dict[int, Line] = {e: deque() for e in elements}
        self._fill = Fill(high_tuples, high_bytes)
        self.tuples = self._fill.tuples
        """Tuples in line, by element that has any."""
        self.held = self._fill.held
        """Tuples, by element, that wait for others before them, in an order or on another way (`gates`)."""
        self.born: dict[int, float] = {}
        """By element, `Outbox.born` of what has got in line last."""
        self.onward: deque[Segment] = deque()
        """What is for partitions that are no longer here."""
        self.lanes: Lanes | None = None
        """Which lanes lead here; None: no element of the run is ordered."""
        self.order: Reorder | None = None
        """Puts what comes through the pool in order again; None: nothing here is ordered."""
        self.passing: Passing | None = None
        """What is to be said of partitions of ordered elements that have gone; None: none has."""
        self._gone: set[tuple[int, int]] = set()
        self._gates: Gates | None = None
        """Of partitions that have come; None: none has."""
        self._kept: dict[int, deque[Arrival]] = {}
        self._sealed: deque[Waiting] = deque()
        self._committed: dict[int, int] = {}

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
        self._fill.came(Codec.counts(arrival.frames), size, turn is not None)
        if self.order is not None and turn is not None:
            self.order.put(turn, arrival)
        else:
            self._sealed.append(arrival)

    def release(self) -> None:
        """Put in line what was held until its turn, and has it now."""
        for what, counts in self.order.ready() if self.order is not None else ():
            for element, count in counts.items():
                self._fill.hold(element, -count)
            self._sealed.append(what)
        if self.order is not None and self.passing is not None:
            self.passing.look(self.order, self._gates)

    def listen(self, element: int) -> None:
        """Take messages for partitions of `element`, too."""
        self.lines.setdefault(element, deque())

    def line(self, element: int) -> Line:
        """What is in line for `element`; a partition may come before the word that it will."""
        self.listen(element)
        return self.lines[element]

    def expect(self, element: int) -> None:
        """Partitions of `element` are here, or about to come."""
        self.listen(element)
        if self.lanes is not None:
            self.order = self.lanes.watched(element, self.order)

    def admit(self, segments: list[Segment], rank: int, turn: Turn | None = None, born: float = 0.0) -> None:
        """Put segments of a committed transaction of this rank itself, which is `rank`, in line."""
        for segment in segments:
            if not segment.values:
                continue
            if self.order is None or turn is None:
                self.tuples[segment.element] += len(segment.values)
                self._append(rank, segment, born=born)
            else:
                self.held[segment.element] += len(segment.values)
                self.order.put(turn, (rank, segment, turn))

    def _append(self, source: int, segment: Segment, turn: Turn | None = None, born: float = 0.0) -> None:
        """Put a segment, whose tuples are counted, in line; and those for which it makes way."""
        element, partition, port, values = segment
        self.born[element] = born
        if not (self._gates or self._gone or port == STATE):
            self.lines[element].append((partition, port, values))
            return
        if self._gates is None:
            from hpcd4p.runtime.commit.gates import Gates

            self._gates = Gates(() if self.lanes is None else self.lanes.ordered)
        admitted = self._gates.admit(source, segment, turn)
        self.listen(element)
        waits = len(values) - sum(len(each.values) for each in admitted)
        if waits:
            self._fill.hold(element, waits)
        for each in admitted:
            if each[:2] in self._gone:
                self._pass_by(each)
            else:
                self.lines[element].append(each[1:])

    def gone(self, element: int, partition: int) -> int:
        """From now on, what is for this partition waits in `onward`, also what is in line.

        Gives how much will have to be said behind it: see `passing`.
        """
        self._gone.add((element, partition))
        line, self.lines[element] = self.lines[element], deque()
        for each in line:
            if each[0] == partition:
                self._pass_by(Segment(element, *each))
            else:
                self.lines[element].append(each)
        if self.lanes is None or element not in self.lanes.ordered:
            return 0
        if self.passing is None:
            from hpcd4p.runtime.commit.passing import Passing

            self.passing = Passing()
        return self.passing.begin((element, partition), self.lanes.origins(element))

    def moved(self, order: Moved) -> None:
        """A partition of an ordered element has moved, perhaps from here or to here."""
        key = order.element, order.partition
        if self.passing is not None:
            self.passing.moved(key, order.number)
        if self._gates is not None:
            self._gates.moved(key, order.number)

    def _pass_by(self, segment: Segment) -> None:
        self._fill.shrink(segment.element, len(segment.values))
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
        if self.passing is not None and self.passing.starves(self.tuples):
            return True
        return self.order is not None and any(element not in self.tuples for element in self.held)

    def waits(self) -> dict[Lane, str]:
        """By lane, a path before which everything has to be finished: see `OrderAsk.waits`."""
        if self.order is None:
            return {}
        known = [each for each in (self.passing, self._gates) if each is not None]
        return self.order.waits(wait for each in known for wait in each.waits())

    @property
    def may_release(self) -> bool:
        """Whether `release` may put something in line."""
        return self.order is not None and self.order.has_news

    @property
    def passes(self) -> bool:
        """Whether messages may hold something for partitions that are no longer here."""
        due = self.passing is not None and self.passing.due
        return bool(self.onward or due or (self._gone and self._sealed))

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
                self._fill.shrink(each.element, each.tuples)
        turn = None if self._gates is None else Codec.place(frames)
        for segment in segments:
            if segment.values:
                self._append(source, segment, turn, Codec.birth(frames))
        return lost

    def next(self, element: int, most: int) -> tuple[int, str, list[Any]]:
        """Take up to `most` tuples of one segment out of the line of `element`, which is not empty."""
        line = self.lines[element]
        partition, port, values = line.popleft()
        if len(values) > most:
            line.appendleft((partition, port, values[most:]))
            values = values[:most]
        self._fill.shrink(element, len(values))
        return partition, port, values

    def image(self, committed: Sequence[int]) -> InLine:
        """All that is in line as of a cut; `committed`: the last transaction of each rank that counts."""
        from hpcd4p.runtime.commit.in_line import InLine, counts_for  # most runs are over by then

        lined = [Segment(element, *each) for element, line in self.lines.items() for each in line]
        unsaid = [] if self.passing is None else self.passing.unsaid()
        kept = [arrival for each in self._kept.values() for arrival in each]
        held: list[tuple[Turn, Waiting]] = []
        if self.order is not None:
            kept, held = self.order.held(kept)
        sealed = [what for what in (*self._sealed, *kept) if counts_for(committed, what)]
        held = [each for each in held if counts_for(committed, each[1])]
        gates = None if self._gates is None else self._gates.copy()
        return InLine([*self.onward, *lined, *unsaid], sealed, held, gates)

    def restore(self, lined: Iterable[Lined], epoch: int) -> None:
        """Put in line what was in line, here or elsewhere, when the cut for checkpoint `epoch` was made."""
        for segment, turn in lined:
            if self.order is not None and turn is not None:
                self.held[segment.element] += len(segment.values)
                self.order.put_past(turn, epoch, (0, segment, None))
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
        return self._fill.take_news()

    @property
    def has_news(self) -> bool:
        """Whether `take_news` has something to say: senders are waiting for it, or should."""
        starves = self.order is not None and self.starves and self.waits() != self.order.said
        return starves or any(self._fill.news())
