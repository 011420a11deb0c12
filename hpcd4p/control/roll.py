"""Which ranks are missing while a run starts, told from the processes that are there. Looks at nothing.

MPI does not tell: who waits for a rank that was killed waits for ever.
"""

from __future__ import annotations

from collections.abc import Collection


class Roll:
    """The ranks that one launcher starts on this node, look by look.

    Parameters
    ----------
    expected
        Ranks that must come up here; those that are not among them count once they were seen.
    """

    def __init__(self, expected: Collection[int]) -> None:
        self._expected = frozenset(expected)
        self._seen: frozenset[int] = frozenset()
        self._missing: frozenset[int] = frozenset()

    def look(self, present: Collection[int]) -> list[int]:
        """Ranks that are missing now and were so at the look before; `present` have a process.

        Two looks, for a process is started before it can be known for a rank. A launcher that is still
        starting processes has not come to those that are missing.
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
