"""One driver for a study at a time: a file that says who, made only if there is none. No file locks."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from hpcd4p.errors import RecordError, SettingsError
from hpcd4p.study.folder import read_json

LOCK = "driver.lock"


class DriverLock:
    """Held while a driver follows the study in `folder`; a context manager.

    Raises
    ------
    SettingsError
        Another driver has it.
    RecordError
        The folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK

    def __enter__(self) -> DriverLock:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        while not self._made():
            holder = read_json(self._path)
            if holder is not None and not _gone(holder):
                raise SettingsError(
                    f"another driver follows this study: process {holder.get('pid')} on "
                    f"{holder.get('host')}. Look with `sweep status`; if that process is "
                    f"no more, remove {self._path}"
                )
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _made(self) -> bool:
        me = {"host": os.uname().nodename, "pid": os.getpid(), "start": _start(os.getpid())}
        aside = self._path.with_name(f".{LOCK}.{me['host']}.{me['pid']}.part")
        try:
            aside.write_text(json.dumps(me), encoding="utf-8")
            try:
                os.link(aside, self._path)  # all of it or nothing, and never over another's, on NFS, too
            except FileExistsError:
                return False
            finally:
                aside.unlink(missing_ok=True)
        except OSError as error:
            raise RecordError(
                f"{self._path} cannot be written: {error.strerror}; give another folder with --results"
            ) from error
        return True


def _gone(holder: dict[str, object]) -> bool:
    """Whether the holder was a process of this host that is no more."""
    if holder.get("host") != os.uname().nodename:
        return False
    return _start(holder.get("pid")) != holder.get("start")


def _start(pid: object) -> int:
    """When a process was started, in ticks since the boot: its number may be used again. 0: there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] == "Z" else int(fields[19])
