"""A cluster in which partitions move at random: to any rank, at any moment, whether it helps or not."""

from __future__ import annotations

import random

from hpcd4p.control.dealing import Deal, Dealer, Places
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.testing.cluster import Cluster
from hpcd4p.wire.reports import Load
from tests.sim.compare import answer, leftovers, of_one_process
from tests.sim.gallery import Case

MOST_MOVES = 4
"""Of one partition: chains of former owners."""


class RandomDealer(Dealer):
    """Moves what it likes."""

    def __init__(self, seed: int, chance: float, spared: frozenset[int] = frozenset()) -> None:
        super().__init__()
        self.dice = random.Random(seed)
        self.chance = chance
        self.spared = spared
        """Ranks that get nothing, for they are to die."""
        self.moves = 0
        self.events: list[tuple[str, str]] = []
        """(kind, text) of the run, when it is over."""

    def heard(self, load: Load, now: float) -> None:
        pass

    def moved(self, deal: Deal, now: float) -> None:
        pass

    @property
    def wants(self) -> bool:
        return self.dice.random() < self.chance

    def decide(self, places: Places, now: float) -> list[Deal]:
        if not places.owners:
            return []
        targets = sorted({*places.hosts, *places.free} - self.spared)
        deals = []
        for _ in range(self.dice.choice((1, 3, 8))):
            key, owner = self.dice.choice(sorted(places.owners.items()))
            been = places.been.get(key, ())
            others = [r for r in targets if r != owner and r not in been]
            if others and len(been) < MOST_MOVES and not places.stays(key[0]):
                deals.append(Deal(*key, owner, self.dice.choice(others), "by chance"))
        return list({deal[:2]: deal for deal in deals}.values())


def simulate(
    case: Case,
    size: int,
    seed: int = 0,
    kills: int = 0,
    suspects: int = 0,
    settings: EngineSettings | None = None,
    chance: float = 0.8,
) -> RandomDealer:
    """Run `case` on a cluster with random moves, and hold its answer against that of one process."""
    graph, inputs = case.build()
    cluster = Cluster(graph, size, inputs, seed, kills, suspects, settings)
    mover = cluster.head.coordinator.mover
    mortal = (
        [r for r in cluster.head.spec.plan.pool_ranks][-(kills + suspects + 1) :] if kills + suspects else []
    )
    cluster.fates.spare([r for r in range(size) if r not in mortal])
    mover.dealer = dealer = RandomDealer(seed, chance, frozenset(mortal))
    cluster.run()
    got, expected = answer(cluster.sink), of_one_process(case)
    assert got == expected, f"got {got}, expected {expected}"
    left = leftovers(cluster)
    assert not left, left
    dealer.events = [(kind, text) for _, kind, text in cluster.sink.events]
    dealer.moves = sum(kind == "moved" for kind, _ in dealer.events)
    return dealer
