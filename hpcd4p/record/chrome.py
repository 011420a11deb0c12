"""Events of Chrome's trace format, one JSON object each. Pure; times are seconds, in the file microseconds.

Source: "Trace Event Format" of the Chromium project: duration events as complete ones (``X``), instants
(``i``), counters (``C``), nestable asynchronous ones (``b``, ``e``), metadata (``M``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any, NamedTuple


class Track(NamedTuple):
    """Where an event is drawn: a thread of a process, in the words of the format."""

    process: int
    thread: int


def slice_of(
    track: Track, name: str, kind: str, begin_s: float, end_s: float, arguments: Mapping[str, Any]
) -> str:
    """Give a span of time with a name; `kind` is its category."""
    begin, end = _ns(begin_s), _ns(end_s)
    return _text(
        {"ph": "X", "name": name, "cat": kind, "ts": begin / 1000, "dur": max(0, end - begin) / 1000},
        track,
        arguments,
    )


def span_of(track: Track, name: str, kind: str, begin_s: float, end_s: float, rest: str) -> str:
    """Give the same, quicker: `name` is JSON already, `rest` the JSON of the arguments."""
    begin = round(begin_s * 1e9)
    lasts = max(0, round(end_s * 1e9) - begin)
    return (
        f'{{"ph":"X","name":{name},"cat":"{kind}","ts":{begin / 1000:.3f},"dur":{lasts / 1000:.3f},'
        f'"pid":{track[0]},"tid":{track[1]},"args":{rest}}}'
    )


def instant(
    track: Track, name: str, kind: str, time_s: float, arguments: Mapping[str, Any], all_tracks: bool = False
) -> str:
    """Give a moment with a name; `all_tracks`: drawn across all of them."""
    scope = "g" if all_tracks else "t"
    return _text(
        {"ph": "i", "name": name, "cat": kind, "ts": _ns(time_s) / 1000, "s": scope}, track, arguments
    )


def counter(process: int, name: str, time_s: float, values: Mapping[str, float]) -> list[str]:
    """Give the values of some numbers from that moment on; nothing of those that have no value."""
    known = {each: value for each, value in values.items() if isfinite(value)}
    event = {"ph": "C", "name": name, "ts": _ns(time_s) / 1000}
    return [_text(event, Track(process, 0), known)] if known else []


def lasting(
    track: Track,
    name: str,
    kind: str,
    number: int,
    begin_s: float,
    end_s: float,
    arguments: Mapping[str, Any],
) -> list[str]:
    """Give begin and end of something that may overlap others; `number` tells it from others of its kind."""
    both = {"name": name, "cat": kind, "id": number}
    return [
        _text({"ph": "b", **both, "ts": _ns(begin_s) / 1000}, track, arguments),
        _text({"ph": "e", **both, "ts": _ns(max(begin_s, end_s)) / 1000}, track, {}),
    ]


def process_names(process: int, name: str, labels: str) -> list[str]:
    """Give the name of a process, its place among others, and what stands beside its name."""
    track = Track(process, 0)
    return [
        _text({"ph": "M", "name": "process_name"}, track, {"name": name}),
        _text({"ph": "M", "name": "process_sort_index"}, track, {"sort_index": process}),
        *([_text({"ph": "M", "name": "process_labels"}, track, {"labels": labels})] if labels else []),
    ]


def thread_names(track: Track, name: str) -> list[str]:
    """Give the name of a thread, and its place among others."""
    return [
        _text({"ph": "M", "name": "thread_name"}, track, {"name": name}),
        _text({"ph": "M", "name": "thread_sort_index"}, track, {"sort_index": track.thread}),
    ]


def _ns(seconds: float) -> int:
    """Whole nanoseconds: what touches what comes before it must not overlap it."""
    return round(seconds * 1e9)


def _text(event: dict[str, Any], track: Track, arguments: Mapping[str, Any]) -> str:
    known = {
        name: value for name, value in arguments.items() if not isinstance(value, float) or isfinite(value)
    }
    return json.dumps({**event, "pid": track.process, "tid": track.thread, "args": known}, allow_nan=False)
