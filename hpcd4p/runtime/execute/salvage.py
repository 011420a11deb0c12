"""Reads a batch that cannot be unpickled: all of its tuples but those that are to blame.

It goes through the pickle once more, slowly, with stand-ins for objects that cannot be made (`stand_ins`): a
tuple without a stand-in is as good as if it had come alone. Imported only after a failure.

A batch with an object that ends the process that unpickles it is read in the same way: each step is announced
before it is done, and steps that have ended a process are left out the next time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from hpcd4p.runtime.execute.stand_ins import EndedProcess, Reader
from hpcd4p.wire.codec import Codec, Unreadable
from hpcd4p.wire.messages import Segment, Task


class Unseen(str):
    """The text shown in a dead letter for a tuple that could not be read."""

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
    """The message; '': that of `error`."""


def read_task(unreadable: Unreadable, task: Task) -> tuple[str, list[Any], list[UnreadTuples]]:
    """Port of `task`, its tuples that can be read, and those that cannot."""
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
    """The same, for a task that has ended a process that read it.

    Parameters
    ----------
    note
        Called with the number of each step before it is done: a step may run user code.
    fatal
        Steps that must not be done, with the message for each. Steps have the same numbers in every process.
    """
    task = Task(element, "", tuples, b"", 0, ())
    return _read_task(Reader(Codec.split(body), note, fatal), task, None)


def read_segments(unreadable: Unreadable, counts: dict[int, int]) -> tuple[list[Segment], list[UnreadTuples]]:
    """Segments of a message that can be read, and tuples that cannot; `counts`: tuples by element."""
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
    """Tuples without a stand-in, and those with one."""
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
