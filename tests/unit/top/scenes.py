"""Runs to look at: statuses that follow each other, and the history that has taken them in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hpcd4p.live.causes import Kind, cause
from hpcd4p.live.document import Checkpoints, Document, Expected, Failure, Scaler
from hpcd4p.live.found import FoundRun, Life
from hpcd4p.top.history import History
from hpcd4p.top.lines import Line, plain
from tests.unit.live.documents import document, element, rank_row

FOLDER = Path("results/factors-1.live")


def usual(at: int, size: int = 8, **given: Any) -> Document:
    """The status after so many seconds: the pool works, then rests for a second, and so on."""
    pool = ["working", "working", "working", "idle"]
    rows = [
        rank_row("0", role="head", state="leading"),
        rank_row("1", role="stateful", state="working", load=0.5),
        *(rank_row(str(rank), state=pool[(at + rank) % 4]) for rank in range(2, size)),
    ]
    told: dict[str, Any] = {
        "written": 1000.0 + at,
        "elapsed_s": float(at),
        "ranks": rows,
        "elements": [
            element("Numbers0", role="source", backlog=0, busy=0.1, failed=0, rate=50.0),
            element("Work1", rate=300.0, backlog=900),
            element("Tally2", role="stateful", backlog=20, rate=200.0, busy=0.4, failed=0),
        ],
        "expected": Expected(48.7, 41.8, 54.6),
        "expected_not": "",
        "failures": [Failure("Work1", "ValueError", "w.py:3 in work", 3, "ValueError: 7 is none of mine")],
        "limits": [cause(Kind.POOL, "Work1: 900 tuples wait, 9.38 s of work", element="Work1")],
        "scaler": Scaler("knee", 4, 4, 0, "4.0 ranks are busy, and little waits", 4, 0.363),
        "checkpoints": Checkpoints(2, 0, 4.5, 1_000_000, 0.2, 0.4, 0.01, 1, ""),
    }
    return document(**{**told, **given})


def grouped(at: int, **given: Any) -> Document:
    """Ten thousand ranks, as the status has them: those that are alike in a row."""
    rows = [
        rank_row("0", role="head", state="leading", host=""),
        rank_row("1-500", count=500, role="stateful", host=""),
        rank_row("501-8999", count=8499, host=""),
        rank_row("9000-9989", count=990, state="parked", host=""),
        rank_row("9990-9999", count=10, state="lost", host=""),
    ]
    return usual(at, **{"ranks": rows, **given})


def seen(*statuses: Document, life: Life = Life.UNDER_WAY, silent_s: float = 0.5) -> tuple[FoundRun, History]:
    """The run whose status is the last one, and the history of all."""
    history = History()
    for each in statuses:
        history.add(each)
    return FoundRun(FOLDER, statuses[-1], life, silent_s), history


def texts(lines: list[Line]) -> list[str]:
    """The lines without their styles."""
    return [plain(each) for each in lines]
