"""Which element a run waits for, in a sentence. Pure."""

from __future__ import annotations

from typing import NamedTuple

from hpcd4p.live.document import Document, Element
from hpcd4p.live.ranks import State
from hpcd4p.plan.model import Role
from hpcd4p.record.table import count, percent, seconds

NOTABLE_S = 0.1
"""Less work than that, for each rank that does it, is only on its way."""

BUSY = 0.5
"""An element with fewer ranks inside it limits nothing."""

FULL = 0.85
"""A rank with partitions that rests for no more of its time than the rest has no time left."""

NOTHING = "nothing waits: what comes is done at once"
EARLY = "too early to say"


class Bottleneck(NamedTuple):
    """What limits a run."""

    element: str
    """Its id; empty: none does."""
    why: str
    """A sentence that begins with the element, if there is one."""


def waiting_s(element: Element) -> float:
    """Seconds of work of one rank that wait in front of an element, if its tuples take as long as before."""
    return element.backlog * element.busy_s / element.tuples_in if element.tuples_in else 0.0


def bottleneck(document: Document) -> Bottleneck:
    """What limits the run, as far as its status shows it.

    =============================================  =====================================
    work waits in front of elements                the one with the most work
    an element has as good as a rank inside it     the busiest one
    tuples were done lately                        nothing waits: what comes is done at once
    else                                           too early to say
    =============================================  =====================================
    """
    elements = document.elements
    behind = max(elements, key=waiting_s, default=None)
    if behind is not None and waiting_s(behind) >= NOTABLE_S * max(1.0, behind.busy):
        return Bottleneck(behind.name, _behind(behind, document))
    busiest = max(elements, key=lambda element: element.busy, default=None)
    if busiest is not None and busiest.busy >= BUSY:
        return Bottleneck(busiest.name, _busiest(busiest))
    return Bottleneck("", NOTHING if document.totals.rate > 0 else EARLY)


def _behind(element: Element, document: Document) -> str:
    said = f"{element.name}: {count(element.backlog, 'tuple')} wait, {seconds(waiting_s(element))} of work"
    if element.role != Role.STATE.word:
        pool = document.totals.pool
        full = f"; all {pool} pool ranks are busy" if 1 < pool <= document.totals.busy else ""
        return said + (full or _inside(element))
    rows = [row for row in document.ranks if Role.STATE.word in row.role and row.state != State.LOST]
    full_rows = [row for row in rows if row.load is not None and row.load >= FULL]
    if full_rows:
        most = max(full_rows, key=lambda row: row.load or 0.0)
        whose = f"rank {most.ranks}" if most.count == 1 else f"one of {most.count:,} ranks"
        load = percent(most.load or 0.0)
        return f"{said}; {whose} of the stateful group is busy {load}"
    return said + _inside(element)


def _inside(element: Element) -> str:
    return f"; on average {element.busy:.1f} ranks are inside it" if element.busy >= 0.05 else ""


def _busiest(element: Element) -> str:
    if element.role == Role.ROOT.word:
        return f"{element.name}: the source gives as fast as it can, and nothing waits behind it"
    return f"{element.name}: on average {element.busy:.1f} ranks are inside it, and little waits"
