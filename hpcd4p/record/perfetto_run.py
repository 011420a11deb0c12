"""What a record tells of a run as a whole, as events of Chrome's trace format. Pure.

Phases, looks and decisions of the auto-scaler, checkpoints, how it went on, partitions that moved, and its
story: each on a track of its own, and numbers as counters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict

from hpcd4p.record.chrome import Track, counter, instant, lasting, process_names, slice_of, thread_names
from hpcd4p.record.lives import Lives
from hpcd4p.record.moves import Move
from hpcd4p.record.phases import phases
from hpcd4p.record.scaling import Scaling
from hpcd4p.record.summary import Event, Summary
from hpcd4p.record.survival import Survival

RUN = 1
"""The process of the run in the file; those of ranks follow it."""

WORK, PHASES, SCALER, CHECKPOINTS, LIVES, MOVES, STORY = (Track(RUN, number) for number in range(1, 8))

_NAMES = {
    WORK: "the run",
    PHASES: "phases",
    SCALER: "auto-scaler",
    CHECKPOINTS: "checkpoints",
    LIVES: "lives",
    MOVES: "partitions that move",
    STORY: "story",
}

START = "start"
"""Event with which a life begins."""


def run_events(
    summary: Summary, scaling: Scaling | None, survival: Survival | None, story: Iterable[Event], lives: Lives
) -> Iterator[str]:
    """Yield all of it; `lives` says where the time begins."""
    yield from process_names(RUN, f"run {summary.workflow}", f"{summary.state}, {summary.ranks} ranks")
    for track, name in _NAMES.items():
        yield from thread_names(track, name)
    zero_s = -lives.first_s
    about = {"state": summary.state, "reason": summary.reason, "failed": summary.failed}
    yield slice_of(WORK, summary.workflow, "run", zero_s, zero_s + summary.elapsed_s, about)
    if scaling is not None:
        yield from _scaler(scaling, zero_s, summary.elapsed_s)
        for number, move in enumerate(scaling.moves.made):
            yield from _move(number, move, zero_s)
    if survival is not None:
        yield from _survival(survival, lives, zero_s)
    if summary.checkpoints is not None and summary.checkpoints.why_none:
        yield instant(CHECKPOINTS, "no checkpoints", "checkpoint", zero_s, asdict(summary.checkpoints))
    yield from _story(list(story), lives, zero_s)


def _scaler(scaling: Scaling, zero_s: float, elapsed_s: float) -> Iterator[str]:
    if not scaling.ranks:
        return
    for phase in phases(scaling, elapsed_s):
        ranks = f"{phase.least}" if phase.least == phase.most else f"{phase.least} to {phase.most}"
        known = {"working": phase.working, "waiting tasks": phase.tasks, "reason": phase.reason}
        yield slice_of(
            PHASES, f"{ranks} active", "phase", zero_s + phase.begin_s, zero_s + phase.end_s, known
        )
    for change in scaling.changes:
        what = "park" if change.after < change.before else "wake"
        known = {"before": change.before, "after": change.after, "reason": change.reason}
        name = f"{what} {abs(change.after - change.before)}"
        yield instant(SCALER, name, what, zero_s + change.time_s, known)
    for tick in scaling.ticks:
        at = zero_s + tick.time_s
        yield from counter(RUN, "ranks of the pool", at, {"active": tick.active, "parked": tick.parked})
        yield from counter(RUN, "backlog (tasks)", at, {"tasks": tick.backlog_tasks})
        yield from counter(RUN, "backlog (s)", at, {"seconds": tick.backlog_s})
        yield from counter(RUN, "tuples/s", at, {"arrived": tick.arrived, "done": tick.done})


def _move(number: int, move: Move, zero_s: float) -> list[str]:
    name = f"{move.element} {move.partition}: {move.source} to {move.target}"
    begin_s, end_s = zero_s + move.ordered_s, zero_s + move.time_s
    return lasting(MOVES, name, "move", number, begin_s, end_s, move._asdict())


def _survival(survival: Survival, lives: Lives, zero_s: float) -> Iterator[str]:
    for row in survival.checkpoints:
        begin_s = zero_s + lives.time_s(row.incarnation, row.began_s)
        name = f"checkpoint {row.epoch}" + (", given up" if row.why_not else "")
        yield slice_of(CHECKPOINTS, name, "checkpoint", begin_s, begin_s + row.written_s, row._asdict())
    for gone in survival.gone_on:
        at = zero_s + lives.begin_s(gone.incarnation)
        place = f"checkpoint {gone.epoch}" if gone.epoch else "its start"
        known = gone._asdict()
        yield instant(LIVES, f"goes on from {place}", "recovery", at, known, all_tracks=True)
        if gone.repeated_s > 0:
            yield slice_of(LIVES, "done again", "recovery", at, at + gone.repeated_s, known)


def _story(story: list[Event], lives: Lives, zero_s: float) -> Iterator[str]:
    """The events; those before the last start are of lives before, in the time of their own."""
    life = lives.last - max(0, sum(event.kind == START for event in story) - 1)
    begun = False
    for event in story:
        if event.kind == START:
            life, begun = life + begun, True
        at = zero_s + lives.begin_s(life) + event.time_s
        yield instant(STORY, event.kind, "event", at, {"text": event.text})
