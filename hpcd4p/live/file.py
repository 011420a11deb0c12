"""The file of a status: replaced as a whole, so that whoever reads it sees all of one, also on NFS.

No lock, no mmap, no fsync: it is of the moment. Only the head writes it; the folder has room for what else is
told of a run while it goes on.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from hpcd4p.live.document import Cause, Document, from_text, to_text

MOST_BYTES = 64 * 1024 - 1
"""Of a status: it is read and written in one go, whatever the file system."""

SUFFIX = ".live"
NAME = "status.json"

_MOST_INTO = 100
"""Elements behind one that are told, when something has to be left out."""

_MOST_TEXT = 400
"""Characters of a reason or a name, before anything is left out."""


def live_folder(record: Path) -> Path:
    """The folder beside a record."""
    return record.with_suffix(SUFFIX)


class StatusFile:
    """That of one run.

    Parameters
    ----------
    folder
        Made when something is written for the first time.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()  # elements may change the working folder
        self.document: Document | None = None
        """The last one that was written."""
        self.broken = ""
        """Why nothing can be written; empty: something can."""
        self._path = str(self.folder / NAME)
        self._aside = f"{self._path}.part"

    def write(self, document: Document) -> None:
        """Replace what is there; a folder that takes nothing costs the run nothing but its status."""
        self.document = document
        data = fitted(document)
        try:
            self._replace(data)
            self.broken = ""
        except OSError as error:
            self.broken = error.strerror or str(error)

    def _replace(self, data: bytes) -> None:
        try:
            self._put(data)
        except FileNotFoundError:  # the first time, or somebody has removed it
            os.makedirs(self.folder, exist_ok=True)
            self._put(data)

    def _put(self, data: bytes) -> None:
        file = os.open(self._aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        try:
            done = 0
            while done < len(data):
                done += os.write(file, data[done:])
        finally:
            os.close(file)
        os.rename(self._aside, self._path)

    def remove(self) -> None:
        """Leave nothing; may be called again."""
        remove_folder(self.folder)


def remove_folder(folder: Path) -> None:
    """Remove the folder of a run, status first: without it nobody takes the rest for a run."""
    with suppress(OSError):
        (folder / NAME).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def read_status(folder: Path) -> Document:
    """The status in a folder.

    Raises
    ------
    OSError
        There is none, or it may not be read.
    LiveError
        It is of another version, or damaged.
    """
    path = folder / NAME
    return from_text(path.read_text(encoding="utf-8", errors="replace"), str(path))


def fitted(document: Document) -> bytes:
    """The document as text of at most `MOST_BYTES`; what matters least is left out first."""
    text = to_text(document)
    keep = 1.0
    while len(text) > MOST_BYTES and keep > 1e-3:
        keep /= 2
        text = to_text(_shortened(document, keep))
    return text.encode("ascii")


def _shortened(document: Document, keep: float) -> Document:
    """A document with a part of its rows, and of the text in each."""
    chars = int(_MOST_TEXT * keep)
    elements = [
        replace(e, name=e.name[:chars], into=[name[:chars] for name in e.into[: int(_MOST_INTO * keep)]])
        for e in document.elements
    ]
    half = int(len(elements) * keep / 2)
    kept = [*elements[:half], *elements[len(elements) - half :]]
    scaler = document.scaler
    return replace(
        document,
        reason=document.reason[:chars],
        elements=kept,
        elements_left_out=document.elements_left_out + len(elements) - len(kept),
        ranks=[replace(row, ranks=_cut(row.ranks, chars)) for row in document.ranks],
        scaler=None if scaler is None else replace(scaler, reason=scaler.reason[:chars]),
        limits=[_brief(cause, chars) for cause in document.limits],
        failures=[
            replace(
                f,
                element=f.element[:chars],
                error=f.error[:chars],
                place=f.place[:chars],
                said=f.said[:chars],
            )
            for f in document.failures[: int(len(document.failures) * keep)]
        ],
        doubts=[doubt[:chars] for doubt in document.doubts[: int(len(document.doubts) * keep)]],
    )


def _brief(cause: Cause, chars: int) -> Cause:
    return replace(
        cause,
        element=cause.element[:chars],
        ranks=_cut(cause.ranks, chars),
        text=cause.text[:chars],
        evidence=[each[:chars] for each in cause.evidence],
        advice=cause.advice[:chars],
        to_type=cause.to_type[:chars],
    )


def _cut(text: str, chars: int) -> str:
    return text if len(text) <= chars else text[:chars].rpartition(",")[0] + ",..."
