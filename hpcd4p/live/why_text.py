"""Why a run is slow or waits, in words. Pure: it prints nothing and opens nothing."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import TextWrapper

from hpcd4p.live.document import CLOSING, Cause
from hpcd4p.live.found import FoundRun, Life
from hpcd4p.live.text import head_lines
from hpcd4p.record.table import seconds

WIDTH = 100
"""Characters of a line at most; a line to type is never broken."""

NOTHING_YET = "What limits it is not known yet: ask again in a few seconds."


def why_text(run: FoundRun, limits: Sequence[Cause]) -> str:
    """What limits a run: `limits`, the first cause first."""
    lines = head_lines(run)
    if run.life not in (Life.UNDER_WAY, Life.SILENT):
        return "\n".join(lines)
    if run.document.state == CLOSING:
        return "\n".join([*lines, "", "Its work is done, and its record is being written."])
    return "\n".join([*lines, "", *causes_lines(limits)])


def causes_lines(limits: Sequence[Cause]) -> list[str]:
    """The first cause at length, lesser ones after it."""
    if not limits:
        return [NOTHING_YET]
    first = limits[0]
    lines = [] if any(each.wrong for each in limits) else ["Nothing is wrong. A run is limited by something:"]
    lines += _wrapped(first.text, "What limits it: ")
    lines += _facts(first)
    if len(limits) > 1:
        lines += ["", "Besides"]
    for each in limits[1:]:
        lines += _wrapped(each.text, "  ")
        lines += [f"    type:  {each.to_type}"] if each.wrong and each.to_type else []
    return lines


def _facts(cause: Cause) -> list[str]:
    lasts = [f"it has been so for {seconds(cause.lasts_s)}"] if cause.lasts_s >= 1.0 else []
    lines = [line for each in [*cause.evidence, *lasts] for line in _wrapped(each, "  - ")]
    if cause.advice:
        lines += _wrapped(cause.advice, "What to change: ")
    if cause.to_type:
        lines.append(f"  type:  {cause.to_type}")
    return lines


def _wrapped(text: str, first: str) -> list[str]:
    return TextWrapper(WIDTH, first, " " * len(first), break_on_hyphens=False, break_long_words=False).wrap(
        text
    )
