"""Who holds which partition, as one rank has heard: the plan's deal, and what has moved since.

A rank that was never told of a hand-over sends to where the partition was: its former owner sends on. So
an entry here is a short way, and no promise rests on it. But the order of one sender's tuples does: who sends
a partition's tuples another way sends a *mark* the old way first (`gates`). What has a place goes by that,
and not by what its sender has heard: what was written before its origin heard of the move goes the old way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpcd4p.plan.model import Plan

Key = tuple[int, int]
"""Element and partition."""


class Owners:
    """What one rank knows of owners."""

    def __init__(self, plan: Plan, rank: int) -> None:
        self._plan = plan
        self._rank = rank
        self._moved: dict[Key, int] = {}
        self._marks: dict[Key, tuple[int, int]] = {}
        self._heirs: dict[Key, tuple[int, int]] = {}
        self._since: dict[Key, list[tuple[int, int]]] = {}
        """Of partitions of ordered elements: numbers of their moves, and their owners from then on."""

    def of(self, element: int, partition: int) -> int:
        """Where this rank sends tuples for a partition."""
        if self._moved:
            owner = self._moved.get((element, partition))
            if owner is not None:
                return owner
        return self._plan.owner(element, partition)

    def at(self, element: int, partition: int, moves: int) -> int:
        """Where all that has its place since so many moves of ordered partitions is sent, by every rank."""
        owner = self._plan.owner(element, partition)
        for number, next_owner in self._since.get((element, partition), ()):
            if number <= moves:
                owner = next_owner
        return owner

    def moved(self, element: int, partition: int, owner: int, epoch: int, number: int = 0) -> None:
        """From now on, send to `owner`; not where this rank is on the way itself.

        Parameters
        ----------
        number
            See `wire.orders.Moved`.
        """
        key = element, partition
        if number:
            self._since.setdefault(key, []).append((number, owner))
        if key in self._heirs:  # what it writes is sent on with all the rest
            return
        before, _ = self._marks.get(key, (self.of(*key), 0))
        self._marks[key] = before, epoch
        self._moved[key] = owner

    def take_mark(self, key: Key) -> tuple[int, int] | None:
        """(rank, epoch) of the mark that goes before what is sent to a partition next; None: none is due."""
        return self._marks.pop(key, None) if self._marks else None

    # ---- what this rank has had and has handed over

    def handed_over(self, key: Key, to: int, epoch: int) -> None:
        """From now on, what comes here for a partition goes on to its next owner."""
        self._heirs[key] = to, epoch
        self._moved[key] = self._rank

    def gone(self) -> dict[Key, int]:
        """Which partitions have gone from here, with how often they had moved then."""
        return {key: epoch for key, (_, epoch) in self._heirs.items()}

    def heir(self, key: Key) -> tuple[int, int]:
        """(rank, epoch) of the next owner of a partition that was here; of another one its owner."""
        return self._heirs.get(key) or (self.of(*key), 0)
