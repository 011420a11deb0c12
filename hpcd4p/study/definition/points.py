"""The points of a study, each with its key and its command line. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import PurePath

from hpcd4p.errors import SettingsError
from hpcd4p.study.definition.axes import Value
from hpcd4p.study.definition.study import CONFIG, ITERATIONS, NODES, RANKS, Study

MOST_KEY = 150
"""Characters of a key, which is the name of a folder."""

MOST_POINTS = 100_000


@dataclass(frozen=True)
class Point:
    """One run to make: a value of every axis, and the number of the repeat, from 1.

    Attributes
    ----------
    words
        The command line after ``python -m hpcd4p``, without the folder of results.
    """

    key: str
    axes: dict[str, Value]
    repeat: int
    ranks: int
    nodes: int
    words: tuple[str, ...]


def points_of(study: Study, settings: frozenset[str] = frozenset()) -> list[Point]:
    """Give all points in the order in which they are started: every point once, then every point again.

    So a slow hour of the cluster falls on all of them.

    Parameters
    ----------
    settings
        Names of the settings of ``hpcd4p run``: all other axes are options of the workflow.

    Raises
    ------
    SettingsError
        Nothing is left, axes of unequal length are zipped, or the numbers of ranks and nodes do not fit.
    """
    combinations = [c for c in _combinations(study) if not _excluded(study, c)]
    if not combinations:
        raise SettingsError(f"{study.source} has no points: exclude leaves none of them")
    if len(combinations) * study.repeats > MOST_POINTS:
        raise SettingsError(
            f"{study.source} has {len(combinations) * study.repeats:,} points, more than {MOST_POINTS:,}"
        )
    points = [
        _point(study, axes, repeat, settings)
        for repeat in range(1, study.repeats + 1)
        for axes in combinations
    ]
    seen: dict[str, dict[str, Value]] = {}
    for point in points:
        if point.key in seen:
            raise SettingsError(f"{study.source}: two points are both called {point.key}; use plainer values")
        seen[point.key] = point.axes
    return points


def covering(points: Sequence[Point]) -> list[Point]:
    """Give a few of the points in which every value of every axis comes at least once.

    Examples
    --------
    >>> [p.key for p in covering([])]
    []
    """
    missing = {(name, value) for p in points for name, value in p.axes.items()}
    chosen = list(points[:1])
    if chosen:
        missing -= set(chosen[0].axes.items())
    while missing:
        best = max(points, key=lambda p: len(missing & set(p.axes.items())))
        chosen.append(best)
        missing -= set(best.axes.items())
    return chosen


def _combinations(study: Study) -> Iterator[dict[str, Value]]:
    names = list(study.axes)
    if not names:
        yield {}
        return
    if study.combine == "zip":
        lengths = {name: len(values) for name, values in study.axes.items()}
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"{name} {n}" for name, n in lengths.items())
            raise SettingsError(f"{study.source}: combine = 'zip' needs axes of one length; values: {listed}")
        rows: Iterator[tuple[Value, ...]] = zip(*study.axes.values(), strict=True)
    else:
        rows = product(*study.axes.values())
    for row in rows:
        yield dict(zip(names, row, strict=True))


def _excluded(study: Study, axes: dict[str, Value]) -> bool:
    return any(all(axes[name] in values for name, values in rule.items()) for rule in study.exclude)


def _point(study: Study, axes: dict[str, Value], repeat: int, settings: frozenset[str]) -> Point:
    ranks = _count(study, RANKS, axes.get(RANKS, study.settings.get(RANKS, 1)))
    if NODES in axes:
        nodes = _count(study, NODES, axes[NODES])
    else:
        nodes = -(-ranks // (study.launch.ranks_per_node or ranks))
    if ranks % nodes:
        raise SettingsError(
            f"{study.source}: {ranks} ranks cannot be spread evenly over {nodes} nodes; exclude that point, "
            "or change ranks_per_node in [launch]"
        )
    given = {**study.settings, **study.options, **axes}
    for name in study.grows:
        given[name] = given[name] * ranks
    return Point(_key(axes, repeat), axes, repeat, ranks, nodes, _words(study, given, ranks, settings))


def _count(study: Study, name: str, value: Value) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SettingsError(f"axis {name} of {study.source} takes whole numbers above 0, not {value!r}")
    return value


def _words(study: Study, given: dict[str, Value], ranks: int, settings: frozenset[str]) -> tuple[str, ...]:
    own: list[str] = []
    options: list[str] = []
    for name, value in given.items():
        flag = "--" + name.replace("_", "-")
        if name in (RANKS, NODES):
            continue
        if name == ITERATIONS:
            own.append(f"-i={value}")
        elif name == CONFIG:
            own.append(f"--config={value}")
        elif name in settings and isinstance(value, bool):
            own.append(flag if value else flag.replace("--", "--no-", 1))
        elif name in settings:
            own.append(f"{flag}={_text(value)}")
        elif value is True:
            options.append(flag)
        elif value is not False:
            options.append(f"{flag}={value}")
    if study.inputs:
        own.append(f"--file={study.inputs}")
    if ranks > 1:
        own.insert(0, f"-n={ranks}")
    return (
        "run",
        *own,
        *([study.workflow] if study.workflow else []),
        *(["--", *options] if options else []),
    )


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _short(value: Value) -> str:
    """Give the value as it stands in a key: of a file its name."""
    text = _text(value)
    return PurePath(text).stem if text.endswith(".toml") else text


def _key(axes: dict[str, Value], repeat: int) -> str:
    parts = [*(f"{name}={_short(value)}" for name, value in axes.items()), f"repeat={repeat}"]
    key = ",".join(parts)
    plain = re.sub(r"[^A-Za-z0-9_.:=,+-]", "_", key)
    if plain == key and len(key) <= MOST_KEY:
        return key
    # shortened or changed, two keys could be equal
    mark = hashlib.blake2b(key.encode(), digest_size=4).hexdigest()
    tail = f",repeat={repeat}"
    return f"{plain[: MOST_KEY - len(mark) - len(tail) - 1].removesuffix(tail)}~{mark}{tail}"
