"""Which keys a rank that is behind has most of in line; loaded when it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from hpcd4p.plan.model import Spread

if TYPE_CHECKING:
    from hpcd4p.plan.model import Plan
    from hpcd4p.runtime.commit.inbox import Inbox

MOST_COUNTED = 256
"""Tuples, the next to come: 50 µs, twice a second, on a rank that is behind."""

MOST_KEYS = 3
"""That are told."""

MOST_CHARS = 60
"""Of each."""


def hot_keys(
    plan: Plan, inbox: Inbox, partitions: Sequence[tuple[int, int, float]]
) -> list[tuple[str, float]]:
    """The most frequent keys in line for the partition with most work: each as text, with its part.

    Parameters
    ----------
    partitions
        See `Load.partitions`.
    """
    if not partitions:
        return []
    element, partition, _ = max(partitions, key=itemgetter(2))
    columns = {
        r.input: itemgetter(*r.key)
        for r in plan.routes
        if r.target == element and r.spread is Spread.KEY and r.key
    }
    counts: Counter[str] = Counter()
    for part, port, values in islice(inbox.lines[element], MOST_COUNTED):
        if part == partition and port in columns:
            room = MOST_COUNTED - counts.total()
            counts.update(_text(columns[port], value) for value in values[:room])
    total = counts.total()
    return [(text, many / total) for text, many in counts.most_common(MOST_KEYS)]


def _text(key: itemgetter[Any], value: Any) -> str:
    try:
        text = repr(key(value))
    except Exception:  # noqa: BLE001  # tuples are of any class, and so are their keys
        return "?"
    return text if len(text) <= MOST_CHARS else f"{text[: MOST_CHARS - 3]}..."
