"""All settings as a TOML file that would set them, each with where its value came from."""

from __future__ import annotations

import json

from hpcd4p.cli.known_settings import all_settings
from hpcd4p.cli.settings import OPTIONS, Resolved


def show_config(resolved: Resolved) -> str:
    """Give all values with their sources, in the form of a TOML file that would set them."""
    lines: list[str] = []
    section = ""
    for name, setting in all_settings().items():
        if setting.section != section:
            section = setting.section
            lines += [""] * bool(lines) + [f"[{section}]"]
        value = resolved.shown()[name]
        # TOML has no null: a setting without a value is shown as a comment
        line = f"# {name} is not set" if value is None else f"{name} = {json.dumps(value)}"
        lines.append(f"{line:<44}  # {resolved.sources[name]}")
    if resolved.options:
        lines += ["", f"[{OPTIONS}]"]
        lines += [f"{name} = {json.dumps(value)}" for name, value in resolved.options.items()]
    return "\n".join(lines)
