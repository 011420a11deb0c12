"""Makes the checkpoints of a run in one process.

Nobody has to stand still for it: it is asked where nothing is under way. `control.cutting` decides when;
files are the business of `Keeper` and `Saver`, the same as on many ranks.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from hpcd4p.control.cutting import (
    LOOK_S,
    SLOW_S,
    WRITE_S,
    CutState,
    cause,
    first_due,
    new_life,
    next_due,
    refused,
    slow,
)
from hpcd4p.errors import CheckpointError
from hpcd4p.runtime.head.keeper import row_of, words_of

if TYPE_CHECKING:
    from hpcd4p.record.survival import CheckpointRow, Survival
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.head.keeper import Keeper, Kept
    from hpcd4p.runtime.rank.cutting import Saver
    from hpcd4p.runtime.rank.imaging import Image
    from hpcd4p.wire.cut_reports import Saved
    from hpcd4p.wire.resumption import Fixed


class SequentialCutter:
    """The checkpoints of one run.

    Parameters
    ----------
    interval_s
        Seconds between two; None: as `control.cutting` decides.
    event
        Adds a line to the story of the run.
    epoch
        The last one of the run that this one goes on from.
    required, survival
        See `Cutter`.
    """

    def __init__(
        self,
        keeper: Keeper,
        saver: Saver,
        interval_s: float | None,
        clock: Clock,
        event: Callable[[str, str], None],
        epoch: int,
        survival: Survival,
        required: bool = False,
    ) -> None:
        self._keeper = keeper
        self._saver = saver
        self._interval_s = interval_s
        self._clock = clock
        self._event = event
        self._epoch = epoch
        self._base = 0
        """The last complete one of this run."""
        self._life = new_life()
        self._required = required
        self._next = clock.started if required else first_due(interval_s, clock.started)
        self._survival = survival
        self._newest: float | None = None
        """When the last complete one was cut."""
        self._began = self._cost_s = 0.0
        self._saves: list[Saved] = []
        self._tries = 0
        self._said: set[str] = set()
        self._wanted = float("inf")
        """From when on a checkpoint must have begun to be the last one; infinity: none is the last."""
        self.hurried = False
        """Whether what became of the one that `hurry` has asked for is known."""

    def hurry(self) -> None:
        """Make one more as soon as possible: the run is about to end."""
        self._wanted = self._next = self._clock.now()

    def age_s(self) -> float:
        """See `Cutter.age_s`."""
        return float("inf") if self._newest is None else self._clock.now() - self._newest

    def look(self, now: float, cut: Callable[[], tuple[Fixed, Image]]) -> None:
        """Make a checkpoint if it is due, or see what has become of the last one.

        Parameters
        ----------
        cut
            Gives what the process holds; may raise `CheckpointError`.

        Raises
        ------
        CheckpointError
            The first one cannot be made, and it is `required`.
        """
        if now < self._next:
            return
        self._next = now + LOOK_S
        state = self._life.state
        if state is not CutState.NONE and now > self._began + SLOW_S:
            self._say("slow", slow(self._epoch))
        if state is CutState.NONE:
            self._begin(now, cut)
        elif state is CutState.SAVING:
            for saved in self._saver.ended():
                self._saved(saved, now)
            if self._life.state is CutState.SAVING and now > self._began + WRITE_S:
                self._give_up(f"what the run holds was not saved in {WRITE_S:.0f} s")
        elif state is CutState.COMPLETING:
            for kept in self._keeper.ended():
                self._ended(kept, now)

    def _begin(self, now: float, cut: Callable[[], tuple[Fixed, Image]]) -> None:
        self._began, self._cost_s, self._saves = now, 0.0, []
        self._epoch += 1
        self._life.go(CutState.SETTLING, f"epoch {self._epoch}", now)
        try:
            fixed, image = cut()
            self._keeper.begin(self._epoch)
            self._keeper.fix(self._epoch, fixed)
        except CheckpointError as error:
            self._give_up(str(error))
            return
        self._saver.save(self._epoch, self._base, image)
        self._life.go(CutState.SAVING, "nothing is under way", now)
        self._cost_s = self._clock.now() - now

    def _saved(self, saved: Saved, now: float) -> None:
        if saved.epoch != self._epoch:  # of one that was given up
            return
        if saved.why_not:
            self._give_up(f"what the run holds could not be saved: {saved.why_not}", saved.no_room)
            return
        self._saves = [saved]
        self._life.go(CutState.COMPLETING, "all is saved", now)
        self._keeper.complete(self._epoch, [saved], self._row(now))

    def _ended(self, kept: Kept, now: float) -> None:
        if kept.why_not:
            self._base = 0  # a file to which others refer may be gone
            self._give_up(kept.why_not)
            return
        row = self._row(now)._replace(size=kept.size)
        self._survival.add(row)
        self._newest = self._began
        self._event("checkpoint", words_of(row, "the run"))
        self._tries = 0
        self._required = False
        self._base = self._epoch
        self._end(now)

    def _row(self, now: float) -> CheckpointRow:
        kept, wrote_s = self._survival, now - self._began - self._cost_s
        began_s = kept.before_s + self._began - self._clock.started
        return row_of(self._epoch, began_s, kept.incarnation, self._cost_s, wrote_s, self._saves)

    def _give_up(self, why: str, no_room: bool = False) -> None:
        self._warn(why)
        self._survival.add(self._row(self._clock.now())._replace(why_not=why))
        self._tries += 1
        self._keeper.give_up(self._epoch, no_room)
        self._end(self._clock.now())

    def _end(self, now: float) -> None:
        self._life.go(CutState.NONE, "given up" if self._tries else "complete", now)
        self._next = next_due(self._interval_s, now, self._began, self._row(now).cost_s, self._tries)
        if now >= self._wanted:
            self._next = now
            self.hurried = self._began >= self._wanted

    def _warn(self, why: str) -> None:
        if self._required:
            raise CheckpointError(refused(why))
        self._say(cause(why), f"no checkpoint: {why}")

    def _say(self, cause_: str, text: str) -> None:
        if cause_ not in self._said:
            self._said.add(cause_)
            self._event("checkpoint", text)
            sys.stderr.write(f"\rhpcd4p: {text}\n")  # over the progress line
            sys.stderr.flush()
