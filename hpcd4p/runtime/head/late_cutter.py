"""What a head has in place of a `Cutter` while the run has just begun: most runs end without a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import TYPE_CHECKING, Protocol

from hpcd4p.errors import CheckpointError
from hpcd4p.runtime.head.last_cut import LastCut
from hpcd4p.runtime.rank.cutting import Cutting, Saver

if TYPE_CHECKING:
    from hpcd4p.control.ending import Ending
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.head.cutter import Cutter
    from hpcd4p.runtime.head.story import Story
    from hpcd4p.runtime.rank.loop import RankLoop
    from hpcd4p.wire.cut_reports import AtCut, Saved
    from hpcd4p.wire.messages import Observation

SET_UP_S = 2.0
"""Nothing is made ready for checkpoints before this: a run that is over by then has no cost."""


class Coordinator(Protocol):
    """What is needed of `coordinator.Coordinator`."""

    cutter: Cutter | LateCutter | None


class Head(Protocol):
    """What is needed of `head.Head`."""

    clock: Clock
    loop: RankLoop
    story: Story
    last_cut: LastCut | None

    @property
    def coordinator(self) -> Coordinator:
        """Whoever asks the cutter."""


def prepare(head: Head, saver: Saver, last_s: Callable[[str], float]) -> None:
    """Have rank 0 do its part in checkpoints, as any rank does; before the run.

    Parameters
    ----------
    last_s
        See `LastCut`.
    """
    loop = head.loop
    loop.cutting = Cutting(loop.rank, loop.committer, loop.partitions, saver, loop.clock)
    head.last_cut = LastCut(head.clock, last_s)


class LateCutter:
    """See `Cutter`, which takes its place when it is asked for something, or after `SET_UP_S`.

    Parameters
    ----------
    make
        Makes it; may raise `CheckpointError`, and then no checkpoint is made.
    """

    settling = hurried = False
    standing: tuple[float, Set[int]] = (0.0, frozenset())

    def __init__(self, head: Head, make: Callable[[], Cutter]) -> None:
        self._head = head
        self._make = make
        self._at = head.clock.started + SET_UP_S

    def begin(self) -> Cutter | None:
        """The one that takes its place; None: it could not be made."""
        made: Cutter | None = None
        try:
            made = self._make()
        except CheckpointError as error:
            self._head.story.warn("checkpoint", f"no checkpoint: {error}")
        self._head.coordinator.cutter = made
        return made

    @property
    def possible(self) -> bool:
        """See `Cutter.possible`."""
        made = self.begin()
        return made is not None and made.possible

    def age_s(self) -> float:
        """See `Cutter.age_s`."""
        return float("inf")

    def hurry(self) -> None:
        """See `Cutter.hurry`."""
        made = self.begin()
        if made is not None:
            made.hurry()

    def due(self) -> float:
        """See `Cutter.due`."""
        return self._at

    def take(self, report: AtCut | Saved) -> None:
        """See `Cutter.take`: nobody was asked for any."""

    def look(self, seen: Observation, ending: Ending) -> None:
        """See `Cutter.look`."""
        if self._head.clock.now() >= self._at:
            self.begin()
