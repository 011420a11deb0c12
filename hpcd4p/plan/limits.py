"""What each setting of the engine may be. Pure; read by the command line and by `hpcd4p.run`."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, get_type_hints

from hpcd4p.errors import SettingsError
from hpcd4p.plan.settings import EngineSettings

MAX_CALLS = 10**12
"""More calls of a source than this would take years: a typing error."""

KINDS: dict[str, type] = get_type_hints(EngineSettings)
"""What each setting is: int, float, str or bool."""

LIMITS: dict[str, tuple[float, float]] = {
    name: hint.__metadata__
    for name, hint in get_type_hints(EngineSettings, include_extras=True).items()
    if KINDS[name] in (int, float)
}
"""The bounds of each number, as annotated at its field."""

WORDS: dict[str, tuple[str, ...]] = {
    name: hint.__metadata__
    for name, hint in get_type_hints(EngineSettings, include_extras=True).items()
    if KINDS[name] is str and hasattr(hint, "__metadata__")
}
"""The words of each setting that is one of a few."""

_IN_WORDS: dict[type, str] = {float: "a number", int: "a whole number", str: "text", bool: "True or False"}


def out_of_limits(name: str, value: float | str) -> str | None:
    """What `value` must be to be valid for the setting `name`; None if it is valid."""
    if name in WORDS and value not in WORDS[name]:
        return f"must be {' or '.join(WORDS[name])}, not {value!r}"
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
    defaults = EngineSettings()._asdict()
    for name, value in given.items():
        if name not in defaults:
            table = ", ".join(f"{n} ({default})" for n, default in defaults.items())
            near = get_close_matches(name, [*others, *defaults], 1)
            meant = f"; did you mean {near[0]}?" if near else ""
            valid = f"valid words: {', '.join(others)}; settings" if others else "valid ones"
            raise SettingsError(f"unknown setting {name!r}{meant}\n{valid} with their defaults: {table}")
        kinds = {float: (int, float), int: (int,), str: (str,), bool: (bool,)}[KINDS[name]]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise SettingsError(f"{name} must be {_IN_WORDS[KINDS[name]]}, not {value!r}")
        wrong = out_of_limits(name, value)
        if wrong:
            raise SettingsError(f"{name} {wrong}")
    return EngineSettings(**given)
