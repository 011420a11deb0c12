"""When the lives of a run began that went on: what was before the last one lies before its start. Pure.

Checkpoints count seconds of work of the whole run. A life begins where the one before it ended, for how long
the run lay between them is not in the record; where ranks have told their times, these are taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hpcd4p.record.survival import Survival


@dataclass
class Lives:
    """Of one run; seconds since the start of its last life.

    Parameters
    ----------
    known
        When lives began, as far as ranks have told it; by how many came after.
    earliest_s
        When the first rank began, if that is known: it may have been before the run did.
    """

    survival: Survival = field(default_factory=Survival)
    known: Mapping[int, float] = field(default_factory=dict)
    earliest_s: float = 0.0

    def __post_init__(self) -> None:
        """Lay the lives before each other."""
        # a record has the tables of `Survival`, not its totals
        self.last = max([0, *(row.incarnation for row in self.survival.gone_on)])
        self._begins = {self.last: 0.0}
        self._before = {0: 0.0}
        """Seconds of work before each life."""
        for row in self.survival.gone_on:
            self._before[row.incarnation] = row.time_s - row.repeated_s
        for row in reversed(self.survival.gone_on):
            life = row.incarnation - 1
            lasted_s = max(0.0, row.time_s - self._before.get(life, 0.0))
            laid = self._begins.get(row.incarnation, 0.0) - lasted_s
            self._begins[life] = self.known.get(self.last - life, laid)

    @property
    def first_s(self) -> float:
        """When the first one began; nothing was before that."""
        return min(self.earliest_s, *self._begins.values())

    def begin_s(self, life: int) -> float:
        """When a life began."""
        return self._begins.get(life, 0.0)

    def time_s(self, life: int, worked_s: float) -> float:
        """When so many seconds of work of the whole run were done, in that life."""
        return self.begin_s(life) + worked_s - self._before.get(life, 0.0)
