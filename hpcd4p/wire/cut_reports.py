"""What ranks report of a checkpoint."""

from __future__ import annotations

from collections.abc import Sequence

from hpcd4p.wire.value import Value


class AtCut(Value):
    """`rank` has committed all that was under way, and stands still until the cut is fixed."""

    __slots__ = ("rank", "epoch")  # noqa: RUF023  # in the order of the arguments

    def __init__(self, rank: int, epoch: int) -> None:
        self.rank = rank
        self.epoch = epoch


class Saved(Value):
    """What `rank` holds as of the cut is in its file of the checkpoint.

    Attributes
    ----------
    size, digest
        Of the file: bytes, and by what it is known.
    why_not
        Empty, or why there is no such file, in words.
    needs
        Epochs of the files of this rank that it refers to, oldest first; none: it holds everything.
    cpu_s
        Time of a core that it took to write it.
    stood_s
        How long the rank stood still for the checkpoint.
    no_room
        Whether there is no such file because it would have filled the disk.
    """

    __slots__ = (  # noqa: RUF023  # in the order of the arguments
        "rank", "epoch", "size", "digest", "why_not", "needs", "cpu_s", "stood_s", "no_room",
    )  # fmt: skip

    def __init__(
        self,
        rank: int,
        epoch: int,
        size: int,
        digest: str,
        why_not: str = "",
        needs: Sequence[int] = (),
        cpu_s: float = 0.0,
        stood_s: float = 0.0,
        no_room: bool = False,
    ) -> None:
        self.rank = rank
        self.epoch = epoch
        self.size = size
        self.digest = digest
        self.why_not = why_not
        self.needs = tuple(needs)
        self.cpu_s = cpu_s
        self.stood_s = stood_s
        self.no_room = no_room
