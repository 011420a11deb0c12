"""What has changed on a rank since a checkpoint that is complete, so that the next one need not hold all.

Only for a `KeyedPE`: which of its keys were called is known (`runtime.execute.touched`). A checkpoint that is
given up takes nothing away: what was noted for it counts until a later one is complete. Owns these notes, and
the chains of files: each file refers to those before it, back to one that holds everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from hpcd4p.control.cutting import whole_is_due
from hpcd4p.runtime.execute import touched
from hpcd4p.workflow.elements import KeyedPE

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.instance import Instance
    from hpcd4p.wire.resumption import Key


class Since(NamedTuple):
    """What has changed of one partition since the last complete checkpoint."""

    called: list[set[Any]]
    """Keys that were called; in the order of the cuts."""
    keys: int
    """How many there were: those that follow in the table are new."""


class Saved(NamedTuple):
    """What a file holds, as its writer knows."""

    keyed_bytes: int
    """Of the states of keys."""
    refers: bool
    """Whether it holds changes only, of some partition at least."""
    shared: frozenset[int]
    """Elements with keys of which it does not hold each state by itself, so nothing can follow."""


def together(parts: Sequence[Saved]) -> Saved:
    """What a file of these parts holds."""
    shared = frozenset[int]().union(*(each.shared for each in parts))
    return Saved(sum(each.keyed_bytes for each in parts), any(each.refers for each in parts), shared)


class _Link(NamedTuple):
    """The file of one epoch."""

    needs: tuple[int, ...]
    """Epochs of the files that it refers to, oldest first."""
    base_bytes: int
    """Of the first of them, or its own."""
    more: tuple[int, ...]
    """Bytes of each that follows."""
    shared: frozenset[int]
    """See `Saved.shared`."""


class _Cut(NamedTuple):
    """What one partition was at a cut."""

    epoch: int
    called: set[Any] | None
    """Keys that were called since the cut before; None: nobody knows."""
    keys: int
    """How many the table had."""


class Changes:
    """Those of one rank."""

    def __init__(self) -> None:
        self._cuts: dict[Key, tuple[Instance, list[_Cut]]] = {}
        self._links: dict[int, _Link] = {}
        self._base = 0
        self._past: list[set[Any]] = []
        """Keys that count no more: to free many takes as long as to copy the process."""

    def cut(self, epoch: int, base: int, instances: Sequence[Instance]) -> dict[Key, Since]:
        """Note a cut; gives the partitions of which changes are enough.

        Parameters
        ----------
        base
            The last complete checkpoint of the run; 0: none.
        """
        self._base = base
        self._links = {e: link for e, link in self._links.items() if e >= base}
        link = self._links.get(base)
        if link is not None and whole_is_due(link.base_bytes, link.more):
            link = None
        cuts, found = {}, {}
        for instance in instances:
            if isinstance(instance.pe, KeyedPE):
                key = instance.plan.index, instance.partition
                before = self._before(key, instance)
                mine = [*before, _Cut(epoch, instance.touched.renew(), len(instance.table))]
                cuts[key] = instance, mine
                since = self._since(mine)
                if since is not None and link is not None and key[0] not in link.shared:
                    found[key] = since
        count = {id(cut.called) for _, mine in cuts.values() for cut in mine}
        noted = [cut.called for _, mine in self._cuts.values() for cut in mine]
        self._past += [called for called in noted if called and id(called) not in count]
        self._cuts = cuts
        return found

    def forget(self) -> bool:
        """Free some of the keys that count no more; gives whether there are others."""
        if self._past:
            self._past.pop()
        return bool(self._past)

    def _before(self, key: Key, instance: Instance) -> list[_Cut]:
        """The cuts of an instance since the base; it may have gone, and have come again as another one."""
        known, cuts = self._cuts.get(key, (None, []))
        return [cut for cut in cuts if cut.epoch >= self._base] if known is instance else []

    def _since(self, cuts: list[_Cut]) -> Since | None:
        first, *later = cuts
        called = [cut.called for cut in later if cut.called is not None]
        if first.epoch != self._base or len(called) < len(later):
            return None
        if sum(map(len, called)) > touched.MOST_SHARE * cuts[-1].keys:
            return None
        return Since(called, first.keys)

    def saved(self, epoch: int, saved: Saved) -> list[int]:
        """The file of that epoch is written; gives the epochs of those that it refers to."""
        base = self._links.get(self._base)
        if saved.refers and base is not None:
            needs = (*base.needs, self._base)
            link = _Link(needs, base.base_bytes, (*base.more, saved.keyed_bytes), saved.shared)
        else:
            link = _Link((), saved.keyed_bytes, (), saved.shared)
        self._links[epoch] = link
        return list(link.needs)


def changed(table: dict[Any, Any], since: Since) -> tuple[list[Any], list[Any]]:
    """(keys that were there, new ones in their order) of which the state may have changed."""
    new = list(islice(reversed(table), len(table) - since.keys))
    new.reverse()
    first, *later = since.called or [set()]
    called = first.union(*later) if later else first
    if new:
        called = called.difference(new)
    if table.keys() >= called:
        return list(called), new
    return [key for key in called if key in table], new  # a first call may have failed
