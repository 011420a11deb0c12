"""Who keeps the checkpoints of a run: files (`file_keeper`), or memory (`hpcd4p.testing`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from hpcd4p.control.cutting import cost
from hpcd4p.record.survival import CheckpointRow

if TYPE_CHECKING:
    from hpcd4p.wire.cut_reports import Saved
    from hpcd4p.wire.resumption import Fixed


class Kept(NamedTuple):
    """What has become of a checkpoint."""

    epoch: int
    size: int
    """Bytes on the disk."""
    why_not: str = ""
    """Empty, or why it is not complete, in words."""


class Keeper(Protocol):
    """Keeps the checkpoints of one run. What takes long is done in the background."""

    def begin(self, epoch: int) -> None:
        """Ranks are about to save images of this epoch.

        Raises
        ------
        CheckpointError
            There is no room for it, say.
        """

    def fix(self, epoch: int, fixed: Fixed) -> None:
        """Keep what the head holds, and all that has left the workflow so far; raises as `begin` does."""

    def complete(self, epoch: int, saved: Sequence[Saved], row: CheckpointRow) -> None:
        """All images are there: the run can go on from this epoch once it is told by `ended`.

        Parameters
        ----------
        row
            What is known of it by now, for whoever goes on from it.
        """

    def ended(self) -> list[Kept]:
        """What has become complete since the last call, or failed."""

    def give_up(self, epoch: int, no_room: bool = False) -> None:
        """Forget this epoch; `no_room`: a rank has found none for it, so there must be more for the next."""


def words_of(row: CheckpointRow, who: str) -> str:
    """What is told of one that is complete, for which `who` stood still."""
    stood = f"{who} stood still for {row.stood_ms:.1f} ms"
    return f"{row.epoch}: {row.size:,} bytes; {stood}; written in {row.written_s:.2f} s"


def row_of(
    epoch: int, began_s: float, incarnation: int, stood_s: float, written_s: float, saved: Sequence[Saved]
) -> CheckpointRow:
    """What there is to know of a checkpoint.

    Parameters
    ----------
    stood_s
        How long the head stood still for it; other ranks have said it.
    written_s
        Seconds since the cut.
    saved
        What ranks have reported.
    """
    stood = max([stood_s, *(each.stood_s for each in saved)])
    return CheckpointRow(
        epoch,
        began_s,
        incarnation,
        sum(each.size for each in saved),
        written_s,
        1e3 * stood,
        sum(each.cpu_s for each in saved),
        cost([(max(stood_s, each.stood_s), each.cpu_s) for each in saved]),
    )
