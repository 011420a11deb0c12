"""The styles of pages as a terminal shows them, and pages as pictures. The only user of rich."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from io import StringIO

from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from hpcd4p.top.lines import Line, fit

STYLES: Mapping[str, Style] = {
    name: Style.parse(text)
    for name, text in {
        "title": "bold",
        "head": "bold",
        "dim": "bright_black",
        "number": "cyan",
        "good": "bold green",
        "warn": "yellow",
        "bad": "bold red",
        "key": "bold cyan",
        "chosen": "reverse",
        "paused": "reverse yellow",
        "leading": "cyan",
        "working": "green",
        "unclear": "yellow",
        "idle": "bright_black",
        "parked": "blue",
        "lost": "bold red",
        "left": "bright_black",
    }.items()
}

_SYSTEMS = {
    "standard": ColorSystem.STANDARD, "256": ColorSystem.EIGHT_BIT, "truecolor": ColorSystem.TRUECOLOR,
}  # fmt: skip

_PLAIN = str.maketrans(dict(zip("…━─▁▂▃▄▅▆▇█▒·↑↓←→×", "~=-1234567#?.^v<>x", strict=True)))
"""For a terminal that knows ASCII only."""


class Paint:
    """What the terminal of the standard output can show.

    Attributes
    ----------
    moves
        Whether its cursor can be moved.
    """

    def __init__(self) -> None:
        console = Console(file=sys.stdout)
        self.moves = console.is_terminal and not console.is_dumb_terminal
        system = console.color_system or ""
        self._system = _SYSTEMS.get(system) if console.is_terminal else None
        self._no_color = console.no_color
        self._unicode = sys.stdout.encoding.lower().startswith("utf")

    def __call__(self, of: Line) -> str:
        """A line with what makes the terminal show its styles."""
        text = "".join(self._span(span.text, span.style) for span in of)
        return text if self._unicode else text.translate(_PLAIN).encode("ascii", "replace").decode()

    def _span(self, text: str, style: str) -> str:
        known = STYLES.get(style)
        if known is None or self._system is None:
            return text
        if self._no_color:
            known = known.without_color
        return known.render(text, color_system=self._system)


_SVG = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: DejaVu Sans Mono, Menlo, Consolas, monospace; font-size: {char_height}px;
  line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""That of rich without the font that it takes from the network."""


def picture(lines: Sequence[Line], columns: int, title: str) -> str:
    """A page as SVG."""
    console = Console(
        record=True,
        file=StringIO(),
        width=columns,
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    for each in lines:
        text = Text(no_wrap=True, overflow="crop", end="\n")
        for span in fit(each, columns):
            text.append(span.text, STYLES.get(span.style))
        console.print(text, highlight=False)
    return console.export_svg(title=title, theme=DIMMED_MONOKAI, code_format=_SVG, unique_id="top")
