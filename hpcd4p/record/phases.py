"""A run as the auto-scaler saw it, in a few phases, and what limited it. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from hpcd4p.record.scaling import Scaling, Tick, tick_spans

MOST_PHASES = 12
"""A reader takes in no more; short ones are joined to one in which the number of active ranks changes."""

SHORT = 0.03
"""Part of the run below which a number of active ranks is a step on the way to another."""

CORES = 0.15
"""Part of their working time that ranks are ready to run and wait for a core, above which cores are short."""


class Phase(NamedTuple):
    """A time with one number of active ranks, or with a changing number."""

    begin_s: float
    end_s: float
    least: int
    most: int
    active: float  # on average
    changes: int  # within it
    working: float  # active ranks that did not wait for a task, on average
    tasks: float  # that waited, on average
    reason: str  # that held longest


class _Piece(NamedTuple):
    begin_s: float
    end_s: float
    active: int


def phases(scaling: Scaling, elapsed_s: float) -> list[Phase]:
    """Divide the run into at most `MOST_PHASES` phases, or a few more."""
    pieces = _pieces(scaling, elapsed_s)
    short_s = SHORT * elapsed_s
    while True:
        groups = _grouped(pieces, short_s)
        if len(groups) <= MOST_PHASES or short_s > elapsed_s:
            return [_phase(group, scaling.ticks) for group in groups]
        short_s *= 1.5


def _pieces(scaling: Scaling, elapsed_s: float) -> list[_Piece]:
    first = scaling.changes[0].before if scaling.changes else 0
    active = first or (scaling.ticks[0].active if scaling.ticks else scaling.ranks)
    begin_s, pieces = 0.0, []
    for change in scaling.changes:
        pieces.append(_Piece(begin_s, change.time_s, active))
        begin_s, active = change.time_s, change.after
    return [*pieces, _Piece(begin_s, max(elapsed_s, begin_s), active)]


def _grouped(pieces: Sequence[_Piece], short_s: float) -> list[list[_Piece]]:
    """Groups of pieces: a long piece alone, short ones that follow each other together."""
    groups: list[list[_Piece]] = []
    moving = False
    for piece in pieces:
        short = piece.end_s - piece.begin_s < short_s
        if short and moving:
            groups[-1].append(piece)
        else:
            groups.append([piece])
        moving = short
    return groups


def _phase(group: list[_Piece], ticks: Sequence[Tick]) -> Phase:
    begin_s, end_s = group[0].begin_s, group[-1].end_s
    counts = [piece.active for piece in group]
    span_s = end_s - begin_s
    active = sum(p.active * (p.end_s - p.begin_s) for p in group) / span_s if span_s else float(counts[0])
    # a look describes the time before it; its backlog and its reason are those of the time after it
    seen = [t for t in ticks if begin_s < t.time_s <= end_s]
    then = [t for t in ticks if begin_s <= t.time_s < end_s]
    return Phase(
        begin_s, end_s, min(counts), max(counts), active, len(group) - 1,
        _mean(t.active - t.idle for t in seen), _mean(t.backlog_tasks for t in then), usual_reason(then),
    )  # fmt: skip


def _mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return sum(numbers) / len(numbers) if numbers else 0.0


def usual_reason(ticks: Sequence[Tick]) -> str:
    """Give the most frequent reason, whatever its numbers, in the words of the one in the middle."""
    said: dict[str, list[str]] = defaultdict(list)
    for tick in ticks:
        said[re.sub(r"\d[\d.,]*(e[+-]?\d+)?", "#", tick.reason)].append(tick.reason)
    usual = max(said.values(), key=len, default=[""])
    return usual[len(usual) // 2]


class Limit(Enum):
    """What kept a run from ending sooner."""

    SOURCE = "source"  # few tasks waited: the pool did what came
    CORES = "cores"  # ranks were ready and waited for a core
    STATEFUL = "stateful group"  # it was behind, and the pool waited for it
    FINISHED = "finished"  # the pool had done all its work, others had not
    TAIL = "tail"  # nothing waited any more; the last tasks were running
    POLICY = "policy"  # tasks waited, and ranks were parked
    RANKS = "ranks"  # tasks waited, and all ranks were active


class Share(NamedTuple):
    """How much of a run something limited."""

    limit: Limit
    part: float  # of the time
    waiting: float  # part of the working time in which ranks waited for a core, on average
    reason: str  # of the policy


def limits(ticks: Sequence[Tick]) -> list[Share]:
    """Say what limited the run for which part of the time, largest first."""
    spans = tick_spans(ticks)
    total_s = sum(spans)
    by_limit: dict[Limit, list[tuple[float, Tick]]] = defaultdict(list)
    for span_s, tick in zip(spans, ticks, strict=True):
        by_limit[limit_of(tick)].append((span_s, tick))
    shares = []
    for limit, those in by_limit.items():
        time_s = sum(span_s for span_s, _ in those)
        waiting = sum(span_s * tick.waiting for span_s, tick in those) / time_s if time_s else 0.0
        part = time_s / total_s if total_s else 0.0
        shares.append(Share(limit, part, waiting, usual_reason([tick for _, tick in those])))
    return sorted(shares, key=lambda share: -share.part)


def limit_of(tick: Tick) -> Limit:
    """Say what limited the run in the time that `tick` describes."""
    if tick.finished:
        return Limit.FINISHED
    if tick.held:
        return Limit.STATEFUL
    if tick.drained and not tick.backlog_tasks:
        return Limit.TAIL
    if tick.waiting > CORES:
        return Limit.CORES
    if not tick.drained and tick.backlog_tasks <= max(1.0, 0.5 * tick.active):
        return Limit.SOURCE
    return Limit.POLICY if tick.parked else Limit.RANKS
