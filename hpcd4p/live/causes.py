"""Kinds of causes why a run is slow or waits, and how one is made. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from enum import StrEnum

from hpcd4p.live.document import Cause, Document
from hpcd4p.live.ranks import ranges
from hpcd4p.record.table import shortened

MOST_CHARS = 300
"""Of each text of a cause."""


class Kind(StrEnum):
    """What limits a run, or holds it up."""

    QUEUE = "queue"
    """Its job waits for Slurm."""
    START = "start"
    """Not all ranks are there yet."""
    CHECKPOINT = "checkpoint"
    """One is being made, and waits for a rank; or they take long."""
    ORDER = "order"
    """An ordered element waits for an earlier tuple."""
    FILES = "files"
    """Ranks wait for a file system."""
    OUTSIDE = "outside"
    """A rank is inside a call and computes nothing: it waits for a lock, or for something outside."""
    STUCK = "stuck"
    """A rank has been at work on one tuple for long, or its process is stopped."""
    STATEFUL = "stateful"
    """A rank has more work for its partitions than it can do."""
    MEMORY = "memory"
    """As much waits as may, in bytes."""
    CORES = "cores"
    """Ranks are ready to work, and wait for a core."""
    POOL = "pool"
    """All ranks of the pool are busy, and tasks wait."""
    SCALER = "scaler"
    """Tasks wait, and the auto-scaler keeps ranks parked."""
    SOURCE = "source"
    """The pool does what comes as it comes."""
    TAIL = "tail"
    """Nothing waits any more: the last tuples are at work."""
    ELEMENT = "element"
    """Where most of the time goes, of a run in one process or without a pool."""


def cause(
    kind: Kind,
    text: str,
    evidence: Iterable[str] = (),
    advice: str = "",
    to_type: str = "",
    *,
    wrong: bool = True,
    element: str = "",
    ranks: Sequence[int] = (),
    host: str = "",
) -> Cause:
    """Make one; texts are put on one line each, empty ones of the evidence are left out."""
    return Cause(
        kind=kind,
        wrong=wrong,
        element=element,
        ranks=ranges(ranks, MOST_CHARS),
        host=host,
        lasts_s=0.0,
        text=shortened(text, MOST_CHARS),
        evidence=[shortened(each, MOST_CHARS) for each in evidence if each],
        advice=shortened(advice, MOST_CHARS),
        to_type=shortened(to_type, MOST_CHARS),
    )


def again(document: Document, option: str) -> str:
    """The line to type to go on with another option; of a run that cannot go on, the option alone."""
    kept = document.checkpoints
    if kept is None or not kept.made or not document.run.checkpoints:
        return option
    return f"hpcd4p resume {option} {shlex.quote(document.run.checkpoints)}"


def on(document: Document, host: str, command: str) -> str:
    """A command as it is typed on the host of rank 0, for a process of `host`."""
    return command if host in ("", document.run.host) else f"ssh {host} {command}"


def who(ranks: Sequence[int]) -> str:
    """Ranks in words.

    Examples
    --------
    >>> who([3]), who([1, 2, 3, 7])
    ('rank 3', 'ranks 1-3,7')
    """
    return f"rank{'s' if len(ranks) > 1 else ''} {ranges(sorted(ranks), MOST_CHARS)}"


def those(names: Sequence[str]) -> str:
    """Elements in words, of which one is meant."""
    return " or ".join(names[:3]) + (" or another" if len(names) > 3 else "") if names else "an element"


def host_of(document: Document, ranks: Sequence[int]) -> str:
    """Host of ranks; empty: several, or not known."""
    rows = {row.ranks: row.host for row in document.ranks if row.count == 1}
    hosts = {rows.get(str(rank), "") for rank in ranks}
    return hosts.pop() if len(hosts) == 1 else ""
