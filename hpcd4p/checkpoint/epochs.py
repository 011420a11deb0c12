"""The complete checkpoints in a folder, and which of them is the newest that is whole. Only reads."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

from hpcd4p.checkpoint import place
from hpcd4p.checkpoint.durable import part_name
from hpcd4p.checkpoint.journal import check_journal
from hpcd4p.checkpoint.sealed import open_sealed, stamp, verify_sealed
from hpcd4p.errors import CheckpointError, SealBroken

MANIFEST = "manifest"
_COMPLETE = re.compile(r"epoch-(\d{6,})")


class Checkpoint(NamedTuple):
    """A complete checkpoint that has been verified."""

    epoch: int
    path: Path
    manifest: dict[str, Any]
    refused: list[str]
    """Of each newer one, why it is not this."""

    def digest(self, name: str) -> str:
        """The tag of one of its files, for `open_sealed`."""
        found: str = self.manifest["files"][name][1]
        return found


def path(folder: Path, epoch: int) -> Path:
    """Where an epoch is that is complete."""
    return folder / f"epoch-{epoch:06}"


def part(folder: Path, epoch: int) -> Path:
    """Where it is while it is not, or not any more."""
    return folder / part_name(epoch)


def complete(folder: Path) -> list[int]:
    """The complete ones, newest first."""
    try:
        names = os.listdir(folder)
    except OSError as error:
        raise CheckpointError(f"{folder} cannot be read: {error.strerror}") from error
    return sorted((int(found[1]) for found in map(_COMPLETE.fullmatch, names) if found), reverse=True)


def latest(folder: Path, key: bytes, *, whole: bool) -> Checkpoint | None:
    """See `Folder.latest`."""
    refused: list[str] = []
    for epoch in complete(folder):
        try:
            manifest = _verified(folder, epoch, key, whole)
        except CheckpointError as error:
            refused.append(f"checkpoint {epoch}: {error}")
        else:
            return Checkpoint(epoch, path(folder, epoch), manifest, refused)
    if refused:
        raise SealBroken("no checkpoint of the run can be used; start it again: " + "; ".join(refused))
    return None


def _verified(folder: Path, epoch: int, key: bytes, whole: bool) -> dict[str, Any]:
    """The manifest of an epoch, when all that it names is there."""
    here = path(folder, epoch)
    with open_sealed(here / MANIFEST, key, epoch) as file:
        manifest: dict[str, Any] = json.loads(file.read())
    for name, (size, digest) in manifest["files"].items():
        if whole:
            verify_sealed(here / name, key, epoch, digest)
        elif stamp(here / name) != (name, size, digest):
            raise SealBroken(f"{here / name} is gone, or not the file that its manifest names")
    if whole and "journal" in manifest:
        check_journal(folder / place.JOURNAL, key, manifest["journal"])
    return manifest
