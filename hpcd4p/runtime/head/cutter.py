"""Makes checkpoints, on the head: has the ranks stand still, reads what the broker holds, and has all saved.

See `runtime.rank.cutting` for why the cut is consistent. `control.cutting` decides when; the files are the
business of `Keeper`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from hpcd4p.control.cutting import (
    LOOK_S,
    OFTEN,
    SLOW_S,
    WRITE_S,
    CutState,
    Patience,
    cause,
    first_due,
    new_life,
    next_due,
    refused,
    slow,
    undeclared,
)
from hpcd4p.errors import CheckpointError, ForeignBytesError
from hpcd4p.logs import module_log
from hpcd4p.record.survival import CheckpointRow, Survival
from hpcd4p.runtime.head.keeper import Keeper, Kept, row_of, words_of
from hpcd4p.wire.cut_reports import AtCut, Saved
from hpcd4p.wire.orders import Cut, Fix

if TYPE_CHECKING:
    from hpcd4p.control.ending import Ending
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.head.mover import Mover
    from hpcd4p.runtime.head.story import Story
    from hpcd4p.runtime.rank.link import Link
    from hpcd4p.wire.messages import Observation, Snapshot
    from hpcd4p.wire.orders import Order
    from hpcd4p.wire.resumption import Fixed

_log = module_log(__name__)


class Cutter:
    """The checkpoints of one run.

    Parameters
    ----------
    interval_s
        Seconds between two; None: as `control.cutting` decides.
    give
        Leaves an order with ranks, of which this one may be one.
    fixed
        Gives what the head holds at a cut: of a snapshot and the elements that are drained.
    epoch
        The last one of the run that this one goes on from.
    not_kept
        Of each element that a checkpoint would not hold whole, why: with any of them none is made.
    required
        Whether the run ends if its first checkpoint cannot be made, which it then tries at once.
    survival
        Gets a row for each; it has those of the run that this one goes on from.
    """

    def __init__(
        self,
        keeper: Keeper,
        interval_s: float | None,
        link: Link,
        mover: Mover,
        story: Story,
        clock: Clock,
        give: Callable[[Collection[int], Order], None],
        fixed: Callable[[Snapshot, list[int]], Fixed],
        epoch: int = 0,
        not_kept: Sequence[str] = (),
        required: bool = False,
        survival: Survival | None = None,
    ) -> None:
        self._keeper = keeper
        self._interval_s = interval_s
        self._link, self._mover = link, mover
        self._story = story
        self._clock = clock
        self._give = give
        self._fixed = fixed
        self._epoch = epoch
        self._base = 0  # the last complete one of this run
        self._life = new_life()
        self._not_kept = not_kept
        self._required = required
        self._survival = Survival() if survival is None else survival
        self._newest: float | None = None  # when the last complete one was cut
        self._refused = ""
        self._due = clock.started if not_kept or required else first_due(interval_s, clock.started)
        self._began = self._fixed_at = 0.0
        self._tries, self._patience = 0, Patience()
        self._ranks, self._awaited = set[int](), set[int]()
        self._saved, self._said = list[Saved](), set[str]()
        self._wanted = float("inf")
        """From when on a checkpoint must have begun to be the last one; infinity: none is the last."""
        self.hurried = False
        """Whether the one that `hurry` has asked for is complete, or none can be."""

    @property
    def possible(self) -> bool:
        """Whether reading the elements has shown nothing that a checkpoint would not hold."""
        return not self._not_kept

    @property
    def settling(self) -> bool:
        """Whether ranks stand still: until the cut is fixed nothing may begin that changes what they hold."""
        return self._life.state is CutState.SETTLING

    @property
    def standing(self) -> tuple[float, set[int]]:
        """For how long ranks have stood still, and whom they wait for; of use while `settling`."""
        return self._clock.now() - self._began, self._awaited

    def age_s(self) -> float:
        """Seconds since the moment that the last one holds; infinity: there is none yet."""
        return float("inf") if self._newest is None else self._clock.now() - self._newest

    def hurry(self) -> None:
        """Make one more as soon as possible: the run is about to end."""
        self._wanted = self._due = self._clock.now()

    @property
    def _settle_s(self) -> float:
        return self._patience.settle_s(last=self._wanted < float("inf"))

    def due(self) -> float:
        """When to look next, as far as this knows."""
        if self._life.state is CutState.NONE:
            return self._due
        if self._life.state is CutState.COMPLETING:
            return self._clock.now() + LOOK_S
        return self._began + (self._settle_s if self.settling else WRITE_S)

    def take(self, report: AtCut | Saved) -> None:
        """Take in a report."""
        if report.epoch != self._epoch or report.rank not in self._awaited:
            return
        self._awaited.discard(report.rank)
        if isinstance(report, AtCut) or self.settling:
            return
        self._saved.append(report)
        if report.why_not:
            self._fail(f"rank {report.rank} could not save what it holds: {report.why_not}", report.no_room)

    def look(self, seen: Observation, ending: Ending) -> None:
        """Begin a checkpoint if it is due, fix it if all stand still, complete it if all is saved.

        Raises
        ------
        CheckpointError
            The first one cannot be made, and it is `required`.
        """
        self._advance(seen, ending)
        if self._refused:
            raise CheckpointError(self._refused)

    def _advance(self, seen: Observation, ending: Ending) -> None:
        state, now = self._life.state, self._clock.now()
        if state in (CutState.SAVING, CutState.COMPLETING) and now > self._fixed_at + SLOW_S:
            self._say("slow", slow(self._epoch))
        if state is CutState.NONE:
            if now >= self._due:
                self._due = now + LOOK_S
                if self._may_begin(seen, ending):
                    self._begin(now)
        elif state is CutState.COMPLETING:
            for kept in self._keeper.ended():
                self._ended(kept, now)
        elif not self._awaited:
            if state is CutState.SETTLING:
                self._fix(ending, now)
            else:
                self._life.go(CutState.COMPLETING, "all is saved", now)
                self._keeper.complete(self._epoch, self._saved, self._row(now))
        elif now > self.due():
            self._late(now)

    def _may_begin(self, seen: Observation, ending: Ending) -> bool:
        if self._not_kept or seen.owners:
            names = ", ".join(self._mover.name(e) for e in sorted(seen.owners))
            for text in self._not_kept or [undeclared(names)]:
                self._warn(text)
                self._survival.none_because(text)
            self._due = float("inf")
            self.hurried = True
            return False
        return not (ending.finishing or ending.over or self._mover.moving)

    def _begin(self, now: float) -> None:
        self._epoch += 1
        self._began = self._fixed_at = now
        self._saved = []
        try:
            self._keeper.begin(self._epoch)
        except CheckpointError as error:
            self._warn(str(error))
            self._survival.add(self._row(now)._replace(why_not=str(error)))
            self._tries += 1
            self._due = next_due(self._interval_s, now, now, 0.0, self._tries)
            self.hurried = now >= self._wanted
            return
        self._life.go(CutState.SETTLING, f"epoch {self._epoch}", now)
        self._ranks = {0, *self._mover.hosts}
        self._awaited = set(self._ranks)
        self._give(sorted(self._ranks), Cut(self._epoch, self._base))

    def _fix(self, ending: Ending, now: float) -> None:
        try:
            snapshot = self._link.snapshot()
            self._keeper.fix(self._epoch, self._fixed(snapshot, ending.drained()))
        except (CheckpointError, ForeignBytesError) as error:
            if isinstance(error, CheckpointError):  # the other one is the lot of arrays that are short-lived
                self._warn(str(error))
            self._give(sorted(self._ranks), Fix(self._epoch))
            self._end(str(error))
            return
        of, most = snapshot.committed, max(snapshot.committed, default=0)
        committed = [of.get(rank, 0) for rank in range(most + 1)]
        self._life.go(CutState.SAVING, "all stand still", now)
        self._fixed_at = now
        self._patience.was_enough(now - self._began)
        self._awaited = set(self._ranks)
        self._saved = []
        self._give(sorted(self._ranks), Fix(self._epoch, *committed))
        _log.debug("checkpoint %d: fixed %.1f ms after its begin", self._epoch, 1e3 * (now - self._began))

    def _ended(self, kept: Kept, now: float) -> None:
        if kept.why_not:
            self._base = 0  # a file to which others refer may be gone
            self._fail(kept.why_not)
            return
        self._required = False
        row = self._row(now)._replace(size=kept.size)
        self._survival.add(row)
        self._newest = self._fixed_at
        self._story.event("checkpoint", words_of(row, "ranks with state"))
        self._end()

    def _row(self, now: float) -> CheckpointRow:
        """What there is to know of the one at hand."""
        kept = self._survival
        began_s = kept.before_s + self._began - self._clock.started
        return row_of(self._epoch, began_s, kept.incarnation, 0.0, now - self._fixed_at, self._saved)

    def _late(self, now: float) -> None:
        ranks = ", ".join(map(str, sorted(self._awaited)))
        if self.settling:
            why = f"rank {ranks} was in the middle of a tuple for more than {self._settle_s:g} s"
            _log.info("checkpoint %d is given up: %s", self._epoch, why)
            self._give(sorted(self._ranks), Fix(self._epoch))
            self._patience.was_too_short()
            self._end(why, now - self._began)
            if self._tries == OFTEN:
                self._story.warn("checkpoint", f"no checkpoint yet: {why}; the others wait longer each time")
        else:
            self._fail(f"rank {ranks} has not saved what it holds in {WRITE_S:.0f} s")

    def _fail(self, why: str, no_room: bool = False) -> None:
        self._warn(why)
        self._end(why, no_room=no_room)

    def _end(self, why_not: str = "", stood_s: float = 0.0, no_room: bool = False) -> None:
        now = self._clock.now()
        self._awaited = set()  # what still comes of it means nothing any more
        row = self._row(now)
        if why_not:
            row = row._replace(
                why_not=why_not, stood_ms=max(row.stood_ms, 1e3 * stood_s), cost_s=max(row.cost_s, stood_s)
            )
            self._survival.add(row)
            self._tries += 1
            self._keeper.give_up(self._epoch, no_room)
        else:
            self._tries = 0
            self._base = self._epoch
            self.hurried = self._began >= self._wanted
        self._life.go(CutState.NONE, "given up" if why_not else "complete", now)
        self._due = next_due(self._interval_s, now, self._began, row.cost_s, self._tries)
        if now >= self._wanted:
            self._due = now + LOOK_S

    def _warn(self, text: str) -> None:
        if self._required:
            self._refused = self._refused or refused(text)
        else:
            self._say(cause(text), f"no checkpoint: {text}")

    def _say(self, cause_: str, text: str) -> None:
        if cause_ not in self._said:
            self._said.add(cause_)
            self._story.warn("checkpoint", text)
