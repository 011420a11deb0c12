"""What rank 0 keeps of what the ranks did, span by span (`--trace`): the newest of each, and how many went.

It outlasts the incarnations of a run: what a rank that is lost has told is in the record.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from hpcd4p.record.spans import SIZE, most_of
from hpcd4p.record.trace import RankTrace, Trace
from hpcd4p.runtime.rank.reports import CLOCKS_S

if TYPE_CHECKING:
    from hpcd4p.plan.model import Plan
    from hpcd4p.runtime.execute.spans import Spans
    from hpcd4p.wire.reports import Traced

MOST_LOOKS = 2048
"""Looks at the memory of one rank that are kept; then every second one goes."""


class _Kept:
    """Of one rank in one incarnation."""

    def __init__(self, rank: int, life: int, began: float) -> None:
        self.rank, self.life, self.began = rank, life, began
        self.parts: deque[bytes] = deque()
        self.spans = self.dropped = 0
        self.memory: list[tuple[float, int]] = []

    def add(self, told: Traced, most: int) -> None:
        self.parts.append(told.spans)
        self.spans += len(told.spans) // SIZE
        self.dropped += told.dropped
        while self.spans > most:
            oldest = self.parts.popleft()
            over = min(len(oldest) // SIZE, self.spans - most)
            if rest := oldest[over * SIZE :]:
                self.parts.appendleft(rest)
            self.spans -= over
            self.dropped += over
        self.memory += told.memory
        if len(self.memory) > MOST_LOOKS:
            del self.memory[::2]


class Tracing:
    """Of one run; on the head."""

    def __init__(self, plan: Plan) -> None:
        self._elements = [element.name for element in plan.elements]
        self._most = most_of(plan.size)
        self._kept: dict[tuple[int, int], _Kept] = {}
        self._life = -1
        self._started = 0.0

    def begin(self, started: float) -> None:
        """Note that an incarnation of the run begins: at `Clock.instant` of its start."""
        self._life += 1
        self._started = started

    def take(self, told: Traced) -> None:
        """Keep what a rank has told."""
        kept = self._kept.get((self._life, told.rank))
        if kept is None:
            # a clock that is wrong is not believed: see `CLOCKS_S`
            began = told.began if abs(told.began - self._started) <= CLOCKS_S else self._started
            kept = self._kept[self._life, told.rank] = _Kept(told.rank, self._life, began)
        kept.add(told, self._most)

    def trace(self, own: Spans | None) -> Trace:
        """All that is known, with what rank 0 did; in the time of the incarnation at hand."""
        if own is not None:
            self.take(own.told())
        ranks = [
            RankTrace(k.rank, k.life, k.began - self._started, k.dropped, list(k.parts), k.memory)
            for k in self._kept.values()
        ]
        return Trace(self._most, self._elements, ranks)
