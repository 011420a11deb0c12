"""The clock of the loops. The simulated cluster puts its own in place; nothing else may.

Seconds, monotonic, of no particular origin. Only `runtime` reads it: decisions get `now` as an
argument.
"""

from __future__ import annotations

import time
from collections.abc import Callable

now: Callable[[], float] = time.perf_counter


def instant(moment: float) -> float:
    """Seconds since the epoch at `moment` of `now()`, so that ranks can compare; in simulations `moment`."""
    return moment if now is not time.perf_counter else time.time() - (now() - moment)


def use(clock: Callable[[], float]) -> Callable[[], float]:
    """Put `clock` in place; gives the one before, to put back."""
    global now
    before, now = now, clock
    return before
