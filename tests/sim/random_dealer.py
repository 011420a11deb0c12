"""Has partitions move at random: to any rank, at any moment, whether it helps or not.

In simulated clusters (`moving`), and on real ranks if the environment says so (``E2E_MOVES``, see
`tests/e2e/stacks/sitecustomize.py`).
"""

from __future__ import annotations

import random

from hpcd4p.control.dealing import Deal, Dealer, Places
from hpcd4p.wire.reports import Load

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
