"""What remains of the outputs of a run that has no record: not yet, or because it could not be written."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hpcd4p.errors import CheckpointError

if TYPE_CHECKING:
    from hpcd4p.launch.checkpoint_files import CheckpointFiles

SOON_BYTES = 8 << 20
"""A run that can go on does not wait for its record if more than this has left it: Slurm gives little time,
and the job must still be put back."""


def why_later(folder: Path, size: int) -> str:
    """Say why there is no record yet, where so many bytes are in the journal of `folder`; empty: there is."""
    if size <= SOON_BYTES:
        return ""
    return (
        "what came out so far is not in a record yet, for the run can go on: "
        f"`hpcd4p show {folder}` has it, and so will the record when the run has finished"
    )


def what_is_kept(files: CheckpointFiles, complete: bool) -> str:
    """Say what remains of the outputs, where the record of the run cannot be written; empty: nothing.

    Parameters
    ----------
    complete
        Whether the journal has all that has come.
    """
    if files.epochs:
        return "no output is lost, for the run can go on from its last checkpoint"
    if complete and files.are_there and (files.path / "run.json").exists():
        with suppress(CheckpointError):
            files.journal.end()
            return f"what came out so far is in {files.path}: `hpcd4p show` and hpcd4p.open read it there"
    return ""
