"""How a rank makes its part of checkpoints, and finds what it goes on from. Every rank imports this."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from hpcd4p.runtime.rank.late_cutting import LateCutting

if TYPE_CHECKING:
    from io import BufferedReader

    from hpcd4p.runtime.rank.cutting import Cutting
    from hpcd4p.runtime.rank.loop import RankLoop
    from hpcd4p.wire.resumption import Held, Key, Restored


class Source(NamedTuple):
    """A checkpoint that a run goes on from."""

    epoch: int
    folder: str
    digests: dict[str, str]
    """Of its files."""
    drained: list[int]
    holders: dict[Key, int]
    """Rank that held each partition, in the run that has made it."""
    former: list[int]
    """Ranks that may have had tuples for partitions that others held."""
    older: dict[str, list[tuple[int, str, str]]]
    """Files to which its own refer, by name: (epoch, path, digest), oldest first."""

    def files(self, name: str) -> list[tuple[int, str, str]]:
        """A file with those to which it refers, oldest first."""
        own = self.epoch, os.path.join(self.folder, name), self.digests[name]
        return [*self.older.get(name, ()), own]


class CheckpointPlace(NamedTuple):
    """What rank 0 tells the others of checkpoints. Their key is the secret of the run."""

    folder: str
    """Of all checkpoints."""
    made: bool
    """Whether it is there by now."""
    source: Source | None = None


def equip(loop: RankLoop, place: CheckpointPlace, secret: bytes, by_value: bool) -> None:
    """Have a rank save what it holds, and go on from what was saved.

    Raises
    ------
    CheckpointError
        It does not see the folder of rank 0; or a file of the checkpoint is not as it was written.
    """
    hosts = bool(loop.plan.hosted(loop.rank))
    if place.made and hosts:
        from hpcd4p.checkpoint.secret import look_for

        look_for(place.folder, secret)

    def make() -> Cutting:
        from hpcd4p.runtime.rank.cutting import Cutting
        from hpcd4p.runtime.rank.forked_saver import ForkedSaver
        from hpcd4p.workflow.identity import file_dumper

        saver = ForkedSaver(loop.rank, loop.plan, place.folder, secret, file_dumper(by_value))
        loop.cutting = Cutting(loop.rank, loop.committer, loop.partitions, saver, loop.clock)
        return loop.cutting

    if hosts:
        make()
    else:
        loop.cutting = LateCutting(make)
    if place.source is not None:
        loop.restored = restored(loop, place.source, secret)


def restored(loop: RankLoop, source: Source, secret: bytes) -> Restored:
    """What this rank goes on from.

    Raises
    ------
    CheckpointError
        A file of the checkpoint is not as it was written.
    """
    mine = set(loop.plan.hosted(loop.rank))
    ranks = {source.holders[key] for key in mine if key in source.holders} | set(source.former)
    return _read(source, secret, ranks if mine else set(), mine.__contains__)


def restored_whole(source: Source, secret: bytes) -> Restored:
    """What a run in one process goes on from: all that any rank has held; raises as `restored` does."""
    return _read(source, secret, {*source.holders.values(), *source.former}, lambda key: True)


def _read(source: Source, secret: bytes, ranks: set[int], wanted: Callable[[Key], bool]) -> Restored:
    from hpcd4p.runtime.rank.forked_saver import file_name
    from hpcd4p.runtime.rank.image_file import held_in
    from hpcd4p.wire.resumption import Restored

    held: dict[Key, Held] = {}
    for name in map(file_name, sorted(ranks)):
        for key, each in held_in(_open(source.files(name), secret), wanted).items():
            held[key] = held[key].joined(each) if key in held else each
    return Restored(held, frozenset(source.drained), source.epoch)


def _open(files: list[tuple[int, str, str]], secret: bytes) -> Iterator[BufferedReader]:
    from hpcd4p.checkpoint.sealed import open_sealed

    for epoch, path, digest in files:
        with open_sealed(path, secret, epoch, digest) as file:
            yield file
