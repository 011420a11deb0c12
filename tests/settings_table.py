"""The tables of settings in the README, made from the settings: ``python -m tests.settings_table``."""

from __future__ import annotations

import re
from pathlib import Path

from hpcd4p.cli.known_settings import Setting, all_settings
from hpcd4p.cli.options import engine_help
from hpcd4p.plan.limits import LIMITS

README = Path(__file__).parents[1] / "README.md"

BETWEEN = re.compile(r"(<!-- settings: .* -->\n).*?(<!-- end of settings -->)", re.DOTALL)


def tables() -> str:
    """Give a table for each section of the settings."""
    sections: dict[str, list[Setting]] = {}
    for setting in all_settings().values():
        sections.setdefault(setting.section, []).append(setting)
    meaning = {name: text.splitlines()[0] for name, text in engine_help().items()}
    return "\n".join(_table(name, settings, meaning) for name, settings in sections.items())


def _table(section: str, settings: list[Setting], meaning: dict[str, str]) -> str:
    limited = section == "engine"
    head = ["key", "flag", "default", *(["least", "most"] if limited else []), "meaning"]
    lines = [head, ["---"] * len(head)]
    for setting in settings:
        limits = _limits(setting.name) if limited else []
        text = setting.help or meaning[setting.name].removesuffix(".")
        text = text[0].lower() + text[1:]
        lines.append([f"`{setting.name}`", _flag(setting), _default(setting), *limits, text])
    rows = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return f"Table `[{section}]`:\n\n{rows}"


def _flag(setting: Setting) -> str:
    if setting.name == "workflow":
        return f"`{setting.metavar}`"
    if setting.kind is bool:
        return f"`{setting.switch(not setting.default)}`"
    return f"`-a`, `{setting.flag}`" if setting.name == "attr" else f"`{setting.flag}`"


def _default(setting: Setting) -> str:
    if setting.default is None:
        return ""
    return f"`{str(setting.default).lower() if setting.kind is bool else setting.default}`"


def _limits(name: str) -> list[str]:
    return [f"{bound:,.13g}" for bound in LIMITS[name]] if name in LIMITS else ["", ""]


def with_tables(readme: str) -> str:
    """Give the text of the README with the tables as they are now."""
    made, count = BETWEEN.subn(lambda found: f"{found[1]}\n{tables()}\n{found[2]}", readme)
    assert count == 1, "the README has lost the place of its tables of settings"
    return made


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
