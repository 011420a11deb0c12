"""What a source writes again after a restart, and is dropped: it was taken before the cut.

The source's thread drops; the main thread takes nothing of an output before it has come to what is new.
"""

from __future__ import annotations

from collections.abc import Mapping

from hpcd4p.runtime.execute.instance import NO_LIMITS, Instance
from hpcd4p.wire.position import SourcePosition


class Repetition:
    """What is left to be dropped.

    Parameters
    ----------
    instance
        That of the source; it counts on from what was taken.
    at
        Where the cut has found it; None: nothing is repeated.

    Attributes
    ----------
    outputs
        Tuples, for each output that has not come to what is new.
    failures
        How many.
    """

    def __init__(self, instance: Instance, at: SourcePosition | None) -> None:
        self._instance = instance
        self.outputs: dict[str, int] = {}
        self.failures = 0
        if at is not None:
            instance.written_by.update(at.written)
            instance.written = sum(at.written.values())
            instance.out_bytes = at.written_bytes
            before = at.mark.written if at.mark is not None else {}
            left = {name: count - before.get(name, 0) for name, count in at.written.items()}
            self.outputs = {name: count for name, count in left.items() if count}
            self.failures = at.failed - (at.mark.failed if at.mark is not None else 0)

    def drop(self) -> bool:
        """Drop what is there; whether an output has come to what is new. The source's thread."""
        new = False
        for name, left in list(self.outputs.items()):
            values, sequence = self._instance.out.get(name, []), self._instance.sequence
            count = min(left, len(values))
            if sequence is not None:
                sequence.drop(name, count)
            del values[:count]
            if count < left:
                self.outputs[name] = left - count
            else:
                del self.outputs[name]  # after the tuples: the main thread may take from now on
                new = True
        return new

    def fails(self) -> bool:
        """Whether the failure that has just come was told before. The source's thread."""
        if not self.failures:
            return False
        self.failures -= 1
        return True

    def limits(self, most: Mapping[str, int] = NO_LIMITS) -> Mapping[str, int]:
        """`most` to take of each output, and nothing of those that are repeated."""
        return {**most, **dict.fromkeys(list(self.outputs), 0)} if self.outputs else most

    def lack(self) -> str:
        """What did not come again, in words; asked at the end of the source."""
        lacks = [f"{count:,} tuples less on {name!r}" for name, count in self.outputs.items()]
        if self.failures:
            lacks.append(f"{self.failures:,} failures less")
        return ", ".join(lacks)
