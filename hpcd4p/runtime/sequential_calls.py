"""The calls of one root in one process, and what a checkpoint has to know of them.

The same stages as on many ranks (`wire.position`), so either can go on where the other was: a root that keeps
nothing from call to call is kept as the calls that are left; any other as what it has written, and is
repeated, or goes to its position.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

from hpcd4p.runtime.execute.repetition import Repetition
from hpcd4p.runtime.execute.seeking import Counts, Seeking
from hpcd4p.wire.position import SourcePosition, Stage

if TYPE_CHECKING:
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.execute.instance import Instance
    from hpcd4p.runtime.execute.letters import Failure

PROBE_CALLS = 2
"""A root that has not changed after so many calls keeps nothing from call to call (as in `Source`)."""


class Calls:
    """The calls of one root.

    Parameters
    ----------
    instance
        Started.
    inputs
        How many calls, or the input of each.
    cuts
        Whether checkpoints are made.
    at
        Where a cut has found it; None: it begins.

    Attributes
    ----------
    pooled
        Whether it keeps nothing from call to call.
    """

    def __init__(
        self, instance: Instance, inputs: Any, clock: Clock, cuts: bool, at: SourcePosition | None = None
    ) -> None:
        self.instance = instance
        given = range(inputs) if isinstance(inputs, int) else inputs
        self._inputs = given if at is None else given[len(given) - at.calls :]
        self._at = 0
        movable, counted = instance.plan.movable, isinstance(inputs, int)
        if at is None:
            self.pooled = cuts and movable and not counted
        else:
            self.pooled = movable and at.stage is Stage.POOL
        again = at if at is not None and at.stage is Stage.HEAD else None
        self._failed = again.failed if again is not None else 0
        self._repeated = Repetition(instance, again)
        mark = again.mark if again is not None else None
        self._seeking = Seeking(instance, clock, Lock(), self._count, mark)
        self._seeking.prepared()
        self._cuts = cuts
        self._watched: Any = None
        if cuts and movable and counted and not self.pooled and not (again is not None and again.stays):
            from hpcd4p.runtime.execute.watch import Watched

            self._watched = Watched(instance.pe, clock, instance.plan.caches)

    def begin(self) -> None:
        """Before the first call; see `Seeking.begin`."""
        self._seeking.begin()
        self._at = self._seeking.calls

    def next(self, size: int) -> Any:
        """Inputs of the next calls, `size` of them at most; empty: none is left."""
        if self._watched is not None or (self._cuts and self._seeking.by_call):
            size = 1
        part = self._inputs[self._at : self._at + size]
        self._at += len(part)
        self._seeking.calling = True
        return part

    def over(self) -> None:
        """The calls so far are over, with all that followed from them."""
        self._seeking.calling = False
        if not self._cuts:
            return
        self._seeking.calls = self._at
        if self._watched is not None:
            self._probe()
        elif not self.pooled:
            self._seeking.ask()

    def _probe(self) -> None:
        what = self._watched.look(self._at)
        stays = bool(what and not self._watched.fills)
        if stays or self._at >= PROBE_CALLS:
            self.pooled = not stays
            self._watched = None

    def take(self) -> list[tuple[str, list[Any]]]:
        """What it has written since the last call, without what was taken before the cut."""
        if self._repeated.outputs:
            self._repeated.drop()
        out = self.instance.take()
        if self._cuts:
            self._seeking.want()
        return out

    def skips(self, failure: Failure) -> bool:
        """Whether a failure was counted before the cut."""
        if failure.element != self.instance.plan.index:
            return False
        if self._repeated.fails():
            return True
        self._failed += 1
        return False

    def position(self) -> SourcePosition:
        """Where it is, once all is done that follows from what it has written."""
        element = self.instance.plan.index
        if self.pooled:
            return SourcePosition(element, Stage.POOL, len(self._inputs) - self._at)
        taken = self._count()[1]
        mark = self._seeking.best(taken)
        return SourcePosition(
            element,
            Stage.HEAD,
            len(self._inputs),
            self._watched is None,
            *taken,
            self.instance.out_bytes,
            mark,
        )

    def _count(self) -> tuple[Counts, Counts]:
        """What there was of writes and failures, and what of it was taken."""
        taken = Counts(dict(self.instance.written_by), self._failed)
        out, again = self.instance.out, self._repeated
        made = {
            name: taken.written.get(name, 0) + len(out.get(name, ())) - again.outputs.get(name, 0)
            for name in {**taken.written, **out}
        }
        return Counts(made, taken.failed - again.failures), taken

    @property
    def remark(self) -> str:
        """What is to be told once it has ended, in words."""
        lack = self._repeated.lack()
        if lack:
            return f"it was repeated, and has not done the same again: {lack}"
        return self._seeking.remark
