"""How far a run is, from the counters that the head has anyway. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import TYPE_CHECKING, Any, NamedTuple

from hpcd4p.plan.model import Plan, Role
from hpcd4p.wire.statistics import Statistics

if TYPE_CHECKING:
    from hpcd4p.wire.messages import Observation
    from hpcd4p.wire.resumption import Resumption

PROGRESS_S = 0.2
"""Progress is shown five times a second."""

STATUS_S = 1.0
"""From one status to the next, at least; and from the start to the first: a run of a second writes none."""


class Progress(NamedTuple):
    """How far a run is, for a progress line."""

    elapsed_s: float
    done: int
    """Tuples that elements have worked on, calls of sources included."""
    failed: int
    busy: int
    """Ranks of the pool that have work."""
    pool: int
    """Ranks of the pool; 0 without one."""
    waiting: int
    """Tasks that wait."""
    calls: int
    """Calls of the sources that were made."""
    of_calls: int
    """Calls of the sources in all; 0 where the number says nothing: one call of each source."""
    left_s: float | None
    """Expected time to the end; None if it cannot be estimated."""
    checkpoint_s: float | None = None
    """Seconds since the last checkpoint; infinity: there is none yet; None: the run makes none."""
    awaits: str = ""
    """Which ordered element waits for an earlier tuple, in words; empty: none, or none for long."""
    part: float | None = None
    """How much of the work is done, from 0 to 1, by the time inside elements; None: nobody can say."""


def progress(
    plan: Plan,
    inputs: Mapping[int, int | list[Any]],
    stats: Statistics,
    elapsed_s: float,
    pending: Mapping[int, int] | None = None,
    pool: tuple[int, int] = (0, 0),
    waiting: int = 0,
    checkpoint_s: float | None = None,
    awaits: str = "",
    began: float = 0.0,
) -> Progress:
    """Give the progress of a run.

    Parameters
    ----------
    inputs
        For each root, by index: how often it is called, or the inputs of each call.
    pending
        Unfinished tuples by element.
    pool
        (ranks that have work, ranks), of the pool.
    checkpoint_s, awaits
        See `Progress`.
    began
        How much of the work was done when this run began: one that goes on has something done by then.
    """
    roots = [e.index for e in plan.elements if e.role is Role.ROOT]
    given = {e: len(i) if isinstance(i, Sized) else i for e, i in inputs.items() if e in roots}
    calls = sum(min(stats.work(e).tuples, of) for e, of in given.items())
    of_calls = sum(given.values()) if any(of > 1 for of in given.values()) else 0
    part = _part(stats, pending or {}, roots, calls, of_calls)
    return Progress(
        elapsed_s=elapsed_s,
        done=stats.tuples,
        failed=stats.failed,
        busy=pool[0],
        pool=pool[1],
        waiting=waiting,
        calls=calls,
        of_calls=of_calls,
        left_s=elapsed_s * (1 - part) / (part - began) if part is not None and part > began else None,
        checkpoint_s=checkpoint_s,
        awaits=awaits,
        part=part,
    )


def part_before(plan: Plan, inputs: Mapping[int, int | list[Any]], resume: Resumption | None) -> float:
    """How much of the work was done before the checkpoint from which a run goes on; 0: it begins.

    A source that is repeated is counted again; until it is where it was, less than that seems to be done.
    """
    if resume is None:
        return 0.0
    kept = resume.fixed.snapshot
    return progress(plan, inputs, kept.stats, 0.0, kept.pending).part or 0.0


def work_seen(plan: Plan, seen: Observation | None) -> tuple[Mapping[int, int], tuple[int, int], int]:
    """What an observation says for `progress`: unfinished tuples, ranks of the pool, and tasks that wait."""
    ranks = plan.pool_ranks
    if seen is None:
        return {}, (len(ranks), len(ranks)), 0
    resting = len((seen.idle | seen.parked) & set(ranks))
    return seen.pending, (max(0, len(ranks) - resting), len(ranks)), seen.tasks


def _part(
    stats: Statistics, pending: Mapping[int, int], roots: list[int], calls: int, of_calls: int
) -> float | None:
    """Estimate: the remaining calls cost as much as those already made, and waiting tuples come on top."""
    worked_us = stats.busy_us
    if not of_calls or not calls or not worked_us:
        return None
    waiting_us = 0.0
    for e, many in pending.items():
        if e not in roots:
            work = stats.work(e)
            waiting_us += many * work.busy_us / max(1, work.tuples)
    return worked_us / ((worked_us + waiting_us) * of_calls / calls)
