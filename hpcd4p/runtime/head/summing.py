"""The summary of a run, from the counters and the accounts of its ranks. Rank 0 only."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from hpcd4p.errors import Interrupted, RunStopped
from hpcd4p.plan.leaving import orders
from hpcd4p.plan.model import ElementPlan, Mapping, Plan, Role
from hpcd4p.record.element_lines import FIRST_LINES, LAST_LINES
from hpcd4p.record.move_figures import figures_of
from hpcd4p.record.summary import (
    COMPLETED,
    FAILED_TUPLES,
    IN_DOUBT,
    INTERRUPTED,
    STOPPED,
    ElementFigures,
    FailureFigures,
    LogFigures,
    RankFigures,
    Summary,
)
from hpcd4p.record.times import Times
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute.element_log import lines_per_s
from hpcd4p.runtime.head.edges import edges_of
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.wire.statistics import Statistics

if TYPE_CHECKING:
    from collections.abc import Mapping as Table
    from collections.abc import Sequence

    from hpcd4p.histogram import Histogram
    from hpcd4p.record.scaling import Scaling
    from hpcd4p.record.trace import Trace
    from hpcd4p.runtime.execute.spans import Spans
    from hpcd4p.runtime.head.tracing import Tracing

    Turn = tuple[int, float, int, float]
    Turns = Table[int, Sequence[Turn]]

MOST_DOUBTS = 5
"""Doubts named in the reason; the events name all."""


TIMED = "Average processing time"
"""In the notes on elements whose user asked for it."""


def summarise(
    spec: RunSpec,
    stats: Statistics,
    ranks: list[RankFigures],
    outputs: dict[str, int],
    failures: list[FailureFigures],
    clock: Clock,
    stop: RunStopped | None,
    notes: list[str] | None = None,
    ended: float | None = None,
    scaling: Scaling | None = None,
    doubts: Sequence[str] = (),
    log: LogFigures | None = None,
    turns: Turns | None = None,
    service: Table[int, Histogram] | None = None,
    latency: Table[str, Histogram] | None = None,
    trace: Trace | None = None,
) -> Summary:
    """The summary at the end of a run.

    Parameters
    ----------
    outputs
        Tuples collected, by 'element.output'.
    failures
        What failed, by kind.
    clock
        The clock of the run.
    stop
        What has ended the run before its work was done.
    ended
        `clock.now()` when nothing was left to do; None: now. Gathering figures from all ranks comes after it.
    doubts
        What makes the answer doubtful, a sentence each.
    scaling
        What the auto-scaler did, and the lives of the ranks; None in one process.
    log
        How much the elements have said.
    turns
        See `Story.turns`.
    service
        How long tuples took, by element.
    latency
        How long after their birth tuples left, by output.
    trace
        What the ranks did, span by span, if that was asked for.
    """
    plan = spec.plan
    now_s = clock.now()
    elapsed = (now_s if ended is None else ended) - clock.started
    elements = [
        _element(e, stats, len(plan.pool_ranks), (turns or {}).get(e.index, ()))
        for e in plan.elements
        # outputs that could not be read, or have waited
        if e.role is not Role.COLLECT or stats.failures(e.index).tuples or e.index in (turns or {})
    ]
    of_elements = {plan.elements[e].name: Times.of(times) for e, times in sorted((service or {}).items())}
    for each in elements:
        times = of_elements.get(each.name, Times())
        each.p50_s, each.p95_s, each.p99_s = times.p50_s, times.p95_s, times.p99_s
    failed = sum(e.failed for e in elements)
    state, status, reason = COMPLETED, 0, ""
    if stop is not None:
        state = INTERRUPTED if isinstance(stop, Interrupted) else STOPPED
        status, reason = stop.status, str(stop)
    elif failed:
        state, status = FAILED_TUPLES, 1
        reason = f"{failed} tuples failed; they are kept as dead letters"
        if failed > sum(f.examples for f in failures):
            reason = f"{failed} tuples failed; examples of each kind are kept as dead letters"
    if doubts and status in (0, 1) and state != STOPPED:
        besides = f". Besides, {reason}" if reason else ""
        said = "; ".join(doubts[:MOST_DOUBTS])
        if len(doubts) > MOST_DOUBTS:
            said += f"; and so did {len(doubts) - MOST_DOUBTS:,} other elements"
        state, status, reason = IN_DOUBT, 1, said + besides
    workers = plan.pool_ranks or plan.stateful_ranks  # in the static mapping there is no pool
    pool = [r for r in ranks if r.rank in workers] or ranks
    survivors = [r for r in pool if r.state != "lost"]
    lent = sum(r.lent_s for r in ranks)
    process_time = lent + sum(r.active_s for r in survivors)
    busy = lent + sum(r.busy_s for r in survivors)
    return Summary(
        workflow=plan.name,
        started=utc(clock.instant(clock.started)),
        ended=utc(clock.instant(now_s)),
        elapsed_s=elapsed,
        ranks=plan.size,
        status=status,
        state=state,
        reason=reason,
        elements=elements,
        ranks_figures=ranks,
        process_time_s=lent + sum(r.active_s for r in pool),
        efficiency=min(1.0, busy / process_time) if process_time > 0 else 0.0,
        parked_s=sum(r.parked_s for r in pool),
        lent_s=lent,
        cpu_s=sum(r.cpu_s for r in ranks),
        scaler=scaling.figures() if scaling is not None else None,
        moves=figures_of(scaling.moves, scaling.timelines, elapsed) if scaling is not None else None,
        scaling=scaling,
        trace=trace,
        outputs=dict(outputs),
        ordered=orders(plan),
        failures=failures,
        edges=edges_of(plan, stats, outputs),
        service=of_elements,
        latency={output: Times.of(times) for output, times in sorted((latency or {}).items())},
        log=log or LogFigures(),
        notes=[
            *(notes or []),
            *_notes_on_outputs(plan, outputs),
            *_notes_on_times(spec, elements),
            *_notes_on_log(log, plan.size),
            *_notes_on_buffers(stats),
        ],
        config=_plain(spec),
    )


def tracing_in(spec: RunSpec, clock: Clock) -> Tracing | None:
    """What keeps what the ranks of a run do, if that was asked for; an incarnation of it begins."""
    if not spec.settings.trace:
        return None
    if spec.trace is None:
        from hpcd4p.runtime.head.tracing import Tracing

        spec.trace = Tracing(spec.plan)
    tracing: Tracing = spec.trace
    tracing.begin(clock.instant(clock.started))
    return tracing


def traced(tracing: Tracing | None, own: Spans | None) -> Trace | None:
    """All that is known of what the ranks did, with what rank 0 did itself."""
    return None if tracing is None else tracing.trace(own)


def _element(e: ElementPlan, stats: Statistics, pool: int, turns: Sequence[Turn]) -> ElementFigures:
    work = stats.work(e.index)
    tuples = sum(turn[0] for turn in turns)
    return ElementFigures(
        name=e.name,
        role=e.role.value,
        tuples_in=work.tuples,
        tuples_out=work.outputs,
        failed=stats.failures(e.index).tuples,
        busy_s=work.busy_us * 1e-6,
        instances=e.partitions or pool,
        waited_most=max((turn[2] for turn in turns), default=0),
        waited_s=sum(turn[1] for turn in turns) / tuples if tuples else 0.0,
        waited_longest_s=max((turn[3] for turn in turns), default=0.0),
    )


def _notes_on_times(spec: RunSpec, figures: list[ElementFigures]) -> list[str]:
    """The average of each element that was wrapped into a `ProcessTimingPE`."""
    timed = zip(spec.elements, figures, strict=False)
    return [
        f"{e.name}: {TIMED}: {e.busy_s / e.tuples_in:.4g} s, of {e.tuples_in:,} tuples"
        for pe, e in timed
        if getattr(pe, "_timed", False) and e.tuples_in
    ]


def _notes_on_buffers(stats: Statistics) -> list[str]:
    if not stats.detour_bytes:
        return []
    return [
        f"{stats.detour_bytes >> 20:,} MiB of arrays went through Redis, for there was no room for them in "
        "the shared memory of the node: /dev/shm is full, or small (`docker run --shm-size` makes it larger)"
    ]


def _notes_on_outputs(plan: Plan, outputs: dict[str, int]) -> list[str]:
    """Notes on undeclared outputs: the tuples may have been meant for one that is connected."""
    declared = {route.input for route in plan.collected()}
    outputs_of = {e.name: e.outputs for e in plan.elements}
    undeclared: dict[str, list[str]] = {}
    for name in sorted(outputs.keys() - declared):
        element = max((e for e in outputs_of if name.startswith(f"{e}.")), key=len)
        undeclared.setdefault(element, []).append(name[len(element) + 1 :])
    any_order = ", in any order" if len(plan.collectors) > 1 else ""
    notes = []
    for element, names in undeclared.items():
        shown = ", ".join(map(repr, names[:3])) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")
        count = sum(outputs[f"{element}.{name}"] for name in names)
        valid = ", ".join(map(repr, outputs_of[element])) or "none"
        notes.append(
            f"{element} wrote {count:,} tuples on outputs that it has not declared ({shown}; declared: "
            f"{valid}): nothing can be connected to them, and they are kept as outputs of the "
            f"workflow{any_order}. If that is right, declare them with _add_output"
        )
    return notes


def _notes_on_log(log: LogFigures | None, size: int) -> list[str]:
    if log is None or not log.left_out:
        return []
    return [
        f"the elements' logs are not all in the record: {log.left_out:,} lines were left out, {log.kept:,} "
        f"are there. It takes {lines_per_s(size):.3g} a second of each rank, the first {FIRST_LINES:,} and "
        f"the last {LAST_LINES:,} of all"
    ]


def _plain(spec: RunSpec) -> dict[str, Any]:
    return {
        "engine": spec.settings._asdict(),
        "arguments": list(spec.argv),
        "mapping": spec.plan.mapping.value,
        "redis": "none" if spec.plan.mapping is Mapping.STATIC else "shared" if spec.redis_url else "own",
    }


def utc(instant: float) -> str:
    """ISO 8601 in UTC, to the millisecond, of seconds since the epoch."""
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(instant))
    return f"{text}.{int(instant * 1000) % 1000:03d}Z"
