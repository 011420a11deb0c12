"""Which ranks are missing while a run starts, judged by the processes that exist. Does no I/O itself.

MPI does not report it: it waits forever for a rank that was killed.
"""

from __future__ import annotations

from collections.abc import Collection


class Roll:
    """The ranks that one launcher starts on this node, look by look.

    Parameters
    ----------
    expected
        Ranks that must come up here; other ranks count once they have been seen.
    """

    def __init__(self, expected: Collection[int]) -> None:
        self._expected = frozenset(expected)
        self._seen: frozenset[int] = frozenset()
        self._missing: frozenset[int] = frozenset()

    def look(self, present: Collection[int]) -> list[int]:
        """Ranks that are missing now and were missing at the look before; `present`: those with a process.

        Two looks, for a process exists before it can be recognised as a rank. While a launcher is still
        starting processes, missing ones may be yet to come.
        """
        present = frozenset(present)
        starting = bool(present - self._seen) or not present
        self._seen |= present
        missing = (self._seen | self._expected) - present
        lasting = missing & self._missing
        self._missing = missing
        return [] if starting else sorted(lasting)


def in_words(ranks: Collection[int], size: int) -> str:
    """Name `ranks` of `size`; the first ten of many."""
    if len(ranks) == 1:
        return f"rank {next(iter(ranks))} of {size}"
    first = sorted(ranks)[:10]
    more = f" and {len(ranks) - len(first)} more" if len(ranks) > len(first) else ""
    return f"ranks {', '.join(map(str, first))}{more} of {size}"
