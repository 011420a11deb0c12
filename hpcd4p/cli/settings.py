"""The settings that a user can give, where each value came from, and what it may be.

Flags come before ``HPCD4P_*`` variables, these before the TOML file, this before the default. This is the
only place that reads them; all code below gets plain values.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hpcd4p.cli.known_settings import PREFIX, Setting, all_settings
from hpcd4p.cli.no_checkpoints import settle_checkpoints
from hpcd4p.errors import SettingsError
from hpcd4p.launch.status_note import VARIABLES
from hpcd4p.plan.limits import out_of_limits
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.point import POINT_VARIABLE

INTERNAL = frozenset({*VARIABLES, "HPCD4P_CONFIG", "HPCD4P_PYTHON", POINT_VARIABLE})
"""Variables that are not settings: of a launcher, the path of the TOML file, and the point of a study that
the run belongs to (see `hpcd4p.record.provenance`)."""


@dataclass(frozen=True)
class Resolved:
    """The value of each setting and where it came from."""

    values: dict[str, Any]
    sources: dict[str, str]
    options: dict[str, str | int | float | bool] = field(default_factory=dict)
    """The workflow's own, from the table ``[options]``: they come before those of the command line."""

    def engine(self) -> EngineSettings:
        """Give the settings of the engine."""
        return EngineSettings(**{name: self.values[name] for name in EngineSettings._fields})

    def shown(self) -> dict[str, Any]:
        """Give the values as they may be printed and stored: without the password of a URL."""
        return {name: _hide_password(v) if name == "redis_url" else v for name, v in self.values.items()}


def resolve(
    flags: Mapping[str, str | bool],
    environ: Mapping[str, str] = os.environ,
    config: str | None = None,
    folder: Path | None = None,
) -> Resolved:
    """Give every setting its value: flag, else variable, else TOML, else default.

    Parameters
    ----------
    flags
        What was given on the command line, by name of the setting, as text.
    environ
        The environment; every ``HPCD4P_*`` name in it must be a setting.
    config
        The TOML file of ``--config``; without it ``HPCD4P_CONFIG``, then ``hpcd4p.toml`` in `folder`.
    folder
        Where to look for ``hpcd4p.toml``; the working folder if not given.

    Raises
    ------
    SettingsError
        An unknown name (with the valid ones), or a value of the wrong kind or out of range.
    """
    known = all_settings()
    values = {name: s.default for name, s in known.items()}
    sources = dict.fromkeys(known, "default")

    def put(name: str, value: Any, source: str) -> None:
        values[name] = check(known[name], value, source)
        sources[name] = source

    options: dict[str, str | int | float | bool] = {}
    for path, shown in _files(config or environ.get("HPCD4P_CONFIG"), folder or Path.cwd()):
        in_file, own = read_toml(path, known)
        for name, value in in_file.items():
            put(name, value, shown)
        options |= own
    for variable in sorted(v for v in environ if v.startswith(PREFIX) and v not in INTERNAL):
        name = variable.removeprefix(PREFIX).lower()
        if name not in known:
            variables = {s.variable: s for s in known.values()}
            raise SettingsError(_unknown("environment variable", variable, variables))
        if environ[variable] != "":
            put(name, environ[variable], variable)
    for name, value in flags.items():
        put(name, value, known[name].switch(value is not False))
    settle_checkpoints(values, sources, environ)
    return Resolved(values, sources, options)


def _files(config: str | None, folder: Path) -> list[tuple[Path, str]]:
    """TOML files to read, the weakest first, with the names they are shown by."""
    files = []
    checkout = Path(__file__).resolve().parents[2]
    shipped = checkout / "configs" / "default.toml"
    # beside an installed package that folder is not ours
    if (checkout / "pyproject.toml").is_file() and shipped.is_file():
        files.append((shipped, "configs/default.toml"))
    if config is not None:
        files.append((Path(config), config))
    elif (folder / "hpcd4p.toml").is_file():
        files.append((folder / "hpcd4p.toml", "hpcd4p.toml"))
    return files


OPTIONS = "options"
"""The table of a TOML file that holds options of the workflow."""


def read_toml(
    path: Path, known: Mapping[str, Setting]
) -> tuple[dict[str, Any], dict[str, str | int | float | bool]]:
    """Give the values of a TOML file by name of the setting, and the options of the workflow in it.

    Raises
    ------
    SettingsError
        No such file, no TOML, or a table or key that does not exist.
    """
    import tomllib

    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError(f"cannot read the configuration {path}: {reason}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is no TOML: {error}") from error
    sections = sorted({s.section for s in known.values()})
    values: dict[str, Any] = {}
    options = _options(tables.pop(OPTIONS, {}), path)
    for section, table in tables.items():
        if section not in sections or not isinstance(table, dict):
            names = ", ".join(f"[{s}]" for s in sections) + f" and [{OPTIONS}]"
            raise SettingsError(
                f"{path}: unknown table or key {section!r} at the top; the tables are {names}"
            )
        valid = {s.name: s for s in known.values() if s.section == section}
        for name, value in table.items():
            if name not in valid:
                raise SettingsError(_unknown(f"key in [{section}] of {path}", name, valid))
            values[name] = value
    return values, options


def _options(table: Any, path: Path) -> dict[str, str | int | float | bool]:
    if not isinstance(table, dict):
        raise SettingsError(f"{path}: {OPTIONS} must be a table, [{OPTIONS}], of options of the workflow")
    for name, value in table.items():
        if not isinstance(value, str | int | float | bool):
            raise SettingsError(
                f"{name} in [{OPTIONS}] of {path} must be text, a number, true or false, not {value!r}"
            )
    return table


def check(setting: Setting, value: Any, source: str) -> Any:
    """Give `value` in the kind of `setting`.

    Raises
    ------
    SettingsError
        It cannot be read so, or is out of range; says which source gave it.
    """
    converted = _convert(setting.kind, value)
    name = source if source in (setting.flag, setting.variable) else f"{setting.name} in {source}"
    if converted is None:
        kinds = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
        raise SettingsError(f"{name} must be {kinds[setting.kind]}, not {value!r}")
    if setting.choices and converted not in setting.choices:
        raise SettingsError(f"{name} must be one of {', '.join(setting.choices)}; not {value!r}")
    wrong = out_of_limits(setting.name, converted) if setting.section == "engine" else None
    if wrong:
        raise SettingsError(f"{name} {wrong}")
    return converted


def _convert(kind: type, value: Any) -> Any:
    """`value`, from text or TOML, as `kind`; None if it is not one."""
    if kind is bool:
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        return value if isinstance(value, bool) else words.get(str(value).lower())
    if isinstance(value, bool):
        return None
    if kind is str:
        return value if isinstance(value, str) and value else None
    try:
        if kind is int:
            return value if isinstance(value, int) else int(value) if isinstance(value, str) else None
        return float(value)
    except (TypeError, ValueError):
        return None


def _unknown(what: str, name: str, valid: Mapping[str, Setting]) -> str:
    near = get_close_matches(name, valid, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    width = max(map(len, valid))
    lines = "".join(f"\n  {n:<{width}}  default {_text(s.default)}" for n, s in valid.items())
    return f"unknown {what}: {name}{hint}\nvalid ones:{lines}"


def _text(value: Any) -> str:
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _hide_password(url: str | None) -> str | None:
    """The URL with its password as ***; what is before the last @ is not shown if it has one."""
    if url is None or "@" not in url:
        return url
    scheme, _, rest = url.partition("://")
    user, _, host = rest.rpartition("@")
    return f"{scheme}://{user.partition(':')[0]}:***@{host}"
