"""The folder of a study: in it one for each key, and in that one for each attempt.

Every small file is written aside and renamed, so that a reader sees all of it or nothing.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hpcd4p.errors import RecordError

STUDY, PLAN, END = "study.json", "plan.json", "end.json"
OUT, ERR = "out.txt", "err.txt"


def write_json(path: Path, value: Any) -> None:
    """Write `value` to `path`, aside first.

    Raises
    ------
    RecordError
        It cannot be written.
    """
    aside = path.with_name(f".{path.name}.{os.uname().nodename}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("w", encoding="utf-8") as file:
            json.dump(value, file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise RecordError(
            f"{path} cannot be written: {error.strerror}; give a folder that can be written with --results"
        ) from error


def read_json(path: Path, notes: list[str] | None = None) -> dict[str, Any] | None:
    """Give what is in `path`; None if it is not there, or no JSON object: `notes` then get why."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
    except (ValueError, RecursionError):
        why = "is damaged: it is no JSON"
    else:
        if isinstance(content, dict):
            return content
        why = "is damaged: it is no JSON object"
    if notes is not None:
        notes.append(f"{path} {why}")
    return None


def write_end(
    folder: Path,
    state: str,
    status: int | None = None,
    reason: str = "",
    elapsed_s: float | None = None,
    host: str = "",
    job: str = "",
    started: str = "",
    continued: int = 0,
    goes_on: dict[str, Any] | None = None,
) -> None:
    """Leave the marker of an attempt in its `folder`: how it ended. Raises as `write_json`.

    Parameters
    ----------
    status
        Exit status of the run; None if it is not known.
    elapsed_s
        Wall time of the whole attempt in seconds.
    continued
        How often its run has gone on from a checkpoint.
    goes_on
        What the next attempt goes on from; None: the point is over.
    """
    end = {
        "state": state, "status": status, "reason": reason, "elapsed_s": elapsed_s, "host": host, "job": job,
        "started": started, "ended": utc_now(), "continued": continued, "goes_on": goes_on,
    }  # fmt: skip
    write_json(folder / END, end)


def utc_now() -> str:
    """Give this instant in ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class StudyFolder:
    """The folder ``RESULTS/STUDY`` and the results file ``RESULTS/STUDY.h5`` beside it."""

    def __init__(self, results: Path, study: str) -> None:
        self.path = results / study
        self.results_file = results / f"{study}.h5"

    def attempts(self, key: str) -> list[int]:
        """Give the numbers of the attempts of a point that have been planned, in order."""
        try:
            names = os.listdir(self.path / key)
        except OSError:
            return []
        return sorted(int(n) for n in names if n.isdigit())

    def attempt(self, key: str, number: int) -> Path:
        """Give the folder of an attempt."""
        return self.path / key / str(number)

    def last(self, key: str) -> tuple[int, dict[str, Any] | None, dict[str, Any] | None]:
        """Give the last attempt of a point: its number (0: none), what was planned, and how it ended."""
        numbers = self.attempts(key)
        if not numbers:
            return 0, None, None
        folder = self.attempt(key, numbers[-1])
        return numbers[-1], read_json(folder / PLAN), read_json(folder / END)

    def ended(self, key: str, number: int) -> bool:
        """Whether an attempt has left its marker: one call of the file system."""
        return (self.attempt(key, number) / END).exists()
