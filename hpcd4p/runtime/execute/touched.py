"""Which keys of a `KeyedPE` have been called since some moment: only their states can have changed."""

from __future__ import annotations

from typing import Any

MOST_SHARE = 0.25
"""Part of all keys up to which they are noted: more are written whole as quickly, and noting takes memory."""


class Touched:
    """The keys that have been called since the last `renew`.

    Attributes
    ----------
    keys
        None: nobody asks, or they are too many.
    """

    __slots__ = ("keys",)

    def __init__(self) -> None:
        self.keys: set[Any] | None = None

    def renew(self) -> set[Any] | None:
        """Begin anew; gives what was noted."""
        keys, self.keys = self.keys, set()
        return keys

    def bound(self, of: int) -> None:
        """Give up if too many `of` all keys are noted."""
        if self.keys is not None and len(self.keys) > MOST_SHARE * of:
            self.keys = None
