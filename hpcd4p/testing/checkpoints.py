"""Checkpoints in memory, for clusters in one process."""

from __future__ import annotations

import pickle
import random
from collections.abc import Sequence
from copy import deepcopy
from typing import NamedTuple

from hpcd4p.plan.model import Plan
from hpcd4p.record.memory import MemorySink
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.head.cutter import Kept
from hpcd4p.runtime.rank.imaging import Image, Unsavable, packed
from hpcd4p.wire.reports import Saved
from hpcd4p.wire.resumption import Fixed, Held, Key, Restored, Resumption
from hpcd4p.workflow.identity import dumper

LOOK_S = 0.001
"""Between two looks whether an image is saved."""

SAVED_CHANCE = 0.3
"""That it is, at a look."""


class MemoryCheckpoint(NamedTuple):
    """One that is complete."""

    epoch: int
    fixed: bytes
    held: dict[Key, Held]
    sink: MemorySink
    """What had come out by then."""

    def resumption(self) -> Resumption:
        """What a run goes on from."""
        fixed: Fixed = pickle.loads(self.fixed)
        return Resumption(self.epoch, fixed, self.restored(fixed))

    def restored(self, fixed: Fixed) -> Restored:
        """The same for any rank."""
        return Restored(self.held, frozenset(fixed.drained))


class MemoryKeeper:
    """See `runtime.head.cutter.Keeper`. Keeps all that are complete, the newest last."""

    def __init__(self, sink: MemorySink) -> None:
        self.complete_ones: list[MemoryCheckpoint] = []
        self.given_up = 0
        self._sink = sink
        self._held: dict[int, dict[Key, Held]] = {}
        self._fixed: dict[int, tuple[bytes, MemorySink]] = {}
        self._ended: list[Kept] = []

    def begin(self, epoch: int) -> None:
        """See `Keeper.begin`."""
        self._held[epoch] = {}

    def add(self, epoch: int, held: dict[Key, Held]) -> None:
        """Keep what a rank has saved; two may have had tuples for one partition."""
        mine = self._held.get(epoch)
        if mine is not None:
            for key, each in held.items():
                before = mine.get(key)
                mine[key] = each if before is None else before.joined(each)

    def fix(self, epoch: int, fixed: Fixed) -> None:
        """See `Keeper.fix`."""
        self._fixed[epoch] = pickle.dumps(fixed), deepcopy(self._sink)

    def complete(self, epoch: int, saved: Sequence[Saved]) -> None:
        """See `Keeper.complete`."""
        fixed, sink = self._fixed.pop(epoch)
        self.complete_ones.append(MemoryCheckpoint(epoch, fixed, self._held.pop(epoch), sink))
        self._ended.append(Kept(epoch, len(fixed) + sum(each.size for each in saved)))

    def ended(self) -> list[Kept]:
        """See `Keeper.ended`."""
        ended, self._ended = self._ended, []
        return ended

    def give_up(self, epoch: int) -> None:
        """See `Keeper.give_up`."""
        self.given_up += 1
        self._fixed.pop(epoch, None)
        self._held.pop(epoch, None)


class MemorySaver:
    """See `runtime.rank.cutting.Saver`. What it saves is there some looks later, as `chance` has it."""

    def __init__(self, rank: int, plan: Plan, keeper: MemoryKeeper, chance: random.Random) -> None:
        self._rank = rank
        self._plan = plan
        self._keeper = keeper
        self._chance = chance
        self._saving: list[tuple[Saved, dict[Key, Held]]] = []

    def begin(self, instances: Sequence[Instance]) -> None:
        """See `Saver.begin`: all ranks share what is outside their instances."""

    def save(self, epoch: int, image: Image) -> None:
        """See `Saver.save`."""
        try:
            held = dict(packed(image, lambda e: self._plan.elements[e].name, dumper(by_value=False)))
        except Unsavable as error:
            self._saving.append((Saved(self._rank, epoch, 0, "", str(error)), {}))
            return
        size = sum(len(each.state or b"") + sum(map(len, each.lines)) for each in held.values())
        self._saving.append((Saved(self._rank, epoch, size, f"of rank {self._rank}"), held))

    def changed(self) -> bool:
        """See `Saver.changed`."""
        return False

    def ended(self) -> list[Saved]:
        """See `Saver.ended`."""
        found = [each for each in self._saving if self._chance.random() < SAVED_CHANCE]
        self._saving = [each for each in self._saving if each not in found]
        for saved, held in found:
            self._keeper.add(saved.epoch, held)
        return [saved for saved, _ in found]

    @property
    def look_s(self) -> float | None:
        """See `Saver.look_s`."""
        return LOOK_S if self._saving else None
