"""Files that are made from a record: written aside, and renamed when they are complete; an older one goes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from hpcd4p.errors import RecordError


def check_place(path: Path) -> None:
    """Check that a file can be made at that path.

    Raises
    ------
    RecordError
        Its folder cannot be written, or it is a folder itself.
    """
    folder = path.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        what = "cannot be written into" if folder.is_dir() else "does not exist"
        raise RecordError(f"{path}: the folder {folder} {what}; give another name with -o")
    if path.is_dir():
        raise RecordError(f"{path} is a folder; give the name of a file with -o")


@contextmanager
def replacing(path: Path, what: str, mode: str = "w") -> Iterator[IO[Any]]:
    """Open a file that takes the place of `path` when all went well; else nothing of it is left.

    Raises
    ------
    RecordError
        It cannot be written; `what` it is, is said.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(aside, mode, encoding=None if "b" in mode else "utf-8") as file:
            yield file
        aside.replace(path)
    except BaseException as error:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise RecordError(f"{path}: {what} cannot be written: {error.strerror}") from error
        raise
