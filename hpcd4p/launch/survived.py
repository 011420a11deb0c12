"""How a run has gone on from its checkpoints: what is noted each time. Rank 0 only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcd4p.launch.status_note import restarted_because
from hpcd4p.record.survival import Survival

if TYPE_CHECKING:
    from hpcd4p.checkpoint.epochs import Checkpoint
    from hpcd4p.record.sink import OutputSink


class Survived:
    """Of one run.

    Attributes
    ----------
    survival
        All that is known, also from the runs before.
    new
        Why it has gone on, a sentence for each time of which what is kept does not tell.
    """

    def __init__(self) -> None:
        self.survival = Survival()
        self.new: list[str] = []

    def again(self, found: Checkpoint, ranks: int, died_at: float) -> None:
        """The run was started again; the one before has left its last sign of life at `died_at`."""
        self.survival = _before(found)
        told = {each.why for each in self.survival.gone_on}
        why = restarted_because() or [(f"it went on from checkpoint {found.epoch}", 0.0)]
        new = [each for each in why if each[0] not in told] or why[-1:]
        self.new = [text for text, _ in new]
        for text, age_s in new[:-1]:  # no checkpoint came before the next time: it is as the launcher saw it
            self._note(False, found, age_s, ranks, text)
        self._note(False, found, died_at - found.manifest["cut_at"], ranks, self.new[-1])

    def here(self, found: Checkpoint | None, ranks: int, why: str, worked_s: float) -> None:
        """It goes on in its job, `worked_s` after its last start; without a checkpoint from its begin."""
        before = Survival() if found is None else _before(found)
        known = {each.epoch for each in self.survival.checkpoints if not each.why_not}
        for row in before.checkpoints[-1:]:
            if row.epoch not in known:  # it was complete, and the head had not looked yet
                self.survival.add(row)
        kept_s = 0.0 if found is None else found.manifest["elapsed_s"]
        self._note(True, found, self.survival.before_s + worked_s - kept_s, ranks, why)
        self.new = [each.why for each in self.survival.gone_on if each not in before.gone_on]

    def tell(self, sink: OutputSink) -> None:
        """Add a line to the story for each of these times."""
        for text in self.new:
            sink.event(0.0, "resumed", text)

    def _note(self, here: bool, found: Checkpoint | None, repeated_s: float, ranks: int, why: str) -> None:
        epoch, before_s = (0, 0.0) if found is None else (found.epoch, found.manifest["elapsed_s"])
        self.survival.go_on(here, epoch, before_s, max(0.0, repeated_s), ranks, why)


def _before(found: Checkpoint) -> Survival:
    return Survival.from_dict(found.manifest["survival"])
