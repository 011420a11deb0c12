"""A task leased by a rank: how much of it an earlier holder has committed, and how much this one.

A call that writes very much commits in parts. The rank that runs it again after a death skips as many writes
and dead letters as were committed; so such calls must write the same again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpcd4p.plan.model import UNDECLARED
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.messages import Task

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.letters import Failure
    from hpcd4p.wire.place import Numbering


class Lease:
    """One task while it runs on this rank.

    Parameters
    ----------
    instance
        What runs it.
    """

    __slots__ = (
        "_letters",
        "_outputs",
        "_skip",
        "_skip_letters",
        "_written_before",
        "apart",
        "began",
        "born",
        "instance",
        "lent",
        "numbers",
        "parted",
        "task",
    )

    def __init__(self, task: Task, instance: Instance, now: float) -> None:
        self.task = task
        self.instance = instance
        self.apart = False
        """Whether it runs in another process: then nothing that results from it may run here."""
        self.lent = False
        """Whether a rank runs it beside its own work; see `runtime.rank.lending`."""
        self.began = now
        self.born = Codec.born(task.payload)
        """See `Outbox.born`."""
        self.parted = bool(task.progress)
        """Whether a part of it is committed."""
        done = task.progress
        self.numbers: Numbering | None = None
        """Of what it writes, if that is to be put in order."""
        if task.place is not None:
            from hpcd4p.wire.place import Numbering

            self.numbers = Numbering.of(task.place, done, task.element)
            done = done[:-1]
        self._skip_letters, *writes = done or (0,)
        self._outputs = (*instance.plan.outputs, UNDECLARED)
        self._skip = {o: n for o, n in zip(self._outputs, writes, strict=False) if n}
        self._written_before = dict(instance.written_by)
        self._letters = 0

    @property
    def repeating(self) -> bool:
        """Whether this rank is still repeating what an earlier holder has committed."""
        return bool(self._skip_letters or any(self._skip.values()))

    def skip_committed(self, out: list[tuple[str, list[Any]]]) -> list[tuple[str, list[Any]]]:
        """The part of `out`, written by the task's own element, that is not committed yet."""
        kept = []
        for output, values in out:
            skip = min(self._skip.get(output, 0), len(values))
            if skip:
                self._skip[output] -= skip
            if skip < len(values):
                kept.append((output, values[skip:]))
        return kept

    def skip_letter(self) -> bool:
        """Count one more dead letter of its element; whether an earlier holder has committed it."""
        self._letters += 1
        if not self._skip_letters:
            return False
        self._skip_letters -= 1
        return True

    def progress(self) -> tuple[int, ...]:
        """What will have been committed with the current transaction: as `Task.progress`, without numbers."""
        written = [self.instance.written_by.get(o, 0) - self._written_before.get(o, 0) for o in self._outputs]
        return self._letters, *written


class Leases:
    """The tasks that a rank is running: one, or several when calls are nested (`runtime.rank.pump`).

    A task runs its own element, and others that run locally. An element is never in two calls at a time on a
    rank, so each element belongs to at most one task.
    """

    def __init__(self) -> None:
        self._of: dict[int, Lease] = {}

    def of(self, element: int) -> Lease | None:
        """The task for which `element` runs now, or None."""
        return self._of.get(element)

    def lend(self, element: int, lease: Lease) -> None:
        """From now on `element` runs for the task of `lease`."""
        self._of[element] = lease

    def end(self, lease: Lease) -> None:
        """The task of `lease` is done, or given back."""
        self._of = {e: each for e, each in self._of.items() if each is not lease}

    def skip(self, failure: Failure) -> bool:
        """Whether `failure` is one that an earlier holder of its task has committed."""
        lease = self._of.get(failure.element)
        return lease is not None and failure.element == lease.task.element and lease.skip_letter()
