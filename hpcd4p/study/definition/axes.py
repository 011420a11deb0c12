"""The values of an axis: a list, or a range of numbers. Pure."""

from __future__ import annotations

from typing import Any

from hpcd4p.errors import SettingsError

Value = int | float | str | bool

RANGE_KEYS = ("from", "to", "step", "factor")

MOST_VALUES = 1000


def values_of(name: str, given: Any, where: str) -> list[Value]:
    """Give the values of the axis `name` as a list.

    Parameters
    ----------
    given
        A list of numbers, texts or booleans; or a table with ``from``, ``to`` and one of ``step`` (added) and
        ``factor`` (multiplied), both ends included.
    where
        The file, for messages.

    Raises
    ------
    SettingsError
        No values, the same value twice, or none of these forms.

    Examples
    --------
    >>> values_of("ranks", {"from": 2, "to": 16, "factor": 2}, "study.toml")
    [2, 4, 8, 16]
    """
    what = f"axis {name} of {where}"
    if isinstance(given, dict):
        given = _range(given, what)
    if not isinstance(given, list):
        raise SettingsError(
            f"{what} must be a list, [2, 4, 8], or a range, {{ from = 2, to = 8, factor = 2 }}; not {given!r}"
        )
    if not given:
        raise SettingsError(f"{what} has no values: give at least one, or leave the axis out")
    for value in given:
        if not isinstance(value, Value):
            raise SettingsError(f"{what}: values are numbers, texts, true or false; not {value!r}")
    seen: set[tuple[type, Value]] = set()
    for value in given:
        if (type(value), value) in seen:
            raise SettingsError(f"{what} has the value {value!r} twice; for more runs of each point: repeats")
        seen.add((type(value), value))
    return given


def _range(given: dict[str, Any], what: str) -> list[Value]:
    form = f"{what}: a range is {{ from = 2, to = 16, step = 2 }} or {{ from = 2, to = 16, factor = 2 }}"
    if set(given) - set(RANGE_KEYS):
        raise SettingsError(f"{form}; unknown key {sorted(set(given) - set(RANGE_KEYS))[0]!r}")
    steps = [key for key in ("step", "factor") if key in given]
    if "from" not in given or "to" not in given or len(steps) != 1:
        raise SettingsError(form)
    if any(isinstance(v, bool) or not isinstance(v, int | float) for v in given.values()):
        raise SettingsError(f"{form}, of numbers")
    at, last, by = given["from"], given["to"], given[steps[0]]
    grows = by > 0 if steps == ["step"] else by > 1 and at > 0
    if not grows:
        raise SettingsError(f"{form}; this one does not grow: step > 0, or factor > 1 and from > 0")
    values: list[Value] = []
    # a little above the end: 0.1 added three times is not 0.3
    while at <= last + abs(last) * 1e-9:
        values.append(round(at, 12) if isinstance(at, float) else at)
        if len(values) > MOST_VALUES:
            raise SettingsError(f"{what} has more than {MOST_VALUES} values")
        at = given["from"] + by * len(values) if steps == ["step"] else at * by
    return values
