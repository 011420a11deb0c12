"""Orders of the head to a rank, and their text. Pure."""

from __future__ import annotations

from typing import Any

from hpcd4p.wire.value import Value


class Finish(Value):
    """All input of `element` is done: run the post-processing of its instances."""

    __slots__ = ("element",)

    def __init__(self, element: int) -> None:
        self.element = element


class Lost(Value):
    """`rank` has died, and `committed` was its last committed transaction."""

    __slots__ = ("rank", "committed")  # noqa: RUF023  # in the order of the text

    def __init__(self, rank: int, committed: int) -> None:
        self.rank = rank
        self.committed = committed


class Stop(Value):
    """Report and leave; or only leave what is here, and wait for what comes next.

    Attributes
    ----------
    status
        Exit status of the run.
    lost
        Whether a rank has been lost, for which MPI would wait.
    again
        Whether the run goes on from its last checkpoint, without what it has done since.
    """

    __slots__ = ("status", "lost", "again")  # noqa: RUF023  # in the order of the text

    def __init__(self, status: int, lost: bool, again: bool = False) -> None:
        self.status = status
        self.lost = lost
        self.again = again


class Park(Value):
    """Finish the current task and take no more."""

    __slots__ = ()


class Wake(Value):
    """Take tasks again."""

    __slots__ = ()


class Careful(Value):
    """Run every task in a process apart, or no longer: a tuple may have killed a rank."""

    __slots__ = ("on",)

    def __init__(self, on: bool) -> None:
        self.on = on


class Inherit(Value):
    """To the head itself: take over the tasks of the pool, whose ranks have all died."""

    __slots__ = ()


class Expect(Value):
    """A partition of `element` is about to come here: listen to messages from now on."""

    __slots__ = ("element",)

    def __init__(self, element: int) -> None:
        self.element = element


class HandOver(Value):
    """Hand `partition` of `element` over to rank `to`, and send on what still comes for it.

    Attributes
    ----------
    epoch
        How often the partition has moved then.
    """

    __slots__ = ("element", "partition", "to", "epoch")  # noqa: RUF023  # in the order of the text

    def __init__(self, element: int, partition: int, to: int, epoch: int) -> None:
        self.element = element
        self.partition = partition
        self.to = to
        self.epoch = epoch


class Moved(Value):
    """From now on `owner` holds `partition` of `element`: send it there; for `epoch` see `HandOver`.

    Attributes
    ----------
    number
        How many partitions of ordered elements have moved with it; 0: its element is not ordered.
    """

    __slots__ = ("element", "partition", "owner", "epoch", "number")  # noqa: RUF023  # in the order of the text

    def __init__(self, element: int, partition: int, owner: int, epoch: int, number: int) -> None:
        self.element = element
        self.partition = partition
        self.owner = owner
        self.epoch = epoch
        self.number = number


class Cut(Value):
    """Commit what is under way, report it, and then neither work nor commit until the cut is fixed.

    Attributes
    ----------
    epoch
        Number of the checkpoint.
    base
        That of the last complete one of the run; 0: none.
    """

    __slots__ = ("epoch", "base")  # noqa: RUF023  # in the order of the text

    def __init__(self, epoch: int, base: int) -> None:
        self.epoch = epoch
        self.base = base


class Fix(Value):
    """Save what is here as of the cut, and go on.

    Attributes
    ----------
    epoch
        See `Cut`.
    committed
        The last committed transaction of each rank, by rank; empty: the cut was given up, save nothing.
    """

    __slots__ = ("epoch", "committed")  # noqa: RUF023  # in the order of the text

    def __init__(self, epoch: int, *committed: int) -> None:
        self.epoch = epoch
        self.committed = committed

    def parts(self) -> list[Any]:
        """Its numbers, in a row."""
        return [self.epoch, *self.committed]


Order = Finish | Lost | Stop | Park | Wake | Careful | Inherit | Expect | HandOver | Moved | Cut | Fix

_KINDS: dict[str, tuple[type[Any], tuple[type[int], ...] | None]] = {
    "finish": (Finish, (int,)),
    "lost": (Lost, (int, int)),
    "stop": (Stop, (int, bool, bool)),
    "park": (Park, ()),
    "wake": (Wake, ()),
    "careful": (Careful, (bool,)),
    "inherit": (Inherit, ()),
    "expect": (Expect, (int,)),
    "hand_over": (HandOver, (int, int, int, int)),
    "moved": (Moved, (int, int, int, int, int)),
    "cut": (Cut, (int, int)),
    "fix": (Fix, None),
}
"""Each order by its name, with the types of its numbers; None: as many as the first of them says."""

_NAMES = {kind: name for name, (kind, _) in _KINDS.items()}


class UnknownOrderError(ValueError):
    """A text that is no order."""


def text(order: Order, mark: int = 0) -> str:
    """The order as it is stored: its name, its numbers and, if there is one, its mark.

    Parameters
    ----------
    mark
        Number by which `transport.guard` knows that the head has given it; 0: none.
    """
    name, numbers = _NAMES[type(order)], order.parts()
    if _KINDS[name][1] is None:
        numbers = [len(numbers), *numbers]
    words = [name, *(str(int(number)) for number in numbers)]
    return " ".join([*words, str(mark)] if mark else words)


def parse(written: str) -> tuple[Order, int]:
    """The order and its mark: inverse of `text`.

    Raises
    ------
    UnknownOrderError
        The text is not an order.
    """
    name, *words = written.split() or [""]
    try:
        kind, types = _KINDS[name]
        numbers = [int(word) for word in words]
        if types is None:
            types = (int,) * numbers.pop(0)
        mark = numbers.pop() if len(numbers) > len(types) else 0
        return kind(*(to(n) for to, n in zip(types, numbers, strict=True))), mark
    except (KeyError, ValueError):
        raise UnknownOrderError(f"held {written!r}, which was not ordered") from None
