"""Why a run is slow or waits: what stands in its way, else what limits it. Pure.

One answer comes first, lesser ones after it. The table is that of `ORDER`:

1. what stands in the way of all: a checkpoint under way, a tuple for which an ordered element waits, a file
   system, a call that does not end and keeps the run from going on;
2. what is behind: a rank with state, memory, checkpoints that cost too much, cores;
3. what limits a run that is well: the pool, the auto-scaler, the source, the last tuples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from hpcd4p.live import calls, flow, limits, obstacles
from hpcd4p.live.document import Cause, Document
from hpcd4p.live.facts import RunFacts

MOST_CAUSES = 4
"""The first one is the answer; more than a few others are none."""

See = Callable[[Document, RunFacts], Cause | None]

CALLS: tuple[See, ...] = (calls.outside, calls.stuck)
"""Of calls that do not end. Where all else goes on, they are less than what limits it."""

ORDER: tuple[tuple[See, ...], ...] = (
    (obstacles.checkpoint, obstacles.order, calls.files),
    (obstacles.stateful, limits.memory, limits.checkpoints, limits.cores),
    (flow.pool, flow.scaler, flow.source, flow.tail, flow.element),
)


def causes(document: Document, facts: RunFacts) -> list[Cause]:
    """Why the run is not quicker, the first cause first."""
    told: Sequence[calls.LongCall] = getattr(document, "stuck", ())  # as soon as ranks tell it
    facts = facts._replace(in_call=calls.known(facts.in_call, told))
    first, behind, well = ORDER
    stand = calls.holds_up(document, facts)
    see = [*first, *CALLS, *behind, *well] if stand else [*first, *behind, *well, *CALLS]
    found = [found for each in see if (found := each(document, facts)) is not None]
    return found[:MOST_CAUSES]


class Lasting:
    """Since when the causes of one run hold.

    Examples
    --------
    >>> from hpcd4p.live.causes import Kind, cause
    >>> lasting = Lasting()
    >>> last = [cause(Kind.TAIL, "the last ones")]
    >>> [each.lasts_s for now in (5.0, 7.0) for each in lasting.look(last, now)]
    [0.0, 2.0]
    """

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], float] = {}

    def look(self, causes: Iterable[Cause], now: float) -> list[Cause]:
        """The same, each with the time for which it has held."""
        found = {(each.kind, each.element): each for each in causes}
        self._since = {key: self._since.get(key, now) for key in found}
        return [replace(each, lasts_s=round(now - self._since[key], 3)) for key, each in found.items()]
