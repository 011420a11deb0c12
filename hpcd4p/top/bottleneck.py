"""What limits a run, in a sentence, and how much work waits in front of an element. Pure."""

from __future__ import annotations

from typing import NamedTuple

from hpcd4p.live.document import Document, Element

EARLY = "too early to say"


class Bottleneck(NamedTuple):
    """What limits a run."""

    element: str
    """Its id; empty: none does."""
    why: str
    """In a few words."""


def waiting_s(element: Element) -> float:
    """Seconds of work of one rank that wait in front of an element, if its tuples take as long as before."""
    return element.backlog * element.busy_s / element.tuples_in if element.tuples_in else 0.0


def bottleneck(document: Document) -> Bottleneck:
    """What limits the run before all else, as its status says."""
    if not document.limits:
        return Bottleneck("", EARLY)
    first = document.limits[0]
    return Bottleneck(first.element, first.text)
