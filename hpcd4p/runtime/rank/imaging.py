"""What a rank holds at a cut as bytes, by partition, and back: any rank can take up any partition again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from hpcd4p.runtime.execute.error_text import show_error
from hpcd4p.wire.codec import Codec, Unreadable
from hpcd4p.wire.messages import MARK, Arrival, Segment
from hpcd4p.wire.resumption import Held, Key, Restored
from hpcd4p.workflow.identity import loads

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.instance import Instance


class Unsavable(Exception):
    """Something that a rank holds cannot be saved; its text says what and why."""


class Image(NamedTuple):
    """What a rank holds at a cut; to be pickled before the rank goes on, or in a copy of its process."""

    instances: list[Instance]
    segments: list[Segment]
    """In line, for partitions here or elsewhere."""
    messages: list[Arrival]
    """In line behind them, still sealed."""


def line_of(restored: Restored, key: Key) -> list[Segment]:
    """What was in line for a partition."""
    held = restored.held.get(key)
    lines = () if held is None else held.lines
    return [Segment(*key, port, values) for line in lines for port, values in loads(line)]


def packed(
    image: Image, names: Callable[[int], str], dumps: Callable[[Any], bytes]
) -> Iterator[tuple[Key, Held]]:
    """What an image holds, as bytes: one partition after the other, for all may be large.

    Parameters
    ----------
    names
        Gives the name of an element.
    dumps
        Pickles.

    Raises
    ------
    Unsavable
        A state or a tuple cannot be pickled, or a message not be read.
    """
    instances = {(i.plan.index, i.partition): i for i in image.instances}
    lines: dict[Key, list[tuple[str, list[Any]]]] = {}
    for element, partition, port, values in _in_line(image):
        if port != MARK and values:  # a mark has told what it had to
            lines.setdefault((element, partition), []).append((port, values))
    for key in sorted({*instances, *lines}):
        instance, line, name = instances.get(key), lines.get(key), names(key[0])
        state = None
        if instance is not None:
            state = _pickle(dumps, (instance.pe, instance.table), f"the state of {name}")
        yield key, Held(state, (_pickle(dumps, line, f"a tuple for {name}"),) if line else ())


def _in_line(image: Image) -> Iterable[Segment]:
    yield from image.segments
    for _, _, frames in image.messages:
        try:
            yield from Codec.unpack(frames)
        except Unreadable as error:  # it becomes dead letters when its turn comes
            raise Unsavable("a message in line cannot be read") from error


def _pickle(dumps: Callable[[Any], bytes], thing: Any, what: str) -> bytes:
    try:
        return dumps(thing)
    except Exception as error:  # user classes: pickling them may raise anything
        raise Unsavable(f"{what} cannot be pickled: {show_error(error)}") from error
