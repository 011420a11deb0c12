"""What is known of one attempt, put together from its plan, its end and its run record. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from hpcd4p.record.summary import Summary
from hpcd4p.study.running.states import BY_STATUS, FAILED, LOST

Fields = Mapping[str, Any]
Place = tuple[str, str, int]


@dataclass(frozen=True)
class AttemptFacts:
    """What is known of one attempt; times in seconds, instants in ISO 8601 (UTC), None or '' if unknown.

    Attributes
    ----------
    wall_s : float
        Of the whole attempt, with the start of its program. `elapsed_s` is the time of the run.
    tuples : int
        Taken in by all elements.
    record : Path
        The run record, also if it cannot be read.
    unreadable : str
        Why the record cannot be read.
    scaling : str
        'strong' or 'weak' if the record says it.
    continued : int
        How often its run has gone on from a checkpoint, in its job or by a new start.
    checkpoints, resumes, recoveries : int
        Of these its run has made, new starts and times that it went on in its job; None without a record, or
        if it was to make no checkpoints.
    """

    study: str
    key: str
    attempt: int
    state: str
    repeat: int | None = None
    axes: dict[str, Any] = field(default_factory=dict)
    status: int | None = None
    reason: str = ""
    ranks: int | None = None
    nodes: int | None = None
    elapsed_s: float | None = None
    process_time_s: float | None = None
    cpu_s: float | None = None
    tuples: int | None = None
    efficiency: float | None = None
    failed: int | None = None
    wall_s: float | None = None
    host: str = ""
    job: str = ""
    started: str = ""
    ended: str = ""
    record: Path | None = None
    unreadable: str = ""
    scaling: str = ""
    continued: int = 0
    checkpoints: int | None = None
    resumes: int | None = None
    recoveries: int | None = None


def made(
    plan: Fields,
    end: Fields,
    summary: Summary | None,
    record: Path | None,
    unreadable: str,
    place: Place | None,
) -> AttemptFacts:
    """Put together what plan, end, record and path say; what is told first wins. Pure."""
    provenance = summary.provenance.get("point") if summary is not None else None
    point: Fields = provenance if isinstance(provenance, dict) else {}
    by_path = dict(zip(("study", "key", "attempt"), place or ("", "", 1), strict=True))

    def first(name: str, read: Callable[[Any], Any], *sources: Fields) -> Any:
        values = (read(source.get(name)) for source in sources)
        return next((value for value in values if value not in (None, "", {})), None)

    key = first("key", _text, plan, point, by_path) or ""
    axes = first("axes", _axes, plan, point) or axes_of(key)
    status = first("status", _whole, end)
    if status is None and summary is not None:
        status = summary.status
    state = _text(end.get("state")) or (BY_STATUS.get(summary.status, FAILED) if summary else LOST)
    kept = summary.checkpoints if summary else None
    return AttemptFacts(
        study=first("study", _text, plan, point, by_path) or "",
        key=key,
        attempt=first("attempt", _whole, plan, point, by_path) or 1,
        state=state,
        repeat=first("repeat", _whole, plan, point, axes_of(key, with_repeat=True)),
        axes=axes,
        status=status,
        reason=_reason(state, end, summary, unreadable),
        ranks=summary.ranks if summary else first("ranks", _whole, plan, axes),
        nodes=first("nodes", _whole, plan, axes) or _nodes(summary),
        elapsed_s=summary.elapsed_s if summary else None,
        process_time_s=summary.process_time_s if summary else None,
        cpu_s=summary.cpu_s if summary else None,
        tuples=sum(e.tuples_in for e in summary.elements) if summary else None,
        efficiency=summary.efficiency if summary else None,
        failed=summary.failed if summary else None,
        wall_s=_number(end.get("elapsed_s")),
        host=_text(end.get("host")) or _host(summary),
        job=first("job", _text, end, plan) or "",
        started=_text(end.get("started")) or (summary.started if summary else ""),
        ended=_text(end.get("ended")) or (summary.ended if summary else ""),
        record=record,
        unreadable=unreadable,
        scaling=_text(point.get("scaling")) or "",
        continued=max(
            first("continued", _whole, end) or 0, int(_went_on(summary)), kept.times if kept else 0
        ),
        checkpoints=kept.made if kept else None,
        resumes=kept.resumed if kept else None,
        recoveries=kept.recovered if kept else None,
    )


def _went_on(summary: Summary | None) -> bool:
    """Whether a record is that of a part of a run; also one that its launcher has started again."""
    line = summary.provenance.get("command_line") if summary is not None else None
    return isinstance(line, str) and "--resume" in line.split(" -- ")[0].split()


def _reason(state: str, end: Fields, summary: Summary | None, unreadable: str) -> str:
    reason = _text(end.get("reason")) or (summary.reason if summary else "")
    if unreadable:
        return f"{reason}; {unreadable}" if reason else unreadable
    if not reason and state == LOST:
        return "it left no record and did not say how it ended; perhaps it runs still"
    return reason


def axes_of(key: str, with_repeat: bool = False) -> dict[str, Any]:
    """Give the axes as a readable key names them, ``ranks=8,autoscale=knee,repeat=1``, as far as it does."""
    parts = [part.partition("=") for part in key.split(",") if "=" in part and "~" not in key]
    return {name: _value(text) for name, _, text in parts if with_repeat or name != "repeat"}


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _nodes(summary: Summary | None) -> int | None:
    hosts = {rank.host for rank in summary.ranks_figures if rank.host} if summary else set()
    return len(hosts) or None


def _host(summary: Summary | None) -> str:
    return next((rank.host for rank in summary.ranks_figures if rank.host), "") if summary else ""


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return float(value) if known else None


def _axes(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        return None
    return {n: v if isinstance(v, int | float | str | bool) else json.dumps(v) for n, v in value.items()}
