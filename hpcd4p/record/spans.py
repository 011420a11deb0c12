"""The form of a span, which says what a rank did from one moment to another. Pure; nothing is imported.

A rank packs its spans with this form, they travel as bytes, and the record has a column for each field.
"""

from __future__ import annotations

from enum import IntEnum

FIELDS = {
    "begin_s": ("d", "f8", "s"),
    "end_s": ("d", "f8", "s"),
    "busy_s": ("f", "f4", "s"),
    "element": ("i", "i4", "1"),
    "partition": ("i", "i4", "1"),
    "tuples": ("i", "i4", "tuples"),
    "task": ("i", "i4", "1"),
    "lane": ("i", "i4", "1"),
    "kind": ("B", "u1", "1"),
}
"""By field: its letter for `struct`, its type in the record, its unit."""

PADDING = 3
"""Bytes behind the last field: spans lie at addresses that processors like."""

FORMAT = "<" + "".join(letter for letter, _, _ in FIELDS.values()) + f"{PADDING}x"
"""Of `struct`."""

SIZE = 44
"""Bytes of one."""


class Kind(IntEnum):
    """What a rank did."""

    RUN = 0  # an element was called for some tuples; several short calls of one task are one span
    WAIT = 1  # it waited for work, for room, or for others
    COMMIT = 2  # it committed, and perhaps asked for a task in the same round trip
    PARK = 3  # the auto-scaler had sent it to sleep
    UNDONE = 4  # as RUN, but the task was given back, and has run elsewhere


OWN = 0
"""Lane of what the rank itself does. Spans of one lane of a rank never overlap."""

BESIDE = -1
"""Lane of tasks that ran in a process beside it. That of a source, which has a thread, is its element + 1."""

NOBODY = -1
"""In the place of an element."""

SEVERAL = -1
"""In the place of a partition."""

MOST_IN_ALL = 1 << 21
"""Spans that rank 0 keeps: 92 MB."""

MOST = 1 << 16
"""Spans of one rank that are kept, at most: a minute of the quickest tasks."""

LEAST = 256
"""The same, at least, however many ranks there are."""


def most_of(ranks: int) -> int:
    """Give how many spans are kept of each of `ranks` ranks."""
    return max(LEAST, min(MOST, MOST_IN_ALL // ranks))
