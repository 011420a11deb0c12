"""What limits a run, for whoever asks: what its status says, and what this host sees of its start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcd4p.live.document import STARTING
from hpcd4p.live.late import limits

if TYPE_CHECKING:
    from hpcd4p.live.document import Cause
    from hpcd4p.live.found import FoundRun


def limits_now(run: FoundRun) -> list[Cause]:
    """The first cause first."""
    if run.document.state != STARTING:
        return limits(run)
    from hpcd4p.launch.start_look import seen_here
    from hpcd4p.live.starting import start_cause

    return [start_cause(run.document, run.silent_s, seen_here(run.document.run))]
