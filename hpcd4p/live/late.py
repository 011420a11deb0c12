"""What limits a run, for those who read its status: one that tells nothing for long has a reason, too."""

from __future__ import annotations

import os

from hpcd4p.live.causes import Kind, cause
from hpcd4p.live.document import Cause, Document
from hpcd4p.live.found import FoundRun, Life
from hpcd4p.live.kernel import in_words, is_file_lock, lock_in_words, waits_in
from hpcd4p.processes import stat_of
from hpcd4p.record.table import seconds

LATE_S = 5.0
"""A status that is so much late has a reason."""


def limits(run: FoundRun) -> list[Cause]:
    """What limits a run, the first cause first; where its process is on this host, it is looked at."""
    document = run.document
    if run.life is not Life.UNDER_WAY or run.silent_s <= document.every_s + LATE_S:
        return document.limits
    state, waits_for = "", ""
    if document.run.host == os.uname().nodename:
        state, waits_for = _does(document.run.pid)
    return [late(document, run.silent_s, state, waits_for), *document.limits]


def _does(pid: int) -> tuple[str, str]:
    """State of a process, and what it waits for."""
    try:
        state = stat_of(pid).state
    except OSError:
        return "", ""
    function = waits_in(str(pid)) if state in "SD" else ""
    return state, lock_in_words(pid) if is_file_lock(function) else in_words(function)


def late(document: Document, silent_s: float, state: str, waits_for: str) -> Cause:
    """Why nothing is told any more. Pure.

    Parameters
    ----------
    state, waits_for
        Of the process of rank 0: see `facts.InCall`.
    """
    who, alone = document.run, document.run.ranks == 1
    inside = max(document.elements, key=lambda e: e.busy_s, default=None)
    name = inside.name if inside is not None and alone else ""
    where = f"one call of {name or 'an element'}" if alone else "what it does"
    kinds = {"D": Kind.FILES, "S": Kind.OUTSIDE}
    doing = {
        "R": "and computes",
        "T": "and its process is stopped",
        "S": f"and waits for {waits_for or 'something outside'}",
        "D": f"and waits in the kernel for {waits_for or 'a file'}",
    }
    said = f" {doing[state]}" if state in doing else ""
    stopped = state == "T"
    return cause(
        kinds.get(state, Kind.STUCK),
        f"{'the process' if alone else 'rank 0'} has been in {where} for {seconds(silent_s)}{said}",
        [f"process {who.pid} on {who.host}", "a status comes between two batches" if alone else ""],
        "let it go on" if stopped else "look at what it waits for: which files and sockets it has open",
        f"kill -CONT {who.pid}" if stopped else f"ls -l /proc/{who.pid}/fd",
        element=name,
        ranks=[0],
        host=who.host,
    )
