"""The note of rank 0 for the process that launched it: how far it is, and the exit status of the run.

On one node that is a piece of memory of the launching process, reached by its path under /proc: it
is gone with that process in every case, and only the same user may open it. Ranks on other nodes
cannot reach it; for them it is a file in the working folder.
"""

from __future__ import annotations

import json
import os
import time
from typing import NamedTuple

STATUS_VARIABLE = "HPCD4P_STATUS_FILE"
"""Names the note for the ranks. They end with 0, for launchers print a page about anything else."""

MET = "met"
"""Rank 0 has passed MPI_Init, and watches the others."""

BEGUN = "begun"
"""The run has begun: a rank that is lost from now on is dealt with by the run itself. Rank 0 adds the number
of its process."""

INTERRUPTED = "interrupted"
"""A signal ended rank 0 before the run began. The launching process says so: an mpirun that is being ended
forwards no more of what its ranks write."""

_WIDTH = 64
"""Characters of a note, filled up with spaces; behind them stands the `Rest`."""

RESTARTED_VARIABLE = "HPCD4P_RESTARTED"
"""Tells the ranks why they were started again: JSON, each time a sentence and the age of the checkpoint."""

VARIABLES = (STATUS_VARIABLE, RESTARTED_VARIABLE)
"""From the process that launches the ranks to rank 0."""


class Rest(NamedTuple):
    """What rank 0 says of checkpoints, for the process that launched it."""

    folder: str
    """Of the checkpoints; empty: there are none."""
    died: bool = True
    """Whether the run goes on by itself: nobody has asked it to end, and no element has failed it."""
    why: str = ""
    """Why it has ended."""


def leave_rest(rest: Rest) -> bool:
    """Leave `rest` in the note; False if no launcher reads it."""
    path = os.environ.get(STATUS_VARIABLE)
    if not path:
        return False
    try:
        note = os.open(path, os.O_WRONLY)
    except OSError:
        return False
    try:
        os.ftruncate(note, _WIDTH)
        said = "\0".join([rest.folder, "died" if rest.died else "", rest.why])
        os.pwrite(note, os.fsencode(said), _WIDTH)
    finally:
        os.close(note)
    return True


def leave_note(text: str) -> bool:
    """Replace the content of the note by `text`; False if no launcher of ours reads it.

    Raises
    ------
    OSError
        It cannot be written.
    """
    path = os.environ.get(STATUS_VARIABLE)
    if not path:
        return False
    # one write of one width, without truncating: a reader sees either the old or the new word
    note = os.open(path, os.O_WRONLY)
    try:
        os.pwrite(note, text.ljust(_WIDTH).encode("ascii"), 0)
    finally:
        os.close(note)
    return True


def restarted_because() -> list[tuple[str, float]]:
    """Why the launching process has started the ranks again each time, and how old the checkpoint was."""
    try:
        found = json.loads(os.environ.get(RESTARTED_VARIABLE, "[]"))
        return [(str(text), float(age_s)) for text, age_s in found]
    except (ValueError, TypeError):
        return []


def leave_interrupted() -> bool:
    """Write `INTERRUPTED`; False if nobody reads it, or if the run has begun: then rank 0 itself reports."""
    try:
        with open(os.environ.get(STATUS_VARIABLE, "")) as note:
            if note.read().startswith(BEGUN):
                return False
        return leave_note(INTERRUPTED)
    except OSError:
        return False


def plainly(reason: str) -> str:
    """The reason of a stop, in terms of what the launching process received.

    Our launcher forwards all stopping signals as the only one that leaves the ranks time.
    """
    return (
        reason.replace("SIGUSR1", "SIGINT, SIGTERM or SIGUSR1") if STATUS_VARIABLE in os.environ else reason
    )


class StatusNote:
    """A note for one word: `MET`, `BEGUN`, or in the end the status or `INTERRUPTED`.

    A context manager that removes it.

    Attributes
    ----------
    path
        The file that rank 0 opens to write it.
    """

    def __init__(self, several_nodes: bool) -> None:
        self._on_disk = several_nodes
        if several_nodes:
            import tempfile

            from hpcd4p.launch.leftovers import mark

            self._descriptor, self.path = tempfile.mkstemp(
                prefix="." + mark("status"), dir=os.getcwd()
            )  # 0600
        else:
            self._descriptor = os.memfd_create("hpcd4p-status")
            self.path = f"/proc/{os.getpid()}/fd/{self._descriptor}"

    def word(self) -> str:
        """Give what rank 0 left last."""
        try:
            # opened each time: a shared file system shows the writes of another node after an open
            with open(self.path) as file:
                return file.read(_WIDTH).strip("\0 \n")
        except OSError:
            return ""

    def rest(self) -> Rest:
        """Give what rank 0 said last of checkpoints."""
        try:
            with open(self.path, "rb") as file:
                file.seek(_WIDTH)
                folder, died, why = os.fsdecode(file.read()).split("\0")
        except (OSError, ValueError):
            return Rest("")
        return Rest(folder, died == "died", why)

    def status(self) -> int | None:
        """Give the status that rank 0 left, or None."""
        text = self.word()
        return int(text) if text.isascii() and text.isdigit() else None

    def head(self) -> int | None:
        """Give the process of rank 0, if the run has begun and not left a status."""
        word, _, number = self.word().partition(" ")
        return int(number) if word == BEGUN and number.isdigit() else None

    def wait(self, seconds: float) -> None:
        """Wait until rank 0 has left a status, while it is alive, and at most so long."""
        end = time.monotonic() + seconds
        while (
            (head := self.head()) is not None and os.path.exists(f"/proc/{head}") and time.monotonic() < end
        ):
            time.sleep(0.02)

    def __enter__(self) -> StatusNote:
        return self

    def __exit__(self, *exc: object) -> None:
        os.close(self._descriptor)
        if self._on_disk:
            os.unlink(self.path)
