"""The TOML file of a scaling study: reads it, and says what is wrong in it. Pure but for `read_study`.

Every key is described in ``configs/study-reference.toml``.
"""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hpcd4p.errors import SettingsError
from hpcd4p.study.definition.axes import Value, values_of
from hpcd4p.study.definition.study import CONFIG, ITERATIONS, NODES, RANKS, Launch, Study
from hpcd4p.study.schema import COLUMNS

CLUSTERS = ("auto", "slurm", "local", "debug")
"""`auto`: Slurm where there is an sbatch, else this machine."""
SCALINGS = ("strong", "weak")
COMBINES = ("product", "zip")

TAKEN = frozenset({"results", "record", "workflow", "scratch"})
"""Settings that a study gives itself."""

TAKEN_COLUMNS = frozenset(column.name for column in COLUMNS) - {RANKS, NODES}
"""Columns of the results file: no axis may have such a name."""

_NAME = "A-Z, a-z, 0-9, _ and -"


def read_study(path: Path, settings: Collection[str]) -> Study:
    """Give the study in the file `path`.

    Parameters
    ----------
    settings
        Names of the settings of ``hpcd4p run``.

    Raises
    ------
    SettingsError
        No such file, no TOML, an unknown key, or a value that cannot be.
    """
    import tomllib

    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError(
            f"cannot read the study {path}: {reason}. `python -m hpcd4p init` writes "
            "examples into configs/; configs/study-reference.toml describes every key"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is no TOML: {error}") from error
    return parse_study(tables, str(path), settings)


def parse_study(tables: dict[str, Any], where: str, settings: Collection[str]) -> Study:
    """Give the study that `tables` describe; see `read_study`."""
    _known(tables, TABLES, f"table in {where}")
    for name in tables:
        if not isinstance(tables[name], dict):
            raise SettingsError(f"{where}: {name} must be a table, [{name}]")
    head = _typed(tables.get("study", {}), KEYS["study"], f"[study] of {where}")
    points = _typed(tables.get("points", {}), KEYS["points"], f"[points] of {where}")
    launch = _typed(tables.get("launch", {}), KEYS["launch"], f"[launch] of {where}")
    report = _typed(tables.get("report", {}), KEYS["report"], f"[report] of {where}")
    name = str(head.get("name", Path(where).stem))
    if not name.replace("_", "").replace("-", "").isalnum() or not name.isascii():
        raise SettingsError(f"name in [study] of {where} names files: use {_NAME}, not {name!r}")
    if "workflow" not in head and CONFIG not in tables.get("axes", {}):
        raise SettingsError(
            f"[study] of {where} has no workflow: a module, or a file such as 'study/flow.py'; or make "
            "config an axis"
        )
    free = sorted(set(settings) - TAKEN)
    axes = {n: values_of(n, v, where) for n, v in tables.get("axes", {}).items()}
    for axis in axes:
        _check_axis(axis, free, where)
    fixed = tables.get("settings", {})
    _known(fixed, free, f"key in [settings] of {where}")
    _no_twice(axes, fixed, "[settings]", where)
    options = tables.get("options", {})
    _no_twice(axes, options, "[options]", where)
    for table, given in (("settings", fixed), ("options", options), ("baseline", report.get("baseline", {}))):
        for key, value in given.items():
            if not isinstance(value, Value):
                raise SettingsError(f"{key} in [{table}] of {where} must be one value, not {value!r}")
    exclude = tuple(_excluded(e, axes, where) for e in points.get("exclude", []))
    _check_baseline(report.get("baseline", {}), axes, where)
    study = Study(
        name=name,
        workflow=head.get("workflow", ""),
        source=where,
        title=head.get("title", ""),
        scaling=_one_of("scaling", head.get("scaling", "strong"), SCALINGS, where),
        grows=tuple(head.get("grows", ())),
        repeats=_at_least("repeats", head.get("repeats", 1), 1, where),
        time_s=seconds_of(head.get("time", "10:00"), where),
        inputs=head.get("inputs", ""),
        axes=axes,
        combine=_one_of("combine", points.get("combine", "product"), COMBINES, where),
        exclude=exclude,
        settings=fixed,
        options=options,
        baseline=report.get("baseline", {}),
        timelines=tuple(report.get("timelines", ())),
        launch=_launch(launch, where),
    )
    _check_growth(study, where)
    return study


TABLES = ("study", "axes", "points", "settings", "options", "launch", "report")

KEYS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "study": {
        "name": str, "title": str, "workflow": str, "scaling": str, "grows": list, "repeats": int,
        "time": str, "inputs": str,
    },
    "points": {"combine": str, "exclude": list},
    "launch": {
        "cluster": str, "at_once": int, "ranks_per_node": int, "cpus_per_task": int, "margin_s": (int, float),
        "goes_on": int,
        "partition": str, "account": str, "qos": str, "constraint": str, "mem": str, "exclusive": bool,
        "setup": list, "slurm": dict,
    },
    "report": {"baseline": dict, "timelines": list},
}  # fmt: skip
"""Of each table with a fixed set of keys: the keys and the kind of their values."""

_KINDS = {str: "text", int: "a whole number", list: "a list", dict: "a table", bool: "true or false"}


