"""Which partitions move to which rank while the run goes on, because their rank is behind. Pure.

The plan deals partitions without knowing how much work each has. A rank that has more than it can do while
others have time gives the hottest of them away, until all have about as much. A partition is never split, so
a single hot one stays where it is and the others leave it. Each hand-over costs a pickle of the state, and a
rank cannot give back what it has got: so there are few, and none near the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from hpcd4p.control.behind import BEHIND, LINE_S, TELL_BUSY, is_behind
from hpcd4p.wire.reports import Load

Key = tuple[int, int]
"""Element and partition."""

FRESH_S = 5.0
"""What a rank has told holds for so long; after that it has room, or it would have told again."""

MOST_QUEUED = 0.25
"""A rank that waits for a core for more than this part of its time would not have more of it elsewhere,"""

COMPUTES = 0.5
"""... if it would be on one for this part. One that mostly sleeps or waits is not slower for it."""

LOADED = 0.001
"""A partition with a smaller part of its rank's time counts as nothing."""

LEAST_PART = 0.1
"""The most loaded rank has at least so much less of its load afterwards: less would not be seen."""

MOST_AT_ONCE = 32
"""Partitions that move between two measurements, at most; in all, each is told to every rank of the run."""

MOST_TOLD = 4000
"""... orders at a time, at most: some 20 ms of Redis."""

MOST_MOVES = 2
"""Of one partition in a run."""

MOST_TARGETS = 4
"""Ranks that take something over at a time, at most: one for each `LINE_S` in line."""

CALM_S = 1.0
"""After a hand-over its ranks are left alone for so long: two windows, of which one shows its effect."""


class Deal(NamedTuple):
    """One partition moves."""

    element: int
    partition: int
    source: int
    target: int
    why: str
    share: float = 0.0
    """Part of the time of its rank that it takes, with what is in line for it."""
    busy: float = 0.0
    """See `Load`, of its rank."""
    line_s: float = 0.0
    """The same."""


class Places(NamedTuple):
    """Where partitions are, and where they could be."""

    owners: Mapping[Key, int]
    """Rank of each partition that has a fixed place."""
    been: Mapping[Key, Sequence[int]]
    """Former owners of those that have moved."""
    hosts: Iterable[int]
    """Ranks that hold partitions."""
    free: Sequence[int]
    """Ranks that hold none and could, the best first."""
    stays: Callable[[int], str]
    """Why the partitions of an element must not move; empty if they may. Asked only when it matters."""
    ranks: int


