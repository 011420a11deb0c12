"""What the run's statistics say about the speed of its elements."""

from __future__ import annotations

from typing import Any

BYTES_PER_US = 1000
"""Bytes that a rank pickles, copies and sends in a microsecond, about."""

FEW_ELEMENTS = 100
"""With so many, statistics are part of every look."""

STATS_S_PER_ELEMENT = 0.0005
"""They are a dozen numbers for each element: where there are thousands they are looked at less often, so that
this takes some hundredths of the time."""


def stats_s(elements: int) -> float:
    """Seconds from one look at the statistics of so many elements to the next, at least."""
    return STATS_S_PER_ELEMENT * elements if elements > FEW_ELEMENTS else 0.0


def service_times(pairs: Any) -> dict[int, float]:
    """Microseconds per tuple by element, from the run's statistics."""
    stat = {(n.decode() if isinstance(n, bytes) else n): int(v) for n, v in pairs}
    found = {}
    # m and s leave out what a rank ran first (imports, caches); n and u are all there is at the start
    for tuples, busy in (("n:", "u:"), ("m:", "s:")):
        for name, count in stat.items():
            if name[:2] == tuples and count > 0:
                found[int(name[2:])] = stat.get(busy + name[2:], 0) / count
    for element in found:
        run = stat.get(f"n:{element}", 0)
        if run:  # what it writes takes time, too, further down
            found[element] += stat.get(f"b:{element}", 0) / run / BYTES_PER_US
    return found
