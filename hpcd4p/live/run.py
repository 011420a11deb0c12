"""What a run under way tells of itself: which run it is, and the file that it keeps up to date. Rank 0 only.

Nothing is made, or imported, before the first status: most runs of a second never write one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from hpcd4p.errors import LiveError
from hpcd4p.processes import began

if TYPE_CHECKING:
    from hpcd4p.live.document import Document, Identity
    from hpcd4p.live.file import StatusFile
    from hpcd4p.live.metrics_file import MetricsFile
    from hpcd4p.record.summary import Summary


class Resident(NamedTuple):
    """Processes that rank 0 can see, and their bytes of resident memory."""

    ranks: Mapping[int, int]
    redis: int | None = None
    """Of the Redis of the run; None: it has none of its own."""
    redis_most: int | None = None
    """That it may use."""
    processes: Mapping[int, int] = {}
    """Of these ranks."""


class LiveRun:
    """One run of this process; a context manager that ends it.

    Parameters
    ----------
    record
        Where its record will be.
    checkpoints
        Folder of its checkpoints, if it may make any.
    metrics
        Gets its numbers, for a monitoring system; None: nobody does.
    status
        Whether it keeps a status beside the record.

    Raises
    ------
    LiveError
        The numbers cannot be written there.

    Attributes
    ----------
    hosts
        Of the ranks; empty: all are in this process.
    resident
        Looks at the memory of ranks and Redis.
    """

    def __init__(
        self, record: Path, workflow: str, mapping: str, ranks: int, checkpoints: Path | None = None,
        metrics: Path | None = None, status: bool = True,
    ) -> None:  # fmt: skip
        self._record = record.absolute()  # elements may change the working folder
        self._workflow, self._mapping, self._ranks = workflow, mapping, ranks
        self._checkpoints = "" if checkpoints is None else str(checkpoints.absolute())
        self._started = time.time()
        self._has_status = status
        self._file: StatusFile | None = None
        self._last: Document | None = None
        self._metrics: MetricsFile | None = None
        if metrics is not None:
            from hpcd4p.live.metrics_file import MetricsFile

            self._metrics = MetricsFile(metrics)
        self._starts: Path | None = None
        """Where it has said that it starts."""
        self.hosts: Sequence[str] = ()
        self.resident: Callable[[], Resident] = own_memory

    @cached_property
    def identity(self) -> Identity:
        """Which run it is."""
        from hpcd4p.live.document import Identity

        return Identity(**self._who)

    @cached_property
    def _who(self) -> dict[str, Any]:
        """The same by name, for which nothing is imported that a short run does not need."""
        from hpcd4p.slurm_job import number_of

        pid = os.getpid()
        return {
            "workflow": self._workflow,
            "mapping": self._mapping,
            "ranks": self._ranks,
            "record": str(self._record),
            "checkpoints": self._checkpoints,
            "host": os.uname().nodename,
            "pid": pid,
            "began": began(pid) or self._started,
            "user": os.getuid(),
            "job": number_of(os.environ),
            "started": self._started,
        }

    def starting(self) -> None:
        """Its ranks are not all there: say so now, for while MPI waits for them nothing can be said."""
        if not self._has_status:
            return
        from hpcd4p.live.first_words import put

        self._starts = self._record.with_suffix(".live")
        put(self._starts, self._who)

    def tell(self, document: Document) -> None:
        """Write a status."""
        if self._last is None and self._has_status:
            from hpcd4p.live.file import StatusFile, live_folder

            self._file = StatusFile(live_folder(self._record))
            self._supersede(self._file.folder.parent)
        self._write(document)

    def _write(self, document: Document) -> None:
        self._last = document
        if self._file is not None:
            self._file.write(document)
        if self._metrics is not None:
            from hpcd4p.live.metrics import of_status

            self._metrics.write(of_status(document))

    def closing(self, summary: Summary) -> None:
        """The work has ended with these figures, and the record is about to be written."""
        self._change("closing", "")
        if self._metrics is not None:
            from hpcd4p.live.metrics import of_figures

            self._metrics.write(of_figures(summary, self._record, time.time()))

    @property
    def unwritten(self) -> str:
        """What the last numbers for a monitoring system could not be written for; empty: they are there."""
        if self._metrics is None or not self._metrics.broken:
            return ""
        return f"--metrics {self._metrics.path} cannot be written: {self._metrics.broken}"

    def end(self, reason: str = "") -> None:
        """The run has ended: with a record, which has all that is known; or without one, for a reason."""
        if reason and self._last is not None:
            self._change("ended", reason)
        elif self._file is not None:
            self._file.remove()
        elif self._starts is not None:
            from hpcd4p.live.first_words import remove

            remove(self._starts)

    def __enter__(self) -> LiveRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end("" if error is None else str(error) or type(error).__name__)

    def _change(self, state: Literal["closing", "ended"], reason: str) -> None:
        if self._last is not None:
            from dataclasses import replace

            self._write(replace(self._last, state=state, reason=reason, written=time.time()))

    def _supersede(self, results: Path) -> None:
        """Remove what dead runs have told with which this one goes on: they have the same checkpoints."""
        from hpcd4p.live.file import SUFFIX, read_status, remove_folder

        for folder in results.glob(f"*{SUFFIX}") if self._checkpoints else ():
            with suppress(OSError, LiveError):
                if read_status(folder).run.checkpoints == self._checkpoints:
                    remove_folder(folder)


def own_memory() -> Resident:
    """Of this process, which is rank 0."""
    return Resident({0: resident_bytes(os.getpid()) or 0}, processes={0: os.getpid()})


def resident_bytes(pid: int) -> int | None:
    """Resident memory of a process of this node; None if it is gone."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return None