def _known(given: Collection[str], valid: Collection[str], what: str) -> None:
    for name in given:
        if name not in valid:
            near = get_close_matches(name, list(valid), 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise SettingsError(f"unknown {what}: {name}{hint}\nvalid ones: {', '.join(valid)}")


def _typed(table: dict[str, Any], keys: dict[str, type | tuple[type, ...]], what: str) -> dict[str, Any]:
    _known(table, list(keys), f"key in {what}")
    for name, value in table.items():
        kind = keys[name]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            said = _KINDS.get(kind, "a number") if isinstance(kind, type) else "a number"
            raise SettingsError(f"{name} in {what} must be {said}, not {value!r}")
        given: Any = value  # mypy takes it for what `kind` says
        if isinstance(given, list) and name != "exclude" and not all(isinstance(v, str) for v in given):
            raise SettingsError(f"{name} in {what} must be a list of texts, not {value!r}")
    return table


def _check_axis(axis: str, free: list[str], where: str) -> None:
    if axis in TAKEN:
        raise SettingsError(f"axis {axis} of {where}: a study sets that itself; choose another axis")
    if axis in TAKEN_COLUMNS:
        raise SettingsError(
            f"axis {axis} of {where}: a column of the results file has this name; an option of the workflow "
            "that is to be an axis needs another name"
        )
    # near a setting, but none: more likely a slip than an option of the workflow
    near = get_close_matches(axis, [*free, RANKS, NODES, ITERATIONS, CONFIG, "repeats"], 1, 0.85)
    if near and near[0] != axis:
        raise SettingsError(
            f"unknown axis {axis} of {where}; did you mean {near[0]}?"
            + (" (repeats is a key of [study])" if near[0] == "repeats" else "")
        )
    if axis == "repeats":
        raise SettingsError(f"{where}: repeats is a key of [study], not an axis")


def _no_twice(axes: Collection[str], given: Collection[str], table: str, where: str) -> None:
    twice = sorted(set(axes) & set(given))
    if twice:
        raise SettingsError(f"{where}: {twice[0]} is an axis and in {table}; keep one of them")


def _excluded(given: Any, axes: dict[str, list[Value]], where: str) -> dict[str, list[Value]]:
    form = f"exclude in [points] of {where} is a list of tables, [{{ ranks = 64, mapping = 'static' }}]"
    if not isinstance(given, dict) or not given:
        raise SettingsError(f"{form}; not {given!r}")
    _known(given, list(axes), f"axis in exclude of {where}")
    excluded = {name: value if isinstance(value, list) else [value] for name, value in given.items()}
    for name, values in excluded.items():
        for value in values:
            if value not in axes[name]:
                raise SettingsError(f"{form}; axis {name} has no value {value!r}")
    return excluded


def _check_baseline(baseline: dict[str, Value], axes: dict[str, list[Value]], where: str) -> None:
    _known(baseline, list(axes), f"axis in baseline of {where}")
    for name, value in baseline.items():
        if value not in axes[name]:
            listed = ", ".join(map(str, axes[name]))
            raise SettingsError(f"baseline of {where}: axis {name} has no value {value!r}, only {listed}")


def _check_growth(study: Study, where: str) -> None:
    if study.scaling == "strong":
        if study.grows:
            raise SettingsError(f"{where}: grows is for scaling = 'weak', where work grows with the ranks")
        return
    if not study.grows:
        raise SettingsError(
            f"{where}: scaling = 'weak' needs grows, the options whose value is for one rank and is "
            "multiplied by the number of ranks: grows = ['galaxies']"
        )
    if RANKS not in study.axes:
        raise SettingsError(f"{where}: scaling = 'weak' needs the axis ranks")
    for name in study.grows:
        values = study.axes.get(name, [study.options.get(name)])
        if any(isinstance(v, bool) or not isinstance(v, int | float) for v in values):
            raise SettingsError(
                f"{where}: {name} of grows must be a number in [options], or an axis of numbers"
            )


def _launch(given: dict[str, Any], where: str) -> Launch:
    known = dict(given)
    known["cluster"] = _one_of("cluster", given.get("cluster", "auto"), CLUSTERS, where)
    for name, least in (
        ("at_once", 1),
        ("ranks_per_node", 1),
        ("cpus_per_task", 1),
        ("margin_s", 0),
        ("goes_on", 0),
    ):
        if name in given:
            _at_least(name, given[name], least, where)
    known["setup"] = tuple(given.get("setup", ()))
    return Launch(**known)


def _one_of(name: str, value: str, valid: tuple[str, ...], where: str) -> str:
    if value not in valid:
        raise SettingsError(f"{name} in {where} must be one of {', '.join(valid)}; not {value!r}")
    return value


def _at_least(name: str, value: Any, least: int, where: str) -> Any:
    if value < least:
        raise SettingsError(f"{name} in {where} must be at least {least}, not {value}")
    return value


def seconds_of(text: str, where: str) -> float:
    """Give a time limit in seconds from ``S``, ``MM:SS``, ``HH:MM:SS`` or ``D-HH:MM:SS``.

    Raises
    ------
    SettingsError
        It is none of these, or zero.
    """
    days, _, clock = text.rpartition("-")
    parts = clock.split(":")
    if all(p.isdigit() for p in parts) and len(parts) <= 3 and (not days or days.isdigit()):
        seconds = 0
        for part in parts:
            seconds = 60 * seconds + int(part)
        seconds += 86400 * int(days or 0)
        if seconds > 0:
            return float(seconds)
    raise SettingsError(
        f"time in {where} must be a limit such as '10:00' (minutes:seconds) or '1:00:00', not {text!r}"
    )
