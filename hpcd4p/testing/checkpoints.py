"""Checkpoints in memory, for clusters in one process."""

from __future__ import annotations

import pickle
import random
from collections.abc import Sequence
from io import BytesIO
from typing import Any, NamedTuple

from hpcd4p.plan.model import Plan
from hpcd4p.record.memory import MemorySink
from hpcd4p.record.survival import CheckpointRow
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.head.keeper import Kept
from hpcd4p.runtime.rank.changes import Changes
from hpcd4p.runtime.rank.image_file import held_in
from hpcd4p.runtime.rank.imaging import Image
from hpcd4p.runtime.rank.saving import Saving, here, save
from hpcd4p.runtime.rank.unsavable import Unsavable
from hpcd4p.wire.cut_reports import Saved
from hpcd4p.wire.resumption import Fixed, Held, Key, Restored, Resumption
from hpcd4p.workflow.identity import file_dumper

LOOK_S = 0.001
"""Between two looks whether an image is saved."""

SAVED_CHANCE = 0.3
"""That it is, at a look."""


class MemoryJournal:
    """All that has come out of a run, pickled: each entry has what came since the one before."""

    def __init__(self, sink: MemorySink) -> None:
        self._sink = sink
        self._entries: list[bytes] = []
        self._lengths: dict[str, int] = {}

    def end(self) -> int:
        """Entries so far, with all that has come out by now in them."""
        new: dict[str, list[Any]] = {}
        for name, rows in _rows(self._sink).items():
            length = self._lengths.get(name, 0)
            if len(rows) > length:
                new[name] = rows[length:]
                self._lengths[name] = len(rows)
        if new:
            self._entries.append(pickle.dumps(new))
        return len(self._entries)

    def sink(self, end: int) -> MemorySink:
        """One that has what is in the first `end` entries, and shares nothing with any other."""
        sink = MemorySink()
        for entry in self._entries[:end]:
            for name, rows in pickle.loads(entry).items():
                if name in _KINDS:
                    getattr(sink, name).extend(rows)
                else:
                    sink.results.setdefault(name, []).extend(rows)
        return sink


_KINDS = ("letters", "events", "lines")


def _rows(sink: MemorySink) -> dict[str, list[Any]]:
    """All lists of a sink: outputs by element and output, which have a dot between them, and the rest."""
    return {**sink.results, **{kind: getattr(sink, kind) for kind in _KINDS}}


class MemoryCheckpoint(NamedTuple):
    """One that is complete."""

    epoch: int
    fixed: bytes
    held: dict[Key, Held]
    journal: MemoryJournal
    end: int
    """Entries of the journal: what had come out by then."""

    def sink(self) -> MemorySink:
        """What had come out by then, anew each time."""
        return self.journal.sink(self.end)

    def resumption(self) -> Resumption:
        """What a run goes on from."""
        fixed: Fixed = pickle.loads(self.fixed)
        return Resumption(self.epoch, fixed, self.restored(fixed))

    def restored(self, fixed: Fixed) -> Restored:
        """The same for any rank."""
        return Restored(self.held, frozenset(fixed.drained), self.epoch)


class MemoryKeeper:
    """See `runtime.head.keeper.Keeper`. Keeps all that are complete, the newest last.

    Attributes
    ----------
    referring
        How many of them hold only what has changed, of some partition at least.
    """

    def __init__(self, sink: MemorySink) -> None:
        self.complete_ones: list[MemoryCheckpoint] = []
        self.given_up = self.referring = 0
        self._journal = MemoryJournal(sink)
        self._files: dict[tuple[int, int], bytes] = {}
        self._fixed: dict[int, tuple[bytes, int]] = {}
        self._ended: list[Kept] = []

    def begin(self, epoch: int) -> None:
        """See `Keeper.begin`."""

    def add(self, rank: int, epoch: int, file: bytes) -> None:
        """Keep what a rank has saved."""
        self._files[rank, epoch] = file

    def fix(self, epoch: int, fixed: Fixed) -> None:
        """See `Keeper.fix`."""
        self._fixed[epoch] = pickle.dumps(fixed), self._journal.end()

    def complete(self, epoch: int, saved: Sequence[Saved], row: CheckpointRow) -> None:
        """See `Keeper.complete`."""
        fixed, end = self._fixed.pop(epoch)
        held: dict[Key, Held] = {}
        for each in saved:
            files = [BytesIO(self._files[each.rank, e]) for e in (*each.needs, epoch)]
            for key, mine in held_in(files, lambda key: True).items():
                held[key] = held[key].joined(mine) if key in held else mine
        self.referring += any(each.needs for each in saved)
        self.complete_ones.append(MemoryCheckpoint(epoch, fixed, held, self._journal, end))
        self._ended.append(Kept(epoch, len(fixed) + sum(each.size for each in saved)))

    def ended(self) -> list[Kept]:
        """See `Keeper.ended`."""
        ended, self._ended = self._ended, []
        return ended

    def give_up(self, epoch: int, no_room: bool = False) -> None:
        """See `Keeper.give_up`."""
        self.given_up += 1
        self._fixed.pop(epoch, None)


class MemorySaver:
    """See `runtime.rank.cutting.Saver`. What it saves is there some looks later, as `chance` has it."""

    def __init__(self, rank: int, plan: Plan, keeper: MemoryKeeper, chance: random.Random) -> None:
        self._rank = rank
        self._keeper = keeper
        self._chance = chance
        self._how = Saving(file_dumper(by_value=False), lambda e: plan.elements[e].name, here)
        self._changes = Changes()
        self._saving: list[tuple[Saved, bytes]] = []

    def begin(self, instances: Sequence[Instance]) -> None:
        """See `Saver.begin`: all ranks share what is outside their instances."""

    def save(self, epoch: int, base: int, image: Image) -> None:
        """See `Saver.save`."""
        since = self._changes.cut(epoch, base, image.instances)
        file = BytesIO()
        try:
            saved = save(image, since, self._how, file)
        except Unsavable as error:
            self._saving.append((Saved(self._rank, epoch, 0, "", str(error)), b""))
            return
        needs = self._changes.saved(epoch, saved)
        report = Saved(self._rank, epoch, file.tell(), f"of rank {self._rank}", needs=needs)
        self._saving.append((report, file.getvalue()))

    def changed(self) -> bool:
        """See `Saver.changed`."""
        return False

    def ended(self) -> list[Saved]:
        """See `Saver.ended`."""
        found = [each for each in self._saving if self._chance.random() < SAVED_CHANCE]
        self._saving = [each for each in self._saving if each not in found]
        for saved, file in found:
            self._keeper.add(saved.rank, saved.epoch, file)
        return [saved for saved, _ in found]

    @property
    def look_s(self) -> float | None:
        """See `Saver.look_s`."""
        return LOOK_S if self._saving else None
