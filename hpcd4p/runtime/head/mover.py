"""Moves partitions from rank to rank while the run goes on. Lives on the head.

Owns where each partition is, and the order of what is told: the hand-over is counted as an unfinished tuple
of its element, so that this cannot end meanwhile; the new rank is told to listen; the old one to hand over;
and when the new one has it, everybody learns the short way. Which partitions move, `control.dealing` decides.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from hpcd4p.control.ending import ElementState, Ending
from hpcd4p.logs import module_log
from hpcd4p.plan.model import Mapping, Plan, Role
from hpcd4p.record.moves import Move, Moves, Place
from hpcd4p.runtime.rank.link import Link
from hpcd4p.wire.messages import Commit, Observation
from hpcd4p.wire.orders import Expect, HandOver, Moved, Order
from hpcd4p.wire.reports import Adopted, Load, Stays

if TYPE_CHECKING:
    from hpcd4p.control.dealing import Deal, Dealer, Key
    from hpcd4p.plan.settings import EngineSettings
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.head.story import Story
    from hpcd4p.workflow.generic import GenericPE

_log = module_log(__name__)


class Mover:
    """The mover of one run.

    Attributes
    ----------
    dealer
        Decides what moves; None: no rank has told how busy it is.
    hosts
        Ranks that hold partitions, or have held some: they get messages.
    """

    def __init__(
        self,
        plan: Plan,
        elements: Sequence[GenericPE],
        settings: EngineSettings,
        link: Link,
        story: Story,
        clock: Clock,
    ) -> None:
        self.dealer: Dealer | None = None
        self.hosts = set(plan.stateful_ranks)
        self._beyond = settings.move == "all"
        self._on = settings.move != "off" and plan.mapping is Mapping.HYBRID and plan.size > 2
        self._plan = plan
        self._elements = elements
        self._link = link
        self._story = story
        self._clock = clock
        self._owners: dict[Key, int] = {}
        self._been: dict[Key, list[int]] = {}
        self._under_way: dict[Key, Deal] = {}
        self._ordered_s: dict[Key, float] = {}
        self._made: list[Move] = []
        self._stays: dict[int, str] = {}
        self._in_order = 0
        """How many partitions of ordered elements have moved."""

    # ---- where partitions are

    def owners(self) -> dict[Key, int]:
        """Rank of each partition with a fixed place."""
        if not self._owners:
            fixed = [e for e in self._plan.elements if e.role is Role.STATE]
            self._owners = {
                (e.index, p): self._plan.owner(e.index, p) for e in fixed for p in range(e.partitions)
            }
        return self._owners

    def owner(self, element: int, partition: int) -> int:
        """Rank that holds a partition now."""
        return self._owners.get((element, partition), self._plan.owner(element, partition))

    @property
    def moved(self) -> bool:
        """Whether any partition has moved."""
        return bool(self._been)

    @property
    def moving(self) -> bool:
        """Whether a partition is on its way."""
        return bool(self._under_way)

    @property
    def adopters(self) -> set[int]:
        """Ranks of the pool that hold partitions, or are about to."""
        return self.hosts - set(self._plan.stateful_ranks)

    def held(self, rank: int) -> list[Key]:
        """Partitions that would be lost with `rank`: those that it has, or is about to get."""
        coming = {key for key, deal in self._under_way.items() if deal.target == rank}
        return sorted({key for key, owner in self.owners().items() if owner == rank} | coming)

    def elements(self, rank: int) -> set[int]:
        """Elements of which a rank holds partitions, or has held some: what comes for these waits there."""
        held = {e for e, _ in self._plan.hosted(rank)}
        moved = {e for (e, p), former in self._been.items() if rank in (self.owner(e, p), *former)}
        return held | moved

    # ---- what ranks say

    def take(self, report: Load | Adopted | Stays) -> list[Order]:
        """Take in a report; gives the orders for all ranks that follow."""
        now = self._clock.now()
        if isinstance(report, Load):
            _log.debug("told: %s", report)
            self._deals().heard(report, now)
            return []
        key = report.element, report.partition
        deal = self._under_way.pop(key)
        self._deals().moved(deal, now)
        if isinstance(report, Stays):
            self._keep(report)
            return []
        self._been.setdefault(key, []).append(deal.source)
        self.owners()[key] = report.rank
        self._made.append(
            Move(
                self._ordered_s[key], self._clock.elapsed(), self.name(key[0]), key[1], deal.source,
                deal.target, report.size, deal.share, deal.busy, deal.line_s,
            )
        )  # fmt: skip
        self._story.event(
            "moved",
            f"partition {key[1]} of {self.name(key[0])} has moved from rank {deal.source} to rank "
            f"{deal.target} ({report.size:,} bytes): {deal.why}",
        )
        ordered = self._plan.elements[key[0]].ordered
        self._in_order += ordered
        return [Moved(*key, report.rank, len(self._been[key]), self._in_order if ordered else 0)]

    def _deals(self) -> Dealer:
        if self.dealer is None:
            from hpcd4p.control.dealing import Dealer

            self.dealer = Dealer()
        return self.dealer

    def _keep(self, report: Stays) -> None:
        if not self._stays.get(report.element):
            self._stays[report.element] = report.why
            self._story.event("stays", f"{self.name(report.element)} stays where it is: {report.why}")

    def moves(self) -> Moves:
        """All hand-overs so far, and where the partitions were before."""
        first = (
            [Place(self.name(e), p, self._plan.owner(e, p)) for e, p in self.owners()] if self._made else []
        )
        return Moves(self._made, first)

    def name(self, element: int) -> str:
        """Name of an element."""
        return self._plan.elements[element].name

    # ---- what moves

    def look(self, seen: Observation, ending: Ending, living: Collection[int]) -> None:
        """Have partitions moved, if their rank is behind and others have room."""
        if not self._on or self._under_way or self.dealer is None or not self.dealer.wants:
            return
        from hpcd4p.control.dealing import Places

        places = Places(
            self.owners(),
            self._been,
            self.hosts,
            self._free(seen, living) if self._beyond else (),
            self._why(ending),
            self._plan.size,
        )
        deals = self.dealer.decide(places, self._clock.now())
        if deals:
            self._order(deals)

    def _free(self, seen: Observation, living: Collection[int]) -> list[int]:
        """Ranks of the pool that could hold partitions, those without work first; one stays without."""
        pool = [r for r in self._plan.pool_ranks if r not in self.hosts and r in living]
        idle = [r for r in pool if r in seen.idle or r in seen.parked]
        busy = [r for r in pool if r not in idle] if self._link.congested else []
        return [*idle, *busy][: max(0, len(pool) - 1)]

    def _why(self, ending: Ending) -> Callable[[int], str]:
        from hpcd4p.plan.moving import why_it_stays

        def stays(element: int) -> str:
            if ending.state(element) is not ElementState.OPEN:
                return "it is about to end"
            if element not in self._stays:
                self._stays[element] = why = why_it_stays(self._plan, element, self._elements[element])
                if why:
                    self._story.event("stays", f"{self.name(element)} stays where it is: {why}")
            return self._stays[element]

        return stays

    def _order(self, deals: Sequence[Deal]) -> None:
        counts: dict[int, int] = {}
        for deal in deals:
            counts[deal.element] = counts.get(deal.element, 0) + 1
            self._under_way[deal.element, deal.partition] = deal
            self._ordered_s[deal.element, deal.partition] = self._clock.elapsed()
        # committed at once: until the new rank has it, the element must not look drained
        self._link.exchange(Commit(counts=counts))
        for element, target in sorted({(deal.element, deal.target) for deal in deals}):
            self.hosts.add(target)
            self._link.order([target], Expect(element))
        for deal in deals:
            key = deal.element, deal.partition
            epoch = len(self._been.get(key, ())) + 1
            self._link.order([deal.source], HandOver(*key, deal.target, epoch))
