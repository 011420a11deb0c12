"""In which order an element has written on several outputs whose paths meet again.

An instance keeps a list for each output. That is all, unless it matters which write on one of them was before
which on another one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any


class Sequence:
    """Of one instance.

    A write is noted before it is in its list: a thread that takes meanwhile takes what is in both.

    Parameters
    ----------
    outputs
        From which paths part that meet again: see `plan.meeting`.
    """

    def __init__(self, outputs: tuple[str, ...]) -> None:
        self.outputs = frozenset(outputs)
        self._names: list[str] = []

    def note(self, name: str, count: int = 1) -> None:
        """So many writes on an output come next."""
        if name in self.outputs:
            self._names += [name] * count

    def noting(self, sink: Callable[[str, Any], None]) -> Callable[[str, Any], None]:
        """What takes writes, notes them and gives them to `sink`."""

        def write(name: str, value: Any) -> None:
            self.note(name)
            sink(name, value)

        return write

    def take(self, lists: Mapping[str, list[Any]], most: Mapping[str, int]) -> list[tuple[str, list[Any]]]:
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

    def list_of(self, name: str, own: list[Any], sink: Callable[[str, Any], None]) -> list[Any]:
        """What a loop appends to: `own`, the list of an output, or what passes it on to `sink`."""
        return _Appender(lambda value: sink(name, value)) if name in self.outputs else own


class _Appender(list[Any]):
    """To a loop it is the list of an output; it holds nothing."""

    def __init__(self, write: Callable[[Any], None]) -> None:
        super().__init__()
        self._write = write

    def append(self, value: Any) -> None:
        self._write(value)
