"""Runs that tell their status: where they are found, and whether they live. Only reads."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Set
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from hpcd4p.errors import LiveError
from hpcd4p.live.document import ENDED, Document, Identity
from hpcd4p.live.file import NAME, SUFFIX, read_status
from hpcd4p.processes import began

FRESH_S = 3.0
"""A status that is so much older than the next one was due says nothing against the run."""

SILENT_S = 60.0
"""The same of a run on another host, whose process cannot be looked for: file systems and clocks differ."""

SAME_S = 2.0
"""The start of a process is known to the ticks of the kernel, by the clock of that moment."""


class Life(StrEnum):
    """Whether a run lives."""

    UNDER_WAY = "under way"
    SILENT = "silent"
    """It has told nothing for long, and its process cannot be looked for from here."""
    DEAD = "dead"
    """Its rank 0 is gone, without a word."""
    ENDED = "ended"
    """It has ended, and has no record."""


class FoundRun(NamedTuple):
    """A run that has told its status."""

    folder: Path
    document: Document
    life: Life
    silent_s: float
    """Since its last word."""


class Unreadable(NamedTuple):
    """A status that cannot be told; `why`, in a sentence."""

    folder: Path
    why: str


def life_of(document: Document, silent_s: float, here: str, lives: bool, jobs: Set[str] | None) -> Life:
    """Whether the run of a status lives. Pure.

    Parameters
    ----------
    here
        Name of this host.
    lives
        Whether its process is there, as far as this host can see.
    jobs
        Numbers of this user's jobs that Slurm knows; None: it was not asked.
    """
    if document.state == ENDED:
        return Life.ENDED
    if silent_s < document.every_s + FRESH_S:  # in a container, processes have other numbers
        return Life.UNDER_WAY
    if document.run.host == here:
        return Life.UNDER_WAY if lives else Life.DEAD
    if jobs is not None and document.run.job and document.run.job not in jobs:
        return Life.DEAD
    return Life.UNDER_WAY if silent_s < SILENT_S else Life.SILENT


def is_there(run: Identity) -> bool:
    """Whether the process of rank 0 is there, seen from its host: its number may be another's by now."""
    started = began(run.pid)
    return started is not None and (started == 0.0 or abs(started - run.began) < SAME_S)


def found(folder: Path, jobs: Set[str] | None = None) -> FoundRun | Unreadable | None:
    """The run of a folder; None: there is none any more.

    Another user's status may not be readable, and one of another version is not read: see `Unreadable`.
    """
    try:
        document = read_status(folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Unreadable(folder, f"{folder / NAME} cannot be read: {error.strerror}")
    except LiveError as error:
        return Unreadable(folder, str(error))
    silent_s = max(0.0, time.time() - document.written)
    run = document.run
    return FoundRun(
        folder, document, life_of(document, silent_s, os.uname().nodename, is_there(run), jobs), silent_s
    )


def runs_in(
    results: Path, jobs: Set[str] | None = None, below: bool = False
) -> Iterator[FoundRun | Unreadable]:
    """All runs in a folder of records, by name; `below`: also in the folders that are in it."""
    for folder in sorted(_below(results) if below else results.glob(f"*{SUFFIX}")):
        each = found(folder, jobs)
        if each is not None:
            yield each


def _below(top: Path) -> Iterator[Path]:
    """Folders of runs wherever they are; what cannot be looked into is left out."""
    for base, names, _ in os.walk(top):
        yield from (Path(base, name) for name in names if name.endswith(SUFFIX))
        names[:] = [name for name in names if not name.endswith(SUFFIX)]
