"""Policies with a fixed number of ranks: all, or K of them."""

from __future__ import annotations

from hpcd4p.control.scaling import Decision, PoolObservation


class Fixed:
    """Always the same number of active ranks."""

    def __init__(self, target: int, reason: str) -> None:
        self._decision = Decision(target, reason)

    def decide(self, seen: PoolObservation) -> Decision:
        """See `Policy.decide`."""
        return self._decision
