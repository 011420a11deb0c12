"""What the head tells a rank to do, and how that is written down. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple


class Finish(NamedTuple):
    """All input of `element` is done: run the post-processing of its instances."""

    element: int


class Lost(NamedTuple):
    """`rank` has died, and `committed` was its last committed transaction."""

    rank: int
    committed: int


class Stop(NamedTuple):
    """Report and leave."""

    status: int
    """Exit status of the run."""
    lost: bool
    """Whether a rank has been lost, for which MPI would wait."""


class Park(NamedTuple):
    """Finish what is in hand and take no more tasks."""


class Wake(NamedTuple):
    """Take tasks again."""


class Careful(NamedTuple):
    """Run every task in a process apart, or no longer: a tuple may have killed a rank."""

    on: bool


class Inherit(NamedTuple):
    """To the head itself: the pool has died, its tasks are the head's from now on."""


Order = Finish | Lost | Stop | Park | Wake | Careful | Inherit

_KINDS: dict[str, tuple[type[Any], tuple[type[int], ...]]] = {
    "finish": (Finish, (int,)),
    "lost": (Lost, (int, int)),
    "stop": (Stop, (int, bool)),
    "park": (Park, ()),
    "wake": (Wake, ()),
    "careful": (Careful, (bool,)),
    "inherit": (Inherit, ()),
}
"""Each order by its name, and of what types its numbers are."""

_NAMES = {kind: name for name, (kind, _) in _KINDS.items()}


class UnknownOrderError(ValueError):
    """A text that is no order."""


def text(order: Order, mark: int = 0) -> str:
    """The order as it is stored: its name, its numbers and, if there is one, its mark.

    Parameters
    ----------
    mark
        By which `transport.guard` knows that the head has given it; 0 is none.
    """
    words = [_NAMES[type(order)], *(str(int(number)) for number in order)]
    return " ".join([*words, str(mark)] if mark else words)


def parse(written: str) -> tuple[Order, int]:
    """The order and its mark: inverse of `text`.

    Raises
    ------
    UnknownOrderError
        No head has written that.
    """
    name, *words = written.split() or [""]
    try:
        kind, types = _KINDS[name]
        numbers = [int(word) for word in words]
        mark = numbers.pop() if len(numbers) > len(types) else 0
        return kind(*(to(n) for to, n in zip(types, numbers, strict=True))), mark
    except (KeyError, ValueError):
        raise UnknownOrderError(f"held {written!r}, which was not ordered") from None
