"""A task in the hands of a rank: what of it an earlier holder has committed, and what this one has.

A call that writes very much commits in parts. Who runs it again after a death leaves out as many writes and
dead letters as were committed; that is why such calls must be replayable.
"""

from __future__ import annotations

from typing import Any

from hpcd4p.plan.model import UNDECLARED
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.wire.messages import Task


class Lease:
    """One task while it runs on this rank.

    Parameters
    ----------
    instance
        What runs it.
    letters
        Dead letters of this rank so far.
    """

    __slots__ = (
        "_letters_before",
        "_outputs",
        "_skip",
        "_skip_letters",
        "_written_before",
        "apart",
        "began",
        "instance",
        "parted",
        "task",
        "tended",
    )

    def __init__(self, task: Task, instance: Instance, letters: int, now: float) -> None:
        self.task = task
        self.instance = instance
        self.apart = False
        """Whether it runs in another process: then nothing that comes of it may run here."""
        self.began = self.tended = now
        self.parted = bool(task.progress)
        """Whether a part of it is committed."""
        self._skip_letters, *writes = task.progress or (0,)
        self._outputs = (*instance.plan.outputs, UNDECLARED)
        self._skip = {o: n for o, n in zip(self._outputs, writes, strict=False) if n}
        self._written_before = dict(instance.written_by)
        self._letters_before = letters

    @property
    def repeating(self) -> bool:
        """Whether this rank is still at what an earlier holder has committed."""
        return bool(self._skip_letters or any(self._skip.values()))

    def unskipped(self, out: list[tuple[str, list[Any]]]) -> list[tuple[str, list[Any]]]:
        """What is new of `out`, which the task's own element has written."""
        kept = []
        for output, values in out:
            skip = min(self._skip.get(output, 0), len(values))
            if skip:
                self._skip[output] -= skip
            if skip < len(values):
                kept.append((output, values[skip:]))
        return kept

    def skips_letter(self) -> bool:
        """Whether the dead letter that comes now was committed by an earlier holder."""
        if not self._skip_letters:
            return False
        self._skip_letters -= 1
        return True

    def progress(self, letters: int) -> str:
        """What has been committed once the transaction at hand is, as `Task.progress` in words."""
        written = [self.instance.written_by.get(o, 0) - self._written_before.get(o, 0) for o in self._outputs]
        return " ".join(map(str, [letters - self._letters_before, *written]))
