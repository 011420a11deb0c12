"""What a rank holds at a cut as bytes, by partition, and back: any rank can take up any partition again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from hpcd4p.errors import CheckpointError
from hpcd4p.runtime.execute.error_text import show_error
from hpcd4p.runtime.rank.changes import Saved, Since
from hpcd4p.runtime.rank.image_file import AGAIN, KEYS, LINE, ImageWriter, Written
from hpcd4p.runtime.rank.saved_states import StateWriter
from hpcd4p.wire.codec import Codec, Unreadable
from hpcd4p.wire.messages import MARK, Arrival, Segment
from hpcd4p.wire.resumption import Key, Restored
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


class Saving(NamedTuple):
    """How images are saved."""

    dump: Callable[[Any, Written], None]
    """Pickles into a file."""
    names: Callable[[int], str]
    """Gives the name of an element."""


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
    lines: dict[Key, list[tuple[str, list[Any]]]] = {}
    for element, partition, port, values in _in_line(image):
        if port != MARK and values:  # a mark has told what it had to
            lines.setdefault((element, partition), []).append((port, values))
    writer = ImageWriter(file)
    states = StateWriter(writer, how.dump)
    for key in sorted({*instances, *lines}):
        name = how.names(key[0])
        if key in instances:
            with _naming(f"the state of {name}"):
                states.write(key, instances[key], since.get(key))
        if key in lines:
            with _naming(f"a tuple for {name}"):
                writer.begin(key, LINE)
                how.dump(lines[key], writer)
                writer.end()
    return Saved(writer.bytes[KEYS], writer.bytes[AGAIN] > 0, frozenset(states.shared))


def _in_line(image: Image) -> Iterable[Segment]:
    yield from image.segments
    for _, _, frames in image.messages:
        try:
            yield from Codec.unpack(frames)
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
