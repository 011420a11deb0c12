"""What each setting of the engine may be. Pure; read by the command line and by `hpcd4p.run`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

from hpcd4p.errors import SettingsError
from hpcd4p.plan.settings import EngineSettings

MAX_RANKS = 100_000
"""More ranks than any machine gives to one job of this kind: a typing error."""

MAX_CALLS = 10**12
"""More calls of a source than this would take years: a typing error."""

# Both ends included. They are where the number stops making sense, not where it stops being wise.
LIMITS: dict[str, tuple[float, float]] = {
    "stateful_ranks": (0, 1_000_000),
    "partitions": (0, 65_536),
    "task_s": (1e-5, 60),
    "slice_s": (1e-5, 60),
    "max_task_tuples": (1, 1 << 20),
    "max_task_bytes": (1 << 10, 1 << 25),  # a quarter of what Redis may hold anywhere: a few must fit
    "flush_s": (0.0001, 60),
    "high_tasks_per_rank": (1, 1_000_000),
    "high_bytes": (1 << 20, 1 << 26),  # half of what Redis may hold anywhere: a task may come on top
    "inbox_high_tuples": (1, 1 << 30),
    "inbox_high_bytes": (1 << 10, 1 << 40),
    "window": (1, 1024),
    "min_active": (1, MAX_RANKS),
    "max_active": (0, MAX_RANKS),
    "scale_s": (0.02, 60),
    "max_dead_letters": (0, 10**12),
    "hopeless_after": (1, 10**12),
    "max_attempts": (1, 1000),
}


def out_of_limits(name: str, value: float | str) -> str | None:
    """Say what `value` must be, or None if it may be that of the setting `name`."""
    if name not in LIMITS or isinstance(value, str):
        return None
    low, high = LIMITS[name]
    if low <= value <= high:
        return None
    return f"must be from {low:,.12g} to {high:,.12g}, not {value:.12g}"


def engine_settings(given: dict[str, Any], others: Iterable[str] = ()) -> EngineSettings:
    """Settings from a program; `others` are words that it might have meant.

    Raises
    ------
    SettingsError
        An unknown name (with the valid ones), a value of the wrong kind or out of its limits.
    """
    defaults = {f.name: f.default for f in fields(EngineSettings)}
    for name, value in given.items():
        if name not in defaults:
            table = ", ".join(f"{n} ({default})" for n, default in defaults.items())
            near = get_close_matches(name, [*others, *defaults], 1)
            meant = f"; did you mean {near[0]}?" if near else ""
            valid = f"valid words: {', '.join(others)}; settings" if others else "valid ones"
            raise SettingsError(f"unknown setting {name!r}{meant}\n{valid} with their defaults: {table}")
        kinds = {float: (int, float), int: (int,), str: (str,)}[type(defaults[name])]
        if isinstance(value, bool) or not isinstance(value, kinds):
            kind = "a number" if float in kinds else "a whole number" if int in kinds else "text"
            raise SettingsError(f"{name} must be {kind}, not {value!r}")
        wrong = out_of_limits(name, value)
        if wrong:
            raise SettingsError(f"{name} {wrong}")
    return EngineSettings(**given)
