"""What a file in Chrome's trace format must be so that Perfetto and chrome://tracing draw all of it."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

NUMBER = (int, float)

FIELDS: dict[str, dict[str, Any]] = {
    "X": {"name": str, "cat": str, "ts": NUMBER, "dur": NUMBER, "args": dict},
    "i": {"name": str, "cat": str, "ts": NUMBER, "s": str, "args": dict},
    "C": {"name": str, "ts": NUMBER, "args": dict},
    "b": {"name": str, "cat": str, "id": int, "ts": NUMBER, "args": dict},
    "e": {"name": str, "cat": str, "id": int, "ts": NUMBER, "args": dict},
    "M": {"name": str, "args": dict},
}
"""By phase: the fields of an event, all of them, besides phase, process and thread."""

METADATA = {
    "process_name": ("name", str),
    "process_labels": ("labels", str),
    "process_sort_index": ("sort_index", int),
    "thread_name": ("name", str),
    "thread_sort_index": ("sort_index", int),
}

PLAIN = (str, int, float, bool)


def _no_constant(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    assert len(made) == len(pairs), pairs
    return made


def events_of(path: Path) -> list[dict[str, Any]]:
    """All events of a file that is right in every way; else an assertion fails."""
    text = path.read_text(encoding="utf-8")
    whole = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_doubles)
    assert set(whole) == {"displayTimeUnit", "otherData", "traceEvents"}
    assert whole["displayTimeUnit"] in ("ms", "ns")
    events: list[dict[str, Any]] = whole["traceEvents"]
    for event in events:
        _check(event)
    _check_names(events)
    _check_slices(events)
    _check_pairs(events)
    return events


def _check(event: dict[str, Any]) -> None:
    fields = FIELDS[event["ph"]]
    assert set(event) == {"ph", "pid", "tid", *fields}, event
    for name in ("pid", "tid"):
        assert type(event[name]) is int, event
        assert 0 <= event[name] < 1 << 31, event
    assert event["pid"] > 0, event  # process 0 is the idle task of a kernel
    for name, kind in fields.items():
        assert isinstance(event[name], kind), event
        assert not isinstance(event[name], bool), event
    assert event.get("ts", 0) >= 0, event
    assert event.get("dur", 0) >= 0, event
    assert all(isinstance(value, PLAIN) for value in event["args"].values()), event
    if event["ph"] == "C":
        assert event["args"], event
        assert all(isinstance(value, NUMBER) for value in event["args"].values()), event
    if event["ph"] == "i":
        assert event["s"] in ("g", "p", "t"), event
    if event["ph"] == "M":
        name, kind = METADATA[event["name"]]
        assert list(event["args"]) == [name], event
        assert isinstance(event["args"][name], kind), event


def _check_names(events: list[dict[str, Any]]) -> None:
    """Every process and thread on which something is drawn has one name."""
    named = [(e["pid"], e["tid"] if e["name"] == "thread_name" else None) for e in events if _is_name(e)]
    assert len(set(named)) == len(named), "a name is given twice"
    for event in events:
        assert (event["pid"], None) in named, event
        if event["ph"] in ("X", "i", "b", "e"):
            assert (event["pid"], event["tid"]) in named, event


def _is_name(event: dict[str, Any]) -> bool:
    return event["ph"] == "M" and event["name"] in ("process_name", "thread_name")


def _check_slices(events: list[dict[str, Any]]) -> None:
    """Slices of one thread are disjoint, or one lies in the other: anything else is not drawn."""
    tracks: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            begin = round(event["ts"] * 1000)
            tracks[event["pid"], event["tid"]].append((begin, begin + round(event["dur"] * 1000)))
    for track, slices in tracks.items():
        open_until: list[int] = []
        for begin, end in sorted(slices, key=lambda each: (each[0], -each[1])):
            while open_until and open_until[-1] <= begin:
                open_until.pop()
            assert not open_until or end <= open_until[-1], (track, begin, end)
            open_until.append(end)


def _check_pairs(events: list[dict[str, Any]]) -> None:
    begun: dict[tuple[str, int], float] = {}
    for event in events:
        if event["ph"] == "b":
            assert begun.setdefault((event["cat"], event["id"]), event["ts"]) == event["ts"], event
        elif event["ph"] == "e":
            assert begun.pop((event["cat"], event["id"])) <= event["ts"], event
    assert not begun
