"""Whether a rank of the pool is parked, on the rank's side: what it was told, and since when it is.

Owns the facts; `pool.PoolRank` does what follows.
"""

from __future__ import annotations

from hpcd4p.logs import module_log
from hpcd4p.transport.broker import IDLE, WAKES

_log = module_log(__name__)


class Parking:
    """Of one rank."""

    def __init__(self) -> None:
        self.asked = False
        """Told to park: no more tasks."""
        self._since: float | None = None
        self._said = False

    @property
    def parked(self) -> bool:
        """Whether nothing of this rank is outstanding, and nobody rings it but the head."""
        return self._since is not None

    def ask(self) -> None:
        """Told to park."""
        self.asked = True

    def park(self, now: float) -> None:
        """Everything is committed, and the broker has been told."""
        self._said = True
        if self.asked:  # with the answer it may have been told to wake
            _log.info("parked")
            self._since = now

    def wake(self) -> float | None:
        """Told to take tasks again, or to stop; since when it was parked, None if it was not yet."""
        self.asked = False
        since, self._since = self._since, None
        if since is not None:
            _log.info("woken")
        return since

    def stand(self) -> int:
        """What to say to the broker with the next look for a task."""
        if not self._said:
            return IDLE
        self._said = False
        return WAKES
