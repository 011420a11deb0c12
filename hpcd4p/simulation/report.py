"""The report of simulated runs: a table, and the timeline as CSV. Pure text."""

from __future__ import annotations

from collections.abc import Sequence

from hpcd4p.control.granularity import REDIS_SHARE, Granularity
from hpcd4p.record.table import count, seconds, table
from hpcd4p.simulation.outcome import SimulatedRun
from hpcd4p.simulation.redis import TAIL
from hpcd4p.simulation.scenario import Scenario

COLUMNS = (
    "policy", "time_s", "target", "active", "parked", "idle", "busy", "waiting", "backlog_tasks", "backlog_s",
    "arrived_per_s", "done_per_s", "redis",
)  # fmt: skip


def report(scenario: Scenario, outcomes: Sequence[SimulatedRun]) -> str:
    """Say what was simulated, what each policy makes of it, and whether one Redis is enough."""
    head = [
        "policy", "run time", "process time", "efficiency", "active", "changes", "Redis", "worst second",
    ]  # fmt: skip
    rows = [
        [
            each.policy, seconds(each.elapsed_s), seconds(each.process_s), f"{each.efficiency:.0%}",
            f"{each.active:,.4g}", f"{len(each.changes):,}", f"{each.redis:.0%}", f"{each.redis_peak:.0%}",
        ]
        for each in outcomes
    ]  # fmt: skip
    lines = [_about(scenario), "", *table(head, rows), ""]
    lines += [
        "Process time: how long the ranks of the pool were active, added up. Efficiency: the part of it",
        "inside elements. Active: ranks on average. Redis: the part of its core that is used, on average",
        "and at most.",
        "",
        _enough(scenario, outcomes[0]),
    ]
    lines += [f"Note: {each.policy}: {each.failure}" for each in outcomes if each.failure]
    return "\n".join(lines)


def _about(scenario: Scenario) -> str:
    if scenario.contended:
        where = f"{count(scenario.nodes, 'node')} of {count(scenario.cores, 'core')}"
    else:
        where = "a core for each"
    shared = scenario.contention
    usl = f", contention alpha={shared.alpha:g} beta={shared.beta:g}" if any(shared) else ""
    return (
        f"{count(scenario.ranks, 'rank')} in the pool, {where}{usl}; {count(scenario.tuples, 'tuple')} of "
        f"{scenario.service.text} s ({seconds(scenario.service.mean_s)} on average, {scenario.cpu:.0%} of it "
        f"on a core), arrivals {scenario.arrivals.text}; seed {scenario.seed}"
    )


def _enough(scenario: Scenario, outcome: SimulatedRun) -> str:
    known = Granularity(scenario.settings, scenario.ranks)
    known.learn({0: scenario.service.mean_s * 1e6})
    tuples = known.cut_task(0)
    task = f"a task is {count(tuples, 'tuple')}, {seconds(tuples * scenario.service.mean_s)}"
    bound = outcome.enough
    if not bound.ranks:
        return f"With {scenario.ranks:,} ranks {task}. Redis costs nothing here."
    why = (
        f"with more, tasks long enough to keep Redis below {REDIS_SHARE:.0%} would hold more tuples than "
        "max_task_tuples"
        if bound.tuples <= bound.work
        else f"with more, tasks long enough to keep Redis below {REDIS_SHARE:.0%} would let ranks wait for "
        f"the last ones for over {TAIL:.0%} of the run"
    )
    verdict = "is enough" if scenario.ranks <= bound.ranks else "is NOT enough"
    return (
        f"With {scenario.ranks:,} ranks {task}. One Redis {verdict}: it is up to "
        f"{count(bound.ranks, 'rank')} for this load; {why}."
    )


def timeline(outcomes: Sequence[SimulatedRun]) -> str:
    """Give every look of every run as CSV."""
    lines = [",".join(COLUMNS)]
    for each in outcomes:
        redis = dict(each.redis_ticks)
        for tick in each.ticks:
            numbers = [
                *(getattr(tick, name.removesuffix("_per_s")) for name in COLUMNS[1:-1]),
                redis.get(tick.time_s, 0.0),
            ]
            lines.append(",".join([each.policy, *(f"{n:.6g}" for n in numbers)]))
    return "\n".join(lines) + "\n"
