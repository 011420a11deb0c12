"""A run that has not finished: what the folder of its checkpoints tells. Only reads.

Nothing is unpickled but the values of outputs, when they are asked for, after their seal was checked.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from hpcd4p.checkpoint import epochs, place
from hpcd4p.checkpoint.journal import check_journal, read_journal
from hpcd4p.checkpoint.lock import Holder, holder
from hpcd4p.checkpoint.secret import read_key
from hpcd4p.errors import CheckpointError, RecordError, SealBroken
from hpcd4p.record.journalled import What, opened
from hpcd4p.record.summary import DeadLetter, Event, LogLine
from hpcd4p.record.survival import CheckpointRow, Survival
from hpcd4p.results.run import OpenedRun, Output, Outputs

UNDER_WAY, DEAD, STOPPED = "under way", "dead", "stopped"


class KeptRun(OpenedRun):
    """See `OpenedRun`. What is told is of the moment in which this was made.

    Attributes
    ----------
    holder : Holder or None
        The process that works, or worked, with the folder; None: it has ended in order.
    last_sign : float
        When it has left its last sign of life, in seconds since the epoch.
    problem : str
        Empty, or why no checkpoint can be used.

    Raises
    ------
    CheckpointError
        There is no run, it is another user's or of another version, or its files are damaged.
    """

    def __init__(self, path: Path) -> None:
        identity = place.identity_in(path)
        self.path = path
        self.workflow = str(identity.get("workflow", "an unknown workflow"))
        self._key = read_key(path / place.KEY)
        self.holder: Holder | None = holder(path / place.LOCK)
        self.last_sign = place.last_sign(path)
        self.status = STOPPED if self.holder is None else UNDER_WAY if self.holder.lives else DEAD
        self._sources = [str(source) for source in identity.get("sources", ())]
        found = self._newest()
        manifest: dict[str, Any] = {} if found is None else found.manifest
        survival = Survival.from_dict(manifest.get("survival", {}))
        self.checkpoints, self.gone_on = survival.checkpoints, survival.gone_on
        self._end = self._end_of_journal(int(manifest.get("journal", 0)))
        self.outputs = self._outputs()
        if found is not None and self.status != UNDER_WAY:
            self.resume = f"hpcd4p resume {shlex.quote(str(path))}"
        self.figures = {
            "workflow": self.workflow,
            "status": self.status,
            "ranks": identity.get("ranks"),
            "words": identity.get("words"),
            "host": self.holder and self.holder.host,
            "pid": self.holder and self.holder.pid,
            "since": self.holder and self.holder.since,
            "last_sign": self.last_sign,
            "worked_s": manifest.get("elapsed_s"),
            "tuples": manifest.get("tuples"),
            "checkpoint": None if found is None else found.epoch,
            "checkpoint_at": manifest.get("cut_at"),
            "problem": self.problem,
            "outputs": {name: len(each) for name, each in self.outputs.items()},
            "checkpoints": survival.as_dict()["totals"],
        }

    def _newest(self) -> epochs.Checkpoint | None:
        self.problem = ""
        try:
            return epochs.latest(self.path, self._key, whole=False)
        except SealBroken as error:
            self.problem = str(error)
            return None

    def _end_of_journal(self, least: int) -> int:
        """Where its whole frames end."""
        end = check_journal(self.path / place.JOURNAL, self._key)
        if end < least:
            raise SealBroken(
                f"{self.path / place.JOURNAL} is cut short: the last checkpoint has {least:,} bytes of it, "
                f"and {end:,} are there"
            )
        return end

    def _entries(self) -> Iterator[Any]:
        return map(opened, read_journal(self.path / place.JOURNAL, self._key, self._end))

    def _outputs(self) -> Outputs:
        numbers: dict[tuple[str, str], int] = {}
        for entry in self._entries():
            if entry.what is What.OUTPUTS:
                numbers[entry.name] = numbers.get(entry.name, 0) + entry.many
        return Outputs(
            {".".join(n): Output(".".join(n), many, partial(self._values, n)) for n, many in numbers.items()}
        )

    def _values(self, name: tuple[str, str]) -> Iterator[Any]:
        for entry in self._entries():
            if entry.what is What.OUTPUTS and entry.name == name:
                try:
                    values = entry.values()
                except Exception as error:  # user classes: to make them again may raise anything
                    folders = sorted({str(Path(source).parent) for source in self._sources})
                    advice = f": import the workflow first (from {', '.join(folders)})" if folders else ""
                    raise RecordError(
                        f"{'.'.join(name)} holds objects that cannot be made here, {type(error).__name__}: "
                        f"{error}{advice}"
                    ) from error
                yield from values

    def _rows(self, what: What) -> list[Any]:
        return [row for entry in self._entries() if entry.what is what for row in entry.rows()]

    @property
    def failures(self) -> list[DeadLetter]:
        """See `OpenedRun.failures`."""
        return self._rows(What.LETTERS)

    @property
    def events(self) -> list[Event]:
        """See `OpenedRun.events`."""
        return self._rows(What.EVENTS)

    @property
    def log(self) -> list[LogLine]:
        """See `OpenedRun.log`."""
        return self._rows(What.LOG)

    @property
    def last_checkpoint(self) -> CheckpointRow | None:
        """The newest one that is complete."""
        return next((each for each in reversed(self.checkpoints) if not each.why_not), None)

    def silent_s(self) -> float:
        """Seconds since its last sign of life."""
        return max(0.0, time.time() - self.last_sign)


def is_kept(path: Path) -> bool:
    """Whether there is a folder of checkpoints; raises `CheckpointError` if it cannot be seen."""
    try:
        return path.is_dir() and (path / place.RUN).exists()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from error
