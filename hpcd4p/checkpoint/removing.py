"""What goes from a folder of checkpoints. One loses its name first: no half of one looks complete."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from hpcd4p.checkpoint import epochs
from hpcd4p.errors import CheckpointError


def remove(folder: Path, epoch: int, but: set[str] | None = None) -> None:
    """Remove an epoch, or what is left of it.

    Parameters
    ----------
    but
        Files that stay, for other epochs refer to them.
    """
    gone = epochs.rest(folder, epoch) if but else epochs.part(folder, epoch)
    for before in (epochs.path(folder, epoch), epochs.rest(folder, epoch)):
        with suppress(OSError):
            before.rename(gone)
    if not but:
        shutil.rmtree(gone, ignore_errors=True)
        return
    for each in gone.glob("*"):
        if each.name not in but:
            with suppress(OSError):
                each.unlink()


def remove_old(folder: Path, key: bytes, keep: int) -> None:
    """Remove all but the newest `keep` and the files to which they refer; all stays if these are damaged."""
    with suppress(CheckpointError):
        there = epochs.complete(folder)
        needed: dict[int, set[str]] = {}
        for epoch in there[:keep]:
            for older, names in epochs.needs(epochs.manifest_of(folder, epoch, key)).items():
                needed.setdefault(older, set()).update(names)
        for epoch in {*there[keep:], *epochs.rests(folder)}:
            remove(folder, epoch, needed.get(epoch))
    remove_parts(folder)


def remove_all(folder: Path) -> None:
    """Remove all epochs."""
    with suppress(CheckpointError):  # the folder is gone
        for epoch in {*epochs.complete(folder), *epochs.rests(folder)}:
            remove(folder, epoch)
    remove_parts(folder)


def remove_parts(folder: Path) -> None:
    """Remove what was begun and not completed, or whose removal was cut short."""
    for part in folder.glob("epoch-*.part"):
        shutil.rmtree(part, ignore_errors=True)
