"""How a run goes on in its job when something that it needs has died: the next incarnation. Rank 0 only.

Every rank that lives leaves the incarnation that there was, and says that it waits (`launch.between`). Those
that do get a new plan, in which each keeps its number, and go on from the last checkpoint. They have another
Redis, or other keys, and other MPI tags, so nothing that was said before is heard again.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING

from hpcd4p.errors import BrokerLost, BrokerRefused, CheckpointError, RankLost, RunStopped
from hpcd4p.logs import module_log
from hpcd4p.record.summary import RankFigures
from hpcd4p.runtime.head.lead import say
from hpcd4p.runtime.rank.account import role_of

if TYPE_CHECKING:
    from hpcd4p.control.restarts import Restarts
    from hpcd4p.launch.checkpointing import Checkpoints
    from hpcd4p.launch.muster import Muster
    from hpcd4p.plan.model import Plan
    from hpcd4p.runtime.execute.setup import Setup
    from hpcd4p.runtime.head.head import Head
    from hpcd4p.runtime.run_spec import RunSpec
    from hpcd4p.transport.mpi_between import HeadSide

READY_S = 10.0
"""A rank that is longer in one tuple, or in one call of C, has no part in the next incarnation."""

LOOK_S = 0.005

ALIVE_S = 0.1
"""Between two looks which ranks live."""

_log = module_log(__name__)


class GoingBack:
    """Of one run.

    Attributes
    ----------
    number
        Of the incarnation; the first is 0.
    lost
        What is known of the ranks that have no part in it.
    """

    def __init__(self, spec: RunSpec, kept: Checkpoints, muster: Muster) -> None:
        self.number = 0
        self.lost: dict[int, RankFigures] = {}
        self._spec = spec
        self._kept = kept
        self._muster = muster
        self._everyone = [0, *spec.plan.others]
        self._agreed: RunStopped | None = None
        self._worked_s = 0.0
        self._called = False
        """Whether the ranks have been called back at least once."""

    @cached_property
    def _restarts(self) -> Restarts:
        from hpcd4p.control.restarts import Restarts

        return Restarts(self._kept.restarts)

    @cached_property
    def _side(self) -> HeadSide:
        from hpcd4p.transport.mpi_between import HeadSide

        return HeadSide()

    def agrees(self, head: Head, stop: RunStopped) -> bool:
        """Whether the run goes on after it was stopped so; notes who was lost."""
        why_not = self._why_not(head, stop)
        if why_not:
            _log.info("the run does not go on here: %s", why_not)
            return False
        for each in head.story.figures:
            if each.state == "lost":
                self.lost[each.rank] = each
        for rank in self._everyone:
            if head.coordinator.liveness.is_lost(rank):
                self._lose(rank)
        self._agreed, self._called = stop, True
        self._worked_s = head.clock.elapsed()
        return True

    def _why_not(self, head: Head, stop: RunStopped) -> str:
        if not isinstance(stop, RankLost | BrokerLost) or isinstance(stop, BrokerRefused) or head.interrupted:
            return "it was stopped"
        if self._kept.sink.broken:
            return self._kept.sink.broken
        cutter, cutting = head.coordinator.cutter, head.loop.cutting
        # what elements keep outside themselves is not as it was at the checkpoint
        if cutter is None or not cutter.possible or cutting is None or cutting.has_changed():
            return "elements keep something outside themselves"
        if head.story.claimed or head.story.doubted:
            return "elements have changed that were taken for stateless"
        if not self._restarts.again(self._kept.newest):
            return f"that was the last time from checkpoint {self._kept.newest} (--restarts)"
        return ""

    def _lose(self, rank: int) -> None:
        self.lost.setdefault(rank, RankFigures(rank=rank, role=role_of(self._spec.plan, rank), state="lost"))

    def after(self, stop: RunStopped) -> Plan | None:
        """The plan on the ranks that go on after `stop`; None if they are too few, or it was not agreed to.

        The checkpoints of the run are at the last one then, and its sink, too.
        """
        from hpcd4p.plan.survivors import LEAST, among

        agreed, self._agreed = self._agreed, None
        if agreed is not stop:
            return None
        ranks = self._gather()
        for rank in self._everyone:
            if rank not in ranks:
                self._lose(rank)
        if len(ranks) < LEAST:
            return None
        epoch = self._kept.newest
        since = f"from checkpoint {epoch}" if epoch else "from its start"
        what = str(stop).partition(". ")[0].partition("; ")[0].partition(": ")[0]
        left = f"on {len(ranks)} of {len(self._everyone)} ranks"
        why = f"{what}; it goes on {since}, {left}"
        try:
            self._kept.go_back(why, len(ranks), self._worked_s)
        except CheckpointError as error:
            _log.info("it does not go on: %s", error)
            return None
        say(why)
        self.number += 1
        return among(self._spec.plan, ranks, self._spec.settings)

    def _gather(self) -> list[int]:
        """Ranks that wait to go on, and this one; the others have died, or do something else for long."""
        end = time.monotonic() + READY_S
        looked = 0.0
        awaited = set(self._everyone)
        while awaited and (now := time.monotonic()) < end:
            self._side.look()
            if now - looked > ALIVE_S:
                looked = now
                alive = self._muster.alive()
            awaited = {
                r for r in self._everyone if r and r in alive and r not in self.lost
            } - self._side.ready
            if awaited:
                time.sleep(LOOK_S)
        if awaited:
            _log.info("rank %s does not come", ", ".join(map(str, sorted(awaited))))
        return [0, *sorted(r for r in self._side.ready if r in self._everyone)]

    def brief(self, ranks: Collection[int], setup: Setup) -> None:
        """Send the ranks of the next incarnation their setup."""
        self._side.send(ranks, pickle.dumps(setup, protocol=5))

    def dismiss(self) -> None:
        """Send those home that still wait, or will: the run is over."""
        if self._called:
            self._side.send([rank for rank in self._everyone if rank], b"")
