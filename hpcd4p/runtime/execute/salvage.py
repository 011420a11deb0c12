"""Reads a batch that cannot be unpickled: all of it but the tuples that are to blame.

It goes through the pickle once more, slowly, with stand-ins for what cannot be made (`stand_ins`): a tuple
that has none in it is as whole as if it had come alone. Imported only after a failure.

In the same way a batch is read of which some object ends the process that makes it: whoever reads is told
of each step before it, and those that have ended a process are left out the next time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from hpcd4p.runtime.execute.stand_ins import EndedProcess, Reader
from hpcd4p.wire.codec import Codec, Unreadable
from hpcd4p.wire.messages import Segment, Task


class Unseen(str):
    """Text that stands in a letter for a tuple that nobody has seen."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class UnreadTuples(NamedTuple):
    """Tuples for an element that cannot be read."""

    element: int
    port: str
    tuples: int
    shown: Unseen
    error: BaseException
    words: str = ""
    """What to say; '': what `error` says."""


def read_task(unreadable: Unreadable, task: Task) -> tuple[str, list[Any], list[UnreadTuples]]:
    """Port and tuples of `task`, as far as they can be read, and what cannot be."""
    return _read_task(Reader(unreadable.frames), task, unreadable.__cause__ or unreadable)


def _read_task(
    reader: Reader, task: Task, error: BaseException | None
) -> tuple[str, list[Any], list[UnreadTuples]]:
    try:
        port, values = reader.load()
    except Exception as another:  # noqa: BLE001  # it is no pickle, as far as this goes
        return "", [], [whole_batch(task.element, "a task", task.tuples, error or another)]
    good, lost = _sift(reader, task.element, port, values)
    return port, good, lost


def read_body(body: memoryview, element: int, tuples: int) -> tuple[str, Any, list[UnreadTuples]]:
    """Port and tuples of a task that `Codec.check` has passed, whether all of them can be read or not."""
    try:
        port, values = Codec.unseal(body)
    except Unreadable as unreadable:
        return read_task(unreadable, Task(element, "", tuples, b"", 0, ()))
    return port, values, []


def read_closely(
    body: memoryview, element: int, tuples: int, note: Callable[[int], None], fatal: Mapping[int, str]
) -> tuple[str, Any, list[UnreadTuples]]:
    """The same, of a task that has ended a process that read it.

    Parameters
    ----------
    note
        Called with the number of each step, before it: a step may run code of the user's.
    fatal
        Steps that are not to be done, and what to say of them. The numbers of those before are the same in
        each process.
    """
    task = Task(element, "", tuples, b"", 0, ())
    return _read_task(Reader(Codec.split(body), note, fatal), task, None)


def read_segments(unreadable: Unreadable, counts: dict[int, int]) -> tuple[list[Segment], list[UnreadTuples]]:
    """Segments of a message, as far as they can be read, and what cannot be; `counts`: tuples by element."""
    reader = Reader(unreadable.frames)
    try:
        whole = reader.load()
    except Exception:  # noqa: BLE001  # it is no pickle, as far as this goes
        error = unreadable.__cause__ or unreadable
        return [], [whole_batch(e, "a message", count, error) for e, count in counts.items()]
    segments, lost = [], []
    for segment in whole:
        good, bad = _sift(reader, segment.element, segment.port, segment.values)
        segments.append(segment._replace(values=good))
        lost += bad
    return segments, lost


def _sift(reader: Reader, element: int, port: str, values: list[Any]) -> tuple[list[Any], list[UnreadTuples]]:
    """The tuples that are whole, and those that are not."""
    good, lost = [], []
    for value in values:
        fault = reader.fault(value)
        if fault is None:
            good.append(value)
        else:
            words = str(fault.error) if isinstance(fault.error, EndedProcess) else ""
            shown = Unseen(f"<cannot be read: {fault.name}>")
            lost.append(UnreadTuples(element, port, 1, shown, fault.error, words))
    return good, lost


def whole_batch(element: int, what: str, tuples: int, error: BaseException) -> UnreadTuples:
    """Tuples of which nothing can be read."""
    return UnreadTuples(element, "", tuples, Unseen(f"<{what} of {tuples} tuples>"), error)
