"""Statuses to try things with."""

from __future__ import annotations

from typing import Any

from hpcd4p.live.document import RUNNING, VERSION, Document, Element, Identity, Memory, Ranks, Totals
from hpcd4p.live.facts import Cores, InCall, RunFacts, SourceFacts


def identity(**given: Any) -> Identity:
    """Which run it is."""
    usual: dict[str, Any] = {
        "workflow": "factors", "mapping": "hybrid", "ranks": 4, "record": "/r/factors-1.h5",
        "checkpoints": "", "host": "here", "pid": 17, "began": 900.0, "user": 1000, "job": "",
        "started": 990.0,
    }  # fmt: skip
    return Identity(**{**usual, **given})


def element(name: str = "Work1", **given: Any) -> Element:
    """One element."""
    usual: dict[str, Any] = {
        "role": "stateless", "tuples_in": 1200, "tuples_out": 1100, "failed": 3, "backlog": 70,
        "busy_s": 12.5, "busy": 2.5, "rate": 41.0, "rate_mean": 120.0, "p50_s": 0.01,
        "p99_s": None, "into": [],
    }  # fmt: skip
    return Element(name, **{**usual, **given})


def rank_row(ranks: str, **given: Any) -> Ranks:
    """One row of ranks."""
    usual: dict[str, Any] = {
        "count": 1, "role": "pool", "state": "working", "host": "here", "since_s": 1.5, "since_rank": 1,
        "load": None, "line_s": None, "memory_bytes": 31_000_000,
    }  # fmt: skip
    return Ranks(ranks, **{**usual, **given})


def document(**given: Any) -> Document:
    """A status."""
    usual: dict[str, Any] = {
        "version": VERSION, "state": RUNNING, "reason": "", "written": 1000.0, "every_s": 1.0,
        "elapsed_s": 10.0, "run": identity(),
        "totals": Totals(2400, 3, 41.0, 120.0, 50, 200, 12, 2, 3, ""),
        "expected": None, "expected_not": "it is too early to say",
        "elements": [element()], "elements_left_out": 0,
        "ranks": [rank_row("0", role="head", state="leading"), rank_row("1-3", count=3)],
        "scaler": None, "checkpoints": None, "memory": Memory(120_000_000, 4, 9_000_000),
    }  # fmt: skip
    return Document(**{**usual, **given})


def facts(**given: Any) -> RunFacts:
    """What else rank 0 knows: of a run of which nothing is known."""
    return RunFacts(**{"cores": Cores(8, 4, 1.0), **given})


def in_call(rank: int = 2, since_s: float = 12.0, **given: Any) -> InCall:
    """A rank that has been inside one call for long, and computes."""
    usual: dict[str, Any] = {"elements": ("Work1",), "host": "here", "pid": 77, "cpu": 1.0, "state": "R"}
    return InCall(rank, since_s, **{**usual, **given})


def source_facts(element: str = "Numbers0", **given: Any) -> SourceFacts:
    """A source that flows."""
    return SourceFacts(element, **{"silent_s": 0.0, "held_back": 0.0, **given})
