"""The complete checkpoints in a folder, and which of them is the newest that is whole. Only reads."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hpcd4p.checkpoint import place
from hpcd4p.checkpoint.durable import part_name
from hpcd4p.checkpoint.journal import check_journal
from hpcd4p.checkpoint.sealed import open_sealed, stamp, verify_sealed
from hpcd4p.errors import CheckpointError, SealBroken

MANIFEST = "manifest"
_COMPLETE = re.compile(r"epoch-(\d{6,})")
_REST = re.compile(r"epoch-(\d{6,})\.base")


class Kept(NamedTuple):
    """A file of an epoch."""

    epoch: int
    path: str
    size: int
    digest: str

    @property
    def is_there(self) -> bool:
        """Whether the file says that it is this one; not all of it is read."""
        return stamp(self.path) == (os.path.basename(self.path), self.size, self.digest)


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

    def older(self) -> dict[str, list[Kept]]:
        """What each of its files refers to, oldest first; not those that hold everything."""
        return older_in(self.path.parent, self.manifest)

    def bytes_of_all(self) -> int:
        """Of its files, and of those to which they refer: about what one that refers to none would have."""
        return sum(each.size for each in files_in(self.path.parent, self.epoch, self.manifest))


def path(folder: Path, epoch: int) -> Path:
    """Where an epoch is that is complete."""
    return folder / f"epoch-{epoch:06}"


def part(folder: Path, epoch: int) -> Path:
    """Where it is while it is not, or not any more."""
    return folder / part_name(epoch)


def rest(folder: Path, epoch: int) -> Path:
    """Where those files of an epoch are that later ones refer to, when the epoch itself is no longer kept."""
    return folder / f"epoch-{epoch:06}.base"


def rests(folder: Path) -> list[int]:
    """The epochs of which there is such a rest."""
    names = [each.name for each in folder.glob("epoch-*.base")]
    return [int(found[1]) for found in map(_REST.fullmatch, names) if found]


def older_in(folder: Path, manifest: dict[str, Any]) -> dict[str, list[Kept]]:
    """See `Checkpoint.older`."""
    homes = {epoch: rest(folder, epoch) for epoch in rests(folder)}
    return {
        name: [
            Kept(epoch, str(homes.get(epoch, path(folder, epoch)) / name), size, digest)
            for epoch, size, digest in files
        ]
        for name, files in manifest.get("older", {}).items()
    }


def files_in(folder: Path, epoch: int, manifest: dict[str, Any]) -> Iterator[Kept]:
    """All files that make an epoch: its own, and those to which they refer."""
    here = path(folder, epoch)
    for name, (size, digest) in manifest["files"].items():
        yield Kept(epoch, str(here / name), size, digest)
    for files in older_in(folder, manifest).values():
        yield from files


def needs(manifest: dict[str, Any]) -> dict[int, set[str]]:
    """The names of the files of each earlier epoch that an epoch refers to."""
    found: dict[int, set[str]] = {}
    for name, files in manifest.get("older", {}).items():
        for epoch, _, _ in files:
            found.setdefault(epoch, set()).add(name)
    return found


def manifest_of(folder: Path, epoch: int, key: bytes) -> dict[str, Any]:
    """What an epoch holds; raises as `open_sealed` does."""
    with open_sealed(path(folder, epoch) / MANIFEST, key, epoch) as file:
        manifest: dict[str, Any] = json.loads(file.read())
    return manifest


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
    manifest = manifest_of(folder, epoch, key)
    for file in files_in(folder, epoch, manifest):
        if whole:
            verify_sealed(file.path, key, file.epoch, file.digest)
        elif not file.is_there:
            raise SealBroken(f"{file.path} is gone, or not the file that its manifest names")
    if whole and "journal" in manifest:
        check_journal(folder / place.JOURNAL, key, manifest["journal"])
    return manifest
