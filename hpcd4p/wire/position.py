"""Where the sources of a run are, as a cut finds them. Pure; pickled with a checkpoint."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Stage(StrEnum):
    """How far a root is."""

    HEAD = "head"
    """It runs on the head."""
    POOL = "pool"
    """The rest of its calls become tasks."""
    DONE = "done"


class Mark(NamedTuple):
    """A position that an element has given of itself, and what had come of it by then."""

    position: bytes
    """The pickle of what `position()` gave."""
    calls: int
    """Calls that were over."""
    written: dict[str, int]
    """Tuples by output, those of `preprocess` among them."""
    failed: int
    busy_s: float


class SourcePosition(NamedTuple):
    """What a root has done that is not to be done again.

    What it wrote is counted by output, for the head does not take evenly from them; so neither the number of
    calls that were begun nor the order of writes and failures is needed.
    """

    element: int
    stage: Stage
    calls: int = 0
    """The last so many of its inputs are meant: of the pool, those that are left; on the head, all that it
    was opened with."""
    stays: bool = False
    """HEAD only: it does not go to the pool any more."""
    written: dict[str, int] = {}
    """HEAD only: tuples that were taken, by output."""
    failed: int = 0
    """HEAD only: failures that were taken."""
    written_bytes: float = 0.0
    """HEAD only: how much they weighed, about."""
    mark: Mark | None = None
    """HEAD only: where its element goes on, if it says so itself; else it is repeated from its first call."""
