"""Averages that forget the past, for policies."""

from __future__ import annotations

from math import exp


class Smooth:
    """Exponential average with a time constant, in seconds."""

    def __init__(self, tau_s: float) -> None:
        self._tau_s = tau_s
        self._age_s = 0.0
        self.value = 0.0

    def add(self, value: float, dt_s: float) -> float:
        """Take in what held for `dt_s`; gives the average."""
        self._age_s += dt_s
        # at first, the plain average of all values
        weight = max(1 - exp(-dt_s / self._tau_s), dt_s / self._age_s)
        self.value += weight * (value - self.value)
        return self.value

    def reset(self) -> None:
        """Forget all."""
        self._age_s = 0.0
        self.value = 0.0

    @property
    def age_s(self) -> float:
        """Seconds that it has seen since the last reset."""
        return self._age_s
