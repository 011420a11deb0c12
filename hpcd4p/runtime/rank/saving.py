"""Writes what a rank holds at a cut, by partition: any rank can take up any partition again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from hpcd4p.errors import CheckpointError
from hpcd4p.runtime.execute.error_text import show_error
from hpcd4p.runtime.rank.changes import Saved, Since, together
from hpcd4p.runtime.rank.image_file import AGAIN, KEYS, LINE, ImageWriter, Written
from hpcd4p.runtime.rank.in_turn import Part, turns
from hpcd4p.runtime.rank.saved_states import StateWriter
from hpcd4p.runtime.rank.unsavable import Unsavable
from hpcd4p.wire.codec import Codec, Unreadable
from hpcd4p.wire.messages import Arrival, Segment
from hpcd4p.wire.resumption import Key

if TYPE_CHECKING:
    from hpcd4p.runtime.commit.in_line import InLine
    from hpcd4p.runtime.commit.lined import Waiting
    from hpcd4p.runtime.execute.instance import Instance
    from hpcd4p.runtime.rank.imaging import Image
    from hpcd4p.wire.place import Turn


class Saving(NamedTuple):
    """How images are saved."""

    dump: Callable[[Any, Written], None]
    """Pickles into a file."""
    names: Callable[[int], str]
    """Gives the name of an element."""
    apart: Callable[[Part, Written], Saved]
    """Has a part written, perhaps by another process."""


def here(part: Part, file: Written) -> Saved:
    """`Saving.apart`: in this process."""
    return part(file)


def save(image: Image, since: Mapping[Key, Since], how: Saving, file: Written) -> Saved:
    """Write what an image holds: one partition after the other, and of each a part after the other.

    Parameters
    ----------
    since
        The partitions of which changes are enough.

    Raises
    ------
    Unsavable
        A state or a tuple cannot be pickled, or a message not be read.
    """
    instances = {(i.plan.index, i.partition): i for i in image.instances}
    lines: dict[tuple[Key, bool], list[tuple[Any, ...]]] = {}
    for (element, partition, port, values), turn, waits in _in_line(image.lined):
        if values:  # marks, too: they are counted
            entry = (port, values) if turn is None else (port, values, turn)
            lines.setdefault(((element, partition), waits), []).append(entry)
    parts: list[Part] = [
        partial(_save_states, [instances[key] for key in keys], since, how)
        for keys in turns(instances, since)
    ]
    saved = [(how.apart if len(parts) > 1 else here)(part, file) for part in parts]
    for (key, waits), line in lines.items():
        _save_line(key, (image.order_of(key, waits), line), how, file)
    return together(saved)


def _save_states(instances: list[Instance], since: Mapping[Key, Since], how: Saving, file: Written) -> Saved:
    writer = ImageWriter(file)
    states = StateWriter(writer, how.dump)
    for instance in instances:
        key = instance.plan.index, instance.partition
        with _naming(f"the state of {how.names(key[0])}"):
            states.write(key, instance, since.get(key))
    return Saved(writer.bytes[KEYS], writer.bytes[AGAIN] > 0, frozenset(states.shared))


def _save_line(key: Key, line: object, how: Saving, file: Written) -> None:
    writer = ImageWriter(file)
    with _naming(f"a tuple for {how.names(key[0])}"):
        writer.begin(key, LINE)
        how.dump(line, writer)
        writer.end()


def _in_line(lined: InLine) -> Iterator[tuple[Segment, Turn | None, bool]]:
    """Segments, each with its place if it has to wait for its turn, and whether it waits at a gate."""
    yield from ((segment, None, False) for segment in lined.segments)
    gates = lined.gates
    for what in lined.messages:
        for segment in _segments(what):
            admitted = [segment] if gates is None else gates.admit(what[0], segment, _turn(what))
            yield from ((each, None, False) for each in admitted)
    yield from ((segment, turn, True) for segment, turn in gates.held()) if gates is not None else ()
    for turn, what in lined.held:
        yield from ((segment, turn, False) for segment in _segments(what))


def _turn(what: Waiting) -> Turn | None:
    return Codec.place(what.frames) if isinstance(what, Arrival) else what[2]


def _segments(what: Waiting) -> list[Segment]:
    if not isinstance(what, Arrival):
        return [what[1]]
    try:
        return Codec.unpack(what.frames)
    except Unreadable as error:  # it becomes dead letters when its turn comes
        raise Unsavable("a message in line cannot be read") from error


@contextmanager
def _naming(what: str) -> Iterator[None]:
    try:
        yield
    except CheckpointError:
        raise
    except Exception as error:  # user classes: pickling them may raise anything
        raise Unsavable(f"{what} cannot be pickled: {show_error(error)}") from error