class Dealer:
    """Decides for one run."""

    def __init__(self) -> None:
        self._loads: dict[int, tuple[float, Load]] = {}
        self._behind: dict[int, Load] = {}
        self._calm_until: dict[int, float] = {}

    def heard(self, load: Load, now: float) -> None:
        """Take in what a rank has told of itself."""
        self._loads[load.rank] = now, load
        if is_behind(load.busy, load.line_s):
            self._behind[load.rank] = load

    def moved(self, deal: Deal, now: float) -> None:
        """Note that a hand-over is done, or has failed."""
        for rank in (deal.source, deal.target):
            self._calm_until[rank] = now + CALM_S
            self._behind.pop(rank, None)

    def loads(self, now: float) -> list[Load]:
        """What ranks have told lately."""
        return [load for told_at, load in self._loads.values() if now - told_at <= FRESH_S]

    @property
    def wants(self) -> bool:
        """Whether there is anything to decide."""
        return bool(self._behind)

    def decide(self, places: Places, now: float) -> list[Deal]:
        """What moves now: from one rank that is behind to one that has room.

        The first line that applies counts.

        ============================================  =======================================================
        of the rank that is behind                    what moves
        ============================================  =======================================================
        it has handed over within `CALM_S`            nothing
        it lacks cores (`_lacks_cores`)               nothing: there are none elsewhere
        fewer than two of its partitions have a load  nothing: one is not split
        no other rank has less load                   nothing
        otherwise                                     the hottest, to the ranks with the least load, until
                                                      all of these have about the mean; if the largest load
                                                      is `LEAST_PART` less then
        ============================================  =======================================================
        """
        behind, self._behind = self._behind, {}
        for load in sorted(behind.values(), key=lambda load: -load.line_s):
            if self._calm(load.rank, now) and not _lacks_cores(load):
                deals = self._from(load, places, now)
                if deals:
                    return deals
        return []

    def _calm(self, rank: int, now: float) -> bool:
        return self._calm_until.get(rank, now) <= now

    def _from(self, load: Load, places: Places, now: float) -> list[Deal]:
        loaded = [(share, (e, p)) for e, p, share in load.partitions if share >= LOADED]
        if len(loaded) < 2:
            return []
        loaded.sort(key=lambda each: (-each[0], each[1]))
        own = sum(share for share, _ in loaded)
        targets = self._targets(load.rank, places, now)
        best: list[tuple[Key, int]] = []
        peak = own * (1 - LEAST_PART)
        for many in range(1, 1 + min(len(targets), MOST_TARGETS, int(load.line_s / LINE_S))):
            spread, then = _spread(loaded, own, targets[:many], places)
            if then < peak:
                best, peak = spread, then
        why = (
            f"rank {load.rank} was busy for {load.busy * 100:.0f} % of the time, {load.line_s:.1f} s of work "
            "were in line, and others had room"
        )
        shares = {key: share for share, key in loaded}
        told = load.busy, load.line_s
        return [Deal(*key, load.rank, target, why, shares[key], *told) for key, target in best]

    def _targets(self, source: int, places: Places, now: float) -> list[tuple[int, float]]:
        """(rank, its load): those that hold partitions and have the least load first, then the others."""
        hosts = [(self._load_of(r, now), r) for r in places.hosts if r != source and self._calm(r, now)]
        light = [(has, r) for has, r in sorted(hosts) if has < BEHIND / 2]
        return [(r, has) for has, r in [*light, *((0.0, r) for r in places.free if self._calm(r, now))]]

    def _load_of(self, rank: int, now: float) -> float:
        told_at, load = self._loads.get(rank, (-FRESH_S, None))
        if load is None:
            return 0.0
        if now - told_at > FRESH_S:
            return min(TELL_BUSY, load.busy)
        return sum(share for _, _, share in load.partitions)


def _lacks_cores(load: Load) -> bool:
    """Whether a rank waits for a core as soon as it has something to do, and would for others as well."""
    return load.queued > MOST_QUEUED and load.queued + load.on_core > COMPUTES


def _may_go(key: Key, target: int, places: Places) -> bool:
    been = places.been.get(key, ())
    return len(been) < MOST_MOVES and target not in been and not places.stays(key[0])


def _spread(
    loaded: Sequence[tuple[float, Key]], own: float, targets: Sequence[tuple[int, float]], places: Places
) -> tuple[list[tuple[Key, int]], float]:
    """(partition, target) of what goes to these targets, and the largest load of all ranks after that.

    Each gets the hottest that fit, up to the mean of all; what is too hot for that is not passed on, so the
    rest leaves it.
    """
    goal = (own + sum(has for _, has in targets)) / (len(targets) + 1)
    left, peak = [*loaded], 0.0
    dealt: list[tuple[Key, int]] = []
    most = max(1, min(MOST_AT_ONCE, MOST_TOLD // places.ranks))
    for target, has in targets:
        rest = []
        for share, key in left:
            # a tenth more than the mean: two that are about equal are parted
            if len(dealt) < most and has + share <= 1.1 * goal and _may_go(key, target, places):
                dealt.append((key, target))
                has += share
            else:
                rest.append((share, key))
        left, peak = rest, max(peak, has)
    return dealt, max(peak, sum(share for share, _ in left))
