"""Whether a run that was stopped and can go on has its record now, or when it has finished."""

from __future__ import annotations

from pathlib import Path

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
