"""How long tuples of ordered elements have waited for earlier ones, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from hpcd4p.plan.rows import chosen_rows, with_gaps
from hpcd4p.record.summary import Event, Summary
from hpcd4p.record.table import seconds, table

WAITS = "waits"
"""Kind of the events that tell of an element that waits for long."""

MOST_WAITS = 20
"""Of more events than this the first are told."""


def order_lines(summary: Summary) -> list[str]:
    """A line for each ordered element of which tuples have waited for their turn; none if there is none."""
    waited = [e for e in summary.elements if e.waited_most]
    if not waited:
        return []
    places = chosen_rows([e.waited_longest_s for e in waited])
    rows = [
        [e.name, f"{e.waited_most:,}", seconds(e.waited_s), seconds(e.waited_longest_s)]
        for e in (waited[place] for place in places)
    ]
    head, *lines = table(["element", "at one rank", "on average", "at most"], rows)
    return [
        "Order (tuples that came before their turn waited for earlier ones: how many, and for how long)",
        head,
        *with_gaps(lines, places, len(waited)),
    ]


def told_waits(events: Iterable[Event]) -> list[Event]:
    """The events that tell of an element that waited for long for an earlier tuple."""
    return [event for event in events if event.kind == WAITS]
