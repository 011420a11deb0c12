"""What an element has written and nobody has taken, by output.

Each output has a list of its own: the loops append to it. Where the paths of several outputs meet again, the
order of the writes on all of them is kept beside the lists (`Sequence`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any

NO_LIMITS: Mapping[str, int] = {}

Sink = Callable[[str, Any], None]
"""Takes an output and what is written on it."""

Written = list[tuple[str, list[Any]]]
"""(output, values)."""


class Outputs:
    """Of one instance.

    Parameters
    ----------
    forks
        Outputs from which paths part that meet again: see `plan.meeting`.

    Attributes
    ----------
    lists
        By output.
    sequence
        None: the order of writes on several outputs does not matter.
    """

    def __init__(self, names: Iterable[str], forks: tuple[str, ...]) -> None:
        self.lists: dict[str, list[Any]] = {name: [] for name in names}
        self.sequence = Sequence(forks) if len(forks) > 1 else None

    def appended_to(self, name: str, sink: Sink) -> list[Any]:
        """The list of an output, for a loop; if its order has to be kept, `sink` takes what comes there."""
        if self.sequence is None or name not in self.sequence.outputs:
            return self.lists[name]
        return _Appender(lambda value: sink(name, value))

    def take(self, most: Mapping[str, int]) -> Written:
        """Take out at most `most` of each output; no list is empty."""
        sequence = self.sequence
        taken = [] if sequence is None else sequence.take(self.lists, most)
        for name, values in self.lists.items():
            if sequence is not None and name in sequence.outputs:
                continue
            part = values[: most.get(name)]
            if part:
                # the list itself stays: a loop, perhaps in another thread, is appending to it
                del values[: len(part)]
                taken.append((name, part))
        return taken

    def hold(self, out: Written) -> None:
        """Hold what the element has written elsewhere."""
        for name, values in out:
            if self.sequence is not None:
                self.sequence.note(name, len(values))
            self.lists.setdefault(name, []).extend(values)

    def drop(self, name: str, most: int) -> int:
        """Forget the first that is written on an output, so much at most; gives how much that was."""
        values = self.lists.get(name, [])
        count = min(most, len(values))
        if self.sequence is not None:
            self.sequence.drop(name, count)
        del values[:count]
        return count

    def take_back(self, before: Mapping[str, int]) -> None:
        """Forget what is written since each output held so much."""
        for name, values in self.lists.items():
            del values[before.get(name, 0) :]
        if self.sequence is not None:
            self.sequence.cut(self.lists)

    def forget(self) -> None:
        """Forget all."""
        self.take_back(NO_LIMITS)


class Sequence:
    """In which order there were writes on some outputs.

    A write is noted before it is in its list: a thread that takes meanwhile takes what is in both.
    """

    def __init__(self, outputs: tuple[str, ...]) -> None:
        self.outputs = frozenset(outputs)
        self._names: list[str] = []

    def note(self, name: str, count: int = 1) -> None:
        """So many writes on an output come next."""
        if name in self.outputs:
            self._names += [name] * count

    def take(self, lists: Mapping[str, list[Any]], most: Mapping[str, int]) -> Written:
        """Take out what comes before the first of which no more may be taken. An output may come again."""
        left = {name: min(len(lists[name]), most.get(name, len(lists[name]))) for name in self.outputs}
        count = 0
        for name in self._names:
            if not left[name]:
                break
            left[name] -= 1
            count += 1
        names = self._names[:count]
        del self._names[:count]
        taken, at = [], dict.fromkeys(self.outputs, 0)
        for name, run in groupby(names):
            end = at[name] + len(list(run))
            taken.append((name, lists[name][at[name] : end]))
            at[name] = end
        for name, end in at.items():
            del lists[name][:end]
        return taken

    def drop(self, name: str, count: int) -> None:
        """The first `count` writes on an output are forgotten."""
        kept = []
        for each in self._names:
            if count and each == name:
                count -= 1
            else:
                kept.append(each)
        self._names[:] = kept

    def cut(self, lists: Mapping[str, list[Any]]) -> None:
        """The last writes are forgotten, as many as are not in `lists`."""
        del self._names[sum(len(lists[name]) for name in self.outputs) :]


class _Appender(list[Any]):
    """To a loop it is the list of an output; it holds nothing."""

    def __init__(self, write: Callable[[Any], None]) -> None:
        super().__init__()
        self._write = write

    def append(self, value: Any) -> None:
        self._write(value)
