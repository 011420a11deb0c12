"""Checkpoints and how a run went on from them, in words and tables. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hpcd4p.record.survival import CheckpointFigures, CheckpointRow, GoneOn, Survival, shown
from hpcd4p.record.table import percent, seconds, shortened, size, table

MOST_LISTED = 10
"""Rows of a table in `show`; the first and the last."""

NOTABLE = 0.03
"""Part of the run time that checkpoints may take before `explain` says what to do; `auto` aims at 0.02."""

LONG_STAND_MS = 100.0
"""A rank that stands longer is told of, too."""

WHY_LENGTH = 160


def survival_lines(figures: CheckpointFigures) -> list[str]:
    """What the summary says: a line about checkpoints, and one if the run has gone on.

    Nothing of a run that was over before the first one was due: most are.
    """
    lines = []
    if figures.made or figures.given_up or figures.why_none:
        lines.append(_checkpoints(figures))
    if figures.times:
        lines.append(_went_on(figures))
    return lines


def _checkpoints(figures: CheckpointFigures) -> str:
    given_up = ""
    if figures.given_up:
        given_up = f"; {figures.given_up:,} {'was' if figures.given_up == 1 else 'were'} given up"
    if not figures.made:
        why = f", for {shortened(figures.why_none, WHY_LENGTH)}" if figures.why_none else ""
        return f"Checkpoints: none{why or given_up}"
    said = f"Checkpoints: {figures.made:,}, the last {size(figures.size)}, written in "
    said += f"{seconds(figures.written_s)}{given_up}; cost {part(figures.share)} of the run time"
    if figures.why_none:
        said += f". No more came after it: {shortened(figures.why_none, WHY_LENGTH)}"
    return said


def _went_on(figures: CheckpointFigures) -> str:
    how = [
        f"{times(figures.recovered)} in its job" if figures.recovered else "",
        f"{times(figures.resumed)} by a new start" if figures.resumed else "",
    ]
    again = f"{seconds(figures.repeated_s)} of work were done again"
    last = f". The last time: {figures.last_why}" if figures.last_why else ""
    return f"It ended and went on {' and '.join(filter(None, how))}; {again}{last}"


def times(number: int) -> str:
    """``once``, ``2 times``."""
    return "once" if number == 1 else f"{number:,} times"


def part(share: float) -> str:
    """A part of 1 in percent, with a digit more than `percent` where it is small."""
    return f"{share * 100:.1f} %" if 0.0005 <= share < 0.1 else percent(share)


def survival_tables(survival: Survival) -> list[str]:
    """The tables of `show`."""
    lines = _checkpoint_table(survival.checkpoints)
    if survival.gone_on:
        lines += [*([""] if lines else []), *_gone_on_table(survival.gone_on)]
    return lines


def _checkpoint_table(rows: Sequence[CheckpointRow]) -> list[str]:
    if not rows:
        return []
    head = ["epoch", "incarnation", "began", "size", "written in", "stood", "CPU", "given up, for"]
    kept, left = shown(rows, MOST_LISTED)
    cells = [
        [
            str(r.epoch), str(r.incarnation), seconds(r.began_s), size(r.size) if not r.why_not else "",
            seconds(r.written_s) if not r.why_not else "", seconds(r.stood_ms * 1e-3), seconds(r.cpu_s),
            shortened(r.why_not, 60),
        ]
        for r in kept
    ]  # fmt: skip
    lines = table(head, cells, left=0)
    if left:
        lines.insert(1 + MOST_LISTED // 2, f"  ... {left:,} more")
    return ["Checkpoints (began: seconds of work of the run; stood: ranks with state, the longest)", *lines]


def _gone_on_table(rows: Sequence[GoneOn]) -> list[str]:
    head = ["incarnation", "how", "after", "from checkpoint", "done again", "ranks", "why"]
    kept, left = shown(rows, MOST_LISTED)
    cells = [
        [
            str(r.incarnation), "in its job" if r.here else "started again", seconds(r.time_s),
            str(r.epoch or "its start"), seconds(r.repeated_s), str(r.ranks), shortened(r.why, 100),
        ]
        for r in kept
    ]  # fmt: skip
    lines = table(head, cells, left=7)
    if left:
        lines.insert(1 + MOST_LISTED // 2, f"  ... {left:,} more")
    return ["How it went on (after: seconds of work of the run)", *lines]


def advice(figures: CheckpointFigures, survival: Survival | None) -> list[str]:
    """What `explain` says of checkpoints: whether they came, what they cost, and what to change."""
    said = survival_lines(figures) or ["Checkpoints: none; the run was over before the first was due"]
    if figures.why_none:
        said.append(_what_to_change(figures.why_none))
    if figures.share > NOTABLE:
        said.append(_cost(figures, survival))
    elif figures.stood_ms > LONG_STAND_MS:
        said.append(
            f"Ranks with state stood still for up to {seconds(figures.stood_ms * 1e-3)}: they waited for one "
            "that was in the middle of a tuple. Shorter tuples make that shorter."
        )
    return said


def _what_to_change(why: str) -> str:
    if "in the middle of a tuple" in why:
        return (
            "A rank with state was longer in one tuple than others wait for it. What a tuple does in an "
            "element with state should be shorter, or be done by an element of the pool before it."
        )
    if "pickle" in why:
        return (
            "Keep what cannot be pickled (locks, open files, connections, lambdas) out of attributes, or "
            "make it in `preprocess`, or give the element `__getstate__`."
        )
    if "not its own" in why or "declaring" in why:
        return "What an element keeps belongs into its attributes (self), in a class with `stateful = True`."
    if "bytes free" in why or "cannot be written" in why:
        return "Make room there, or choose another folder with --checkpoint-dir."
    return "With --checkpoint required a run that cannot keep checkpoints is refused at its start."


def _cost(figures: CheckpointFigures, survival: Survival | None) -> str:
    rows = [r for r in survival.checkpoints if not r.why_not] if survival is not None else []
    each_s = figures.cost_s / max(1, figures.made + figures.given_up)
    gaps = sorted(b.began_s - a.began_s for a, b in pairwise(rows) if b.began_s > a.began_s)
    every = f", every {seconds(gaps[len(gaps) // 2])}" if gaps else ""
    stood_s, cpu_s = sum(r.stood_ms for r in rows) * 1e-3, sum(r.cpu_s for r in rows)
    most = "standing still" if stood_s > cpu_s else "writing"
    return (
        f"That is much: each takes {seconds(each_s)} of the run{every}, most of it for {most}. "
        "`--checkpoint auto` makes them as seldom as keeps that under 2 %; or give more seconds. "
        "State in a KeyedPE is written only as far as it has changed; more ranks share what is written "
        "(--stateful-ranks)."
    )
