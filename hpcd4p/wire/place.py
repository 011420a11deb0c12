"""Places: where a task stands in the order of what its origin has written. Pure.

An *origin* is what writes tasks that come from no task: a source on the head, or the instances of a stateful
element on one rank. It numbers what it writes. What a task publishes, and the rest of it that is given back,
get places below its own: a place is a path of numbers. Paths are text that compares as the numbers do, and a
path comes before all that begin with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

PAST = -1
"""The origin of all that a run has found in the checkpoint that it goes on from."""

END = "z"
"""A watermark above all paths: everything of its origin is finished."""

LAST = "x"
"""A path behind all others: who waits for it waits for everything of its origin. A letter: the scripts of
Redis compare as the language of its server does."""

NOTHING = ""
"""A watermark below all paths."""

_MOVED = "g"
"""Behind all digits of paths, before `LAST`."""

_RANK_BITS = 20
_NOW = 1 << 62
"""Behind the number of any checkpoint."""

Turn = tuple[int, str]
"""Origin and path of what a task has sent to a partition."""

Lane = tuple[int, int]
"""Where a task is outstanding: its reach and its origin (see `Place`)."""


def origin_of(element: int, rank: int) -> int:
    """The origin of what `element` writes on `rank`."""
    return element << _RANK_BITS | rank


def writer_of(turn: Turn) -> tuple[int, str]:
    """The element from which something comes, also of the past, and where it is in what that has written."""
    origin, path = turn
    if origin != PAST:
        return origin >> _RANK_BITS, step(_NOW) + path
    epoch, rest = _first(path)
    origin, rest = _first(rest)
    return origin >> _RANK_BITS, step(epoch) + rest


def _first(path: str) -> tuple[int, str]:
    """The first number of a path, and the rest."""
    size = int(path[:2], 16) - 0xEF
    if size <= 0:
        return int(path[:2], 16), path[2:]
    return int(path[2 : 2 + 2 * size], 16), path[2 + 2 * size :]


def since(moves: int) -> str:
    """How all paths begin that an origin gives once it has heard of so many moves: behind all before.

    Moves are hand-overs of partitions of ordered elements; all ranks hear of them in the same order.
    """
    return _MOVED + step(moves) if moves else ""


def moves_before(path: str) -> int:
    """Of how many moves the origin had heard when it gave this path; of the past: of none of this run."""
    return _first(path[1:])[0] if path.startswith(_MOVED) else 0


class Place(NamedTuple):
    """The place of a task: all that it will still write comes at this place or behind it."""

    reach: int
    """Which ordered elements it may lead to: an index into `plan.order.Order.reaches`."""
    origin: int
    age: int
    """Milliseconds of the run when its origin wrote it: of two origins the elder goes first."""
    path: str

    @property
    def lane(self) -> Lane:
        """See `Lane`."""
        return self.reach, self.origin

    @property
    def word(self) -> str:
        """All of it as one word, for `read`."""
        return f"{self.reach}:{self.origin}:{self.age}:{self.path}"


def step(number: int) -> str:
    """One number of a path, as text that compares as numbers do; none begins with another one."""
    if number < 0xF0:
        return f"{number:02x}"
    size = (number.bit_length() + 7) // 8
    return f"{0xEF + size:02x}{number:0{2 * size}x}"


def past(place: Place, epoch: int) -> Place:
    """The same place in a run that goes on from checkpoint `epoch`: before all that is written there.

    What was in the past of the run before stays where it was, which is before the rest.
    """
    origin, path = past_turn((place.origin, place.path), epoch)
    return Place(place.reach, origin, 0, path)


def past_turn(turn: Turn, epoch: int) -> Turn:
    """The same of what has been sent."""
    origin, path = turn
    return turn if origin == PAST else (PAST, step(epoch) + step(origin) + path)


def past_first(turn: Turn) -> tuple[bool, int, str]:
    """Sorts by origin and path, the past before the rest."""
    return turn[0] != PAST, *turn


def read(word: str) -> Place:
    """Inverse of `Place.word`."""
    reach, origin, age, path = word.split(":")
    return Place(int(reach), int(origin), int(age), path)


def outstanding(place: Place, progress: Sequence[int]) -> Place:
    """The place of a task that has made this progress: it was published with the number 0 next."""
    used = progress[-1] if progress else 0
    return place._replace(path=place.path[: -len(step(0))] + step(used))


class Numbering:
    """The numbers of what one task, or one origin, writes.

    Attributes
    ----------
    known
        Its place as the broker has it; None of an origin, which the broker knows by its number.
    element
        That of the task.
    """

    __slots__ = ("age", "element", "known", "next", "origin", "prefix", "published")

    def __init__(
        self, origin: int, prefix: str = "", used: int = 0, known: Place | None = None, element: int = -1
    ) -> None:
        self.origin = origin
        self.element = element
        self.age = 0 if known is None else known.age
        self.prefix = prefix
        self.next = used
        self.known = known
        self.published: set[tuple[object, ...]] = set()
        """Routes on which it has published: what it writes there later must not run before that, so not
        on its own rank."""

    @classmethod
    def of(cls, place: Place, progress: Sequence[int], element: int = -1) -> Numbering:
        """Of a task with this place and this progress, which ends with how many numbers are taken."""
        used = progress[-1] if progress else 0
        return cls(place.origin, place.path[: -len(step(0))], used, outstanding(place, progress), element)

    def here(self) -> str:
        """The path of what is written next."""
        return self.prefix + step(self.next)

    def take(self) -> str:
        """The same, which is then taken."""
        path = self.here()
        self.next += 1
        return path

    def child(self, reach: int) -> Place:
        """A place for a task that is published next."""
        return Place(reach, self.origin, self.age, self.take() + step(0))


def watermarks(
    unfinished: Mapping[Lane, str | None], bounds: Mapping[int, str], lanes: tuple[Lane, ...]
) -> dict[int, str]:
    """By origin: all of it that comes before this path is finished, as far as it leads to these lanes.

    Parameters
    ----------
    unfinished
        By lane: the least path that is not finished, if there is any.
    bounds
        By origin: where it writes next.
    """
    marks: dict[int, str] = {}
    for lane in lanes:
        origin = lane[1]
        least = unfinished.get(lane)
        mark = marks.get(origin, bounds.get(origin, NOTHING))
        marks[origin] = mark if least is None else min(mark, least)
    return marks
