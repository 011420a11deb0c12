"""Puts what has come through the pool in the order of its places again.

Owns the rule for whose turn it is: something that is committed, comes before the watermark, and after nothing
that may still come. The watermark says that all tasks before it are finished; what those have sent was
matched before they were, so it is in line here already, or set aside (its notice is on its way), or is being
received.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from hpcd4p.wire.codec import Codec
from hpcd4p.wire.messages import Arrival
from hpcd4p.wire.place import END, LAST, NOTHING, PAST, Lane, Turn, past_first, past_turn

if TYPE_CHECKING:
    from hpcd4p.runtime.commit.lined import Waiting
    from hpcd4p.runtime.commit.turn_times import TurnTimes
    from hpcd4p.transport.broker import Mesh


class _Aside:
    """Paths of what is set aside, of one origin: the least of them, quickly."""

    __slots__ = ("_count", "_heap")

    def __init__(self) -> None:
        self._heap: list[str] = []
        self._count: Counter[str] = Counter()

    def add(self, path: str) -> None:
        self._count[path] += 1
        if self._count[path] == 1:
            heappush(self._heap, path)

    def remove(self, path: str) -> None:
        self._count[path] -= 1

    @property
    def least(self) -> str:
        """`END`: there is none."""
        while self._heap and self._count[self._heap[0]] <= 0:
            del self._count[heappop(self._heap)]
        return self._heap[0] if self._heap else END


class Reorder:
    """What waits for its turn on one rank.

    Parameters
    ----------
    lanes
        Those that lead to its partitions.
    times
        Notes how long what waits does so.

    Attributes
    ----------
    watch
        The lanes that it has to look at.
    stands
        Whether nothing gets in line now.
    said
        What the broker knows of what it `waits` for.
    """

    def __init__(self, lanes: Sequence[Lane], mesh: Mesh, times: TurnTimes) -> None:
        self.said: dict[Lane, str] = {}
        self.stands = False
        self.times = times
        self._mesh = mesh
        self.watch: tuple[Lane, ...] = tuple(lanes)
        self._marks: dict[int, str] = {}
        self._heard: deque[tuple[int, Mapping[int, str]]] = deque()
        self._waiting: dict[int, list[tuple[str, int, Waiting]]] = {}
        self._aside: dict[int, _Aside] = {}
        self._count = 0

    def look_at(self, lanes: Sequence[Lane]) -> None:
        """Look at these lanes, too, from the next answer of the broker on.

        What it has said of their origins until then is of before the move that this is for, so no watermark
        lets in what comes by it too early.
        """
        self.watch = tuple(dict.fromkeys((*self.watch, *lanes)))

    def resume(self) -> None:
        """The run goes on from a checkpoint: what is of the past comes first."""
        past = {(reach, PAST): None for reach, _ in self.watch}
        self.watch = (*past, *self.watch)

    def put(self, turn: Turn, what: Waiting) -> None:
        """Keep something that is committed until its turn comes."""
        self._count += 1
        heappush(self._waiting.setdefault(turn[0], []), (turn[1], self._count, what))
        self.times.came(self._count, _counts(what))

    def put_past(self, turn: Turn, epoch: int, what: Waiting) -> None:
        """The same of what was kept when checkpoint `epoch` was made."""
        self.put(past_turn(turn, epoch), what)

    def aside(self, arrival: Arrival) -> None:
        """A message is here, and not known to be committed."""
        turn = Codec.place(arrival.frames)
        if turn is not None:
            self._aside.setdefault(turn[0], _Aside()).add(turn[1])

    def not_aside(self, arrival: Arrival) -> None:
        """It is committed, or will never be."""
        turn = Codec.place(arrival.frames)
        if turn is not None:
            self._aside[turn[0]].remove(turn[1])

    def hear(self, watermarks: Mapping[int, str]) -> None:
        """Note what the broker says now; it counts once all that is matched by now has been received."""
        if self._heard or any(self._marks.get(origin) != mark for origin, mark in watermarks.items()):
            self._heard.append((self._mesh.matched, watermarks))

    @property
    def has_news(self) -> bool:
        """Whether the turn of something may have come."""
        return bool(self._heard)

    def ready(self) -> Iterator[tuple[Waiting, dict[int, int]]]:
        """Take out, one after the other, all whose turn has come; with its tuples by element."""
        if not self.stands:
            yield from self._ready()
        self.times.settled()

    def _ready(self) -> Iterator[tuple[Waiting, dict[int, int]]]:
        while self._heard and self._heard[0][0] <= self._mesh.whole:
            self._marks.update(self._heard.popleft()[1])
        if not self._waiting:
            return
        if not self._is_over():
            yield from self._ready_of(PAST)
            if not self._is_over():
                return
        for origin in list(self._waiting):
            yield from self._ready_of(origin)

    def _is_over(self) -> bool:
        """Whether nothing of the past is left, if there was any."""
        if PAST in self._waiting:
            return False
        if self.watch[0][1] != PAST:
            return True
        aside = self._aside.get(PAST)
        return self._marks.get(PAST, NOTHING) == END and (aside is None or aside.least == END)

    def _ready_of(self, origin: int) -> Iterator[tuple[Waiting, dict[int, int]]]:
        line = self._waiting.get(origin)
        if not line:
            return
        mark, aside = self._marks.get(origin, NOTHING), self._aside.get(origin)
        while line and line[0][0] < mark and (aside is None or line[0][0] <= aside.least):
            _, number, what = heappop(line)
            yield what, self.times.went(number)
        if not line:
            del self._waiting[origin]

    def is_past(self, origin: int, path: str) -> bool:
        """Whether all of an origin that comes before `path` has had its turn."""
        line, aside = self._waiting.get(origin), self._aside.get(origin)
        return (
            self._marks.get(origin, NOTHING) >= path
            and (not line or line[0][0] >= path)
            and (aside is None or aside.least >= path)
            and self._is_over()
        )

    def waits(self, more: Iterable[tuple[int, str]] = ()) -> dict[Lane, str]:
        """By lane, the path of the first that waits: everything before it has to be finished.

        Parameters
        ----------
        more
            Origins and paths before which everything has to be finished as well.
        """
        fronts = {origin: line[0][0] for origin, line in self._waiting.items()}
        needed = bool(fronts)
        for origin, path in more:
            needed = True
            if self._marks.get(origin, NOTHING) < path:
                fronts[origin] = min(path, fronts.get(origin, path))
        waits = {lane: fronts[lane[1]] for lane in self.watch if lane[1] in fronts}
        if not needed or self._is_over():
            return waits
        # what is not of the past waits for all of it
        return waits | {lane: fronts.get(PAST, LAST) for lane in self.watch if lane[1] == PAST}

    def held(self, aside: Sequence[Arrival]) -> tuple[list[Arrival], list[tuple[Turn, Waiting]]]:
        """What of `aside` has no place; and with their places, in order, the others and all that waits."""
        found: list[tuple[Turn, int, Waiting]] = []
        for origin, line in self._waiting.items():
            found += (((origin, path), count, what) for path, count, what in line)
        without: list[Arrival] = []
        for number, arrival in enumerate(aside, self._count + 1):
            turn = Codec.place(arrival.frames)
            if turn is None:
                without.append(arrival)
            else:
                found.append((turn, number, arrival))
        found.sort(key=lambda each: (past_first(each[0]), each[1]))
        return without, [(turn, what) for turn, _, what in found]


def _counts(what: Waiting) -> dict[int, int]:
    if not isinstance(what, Arrival):
        return {what[1].element: len(what[1].values)}
    return {element: count for element, count in Codec.counts(what.frames).items() if count}
