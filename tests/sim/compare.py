"""The answer of one process and that of a simulated cluster, as multisets."""

from __future__ import annotations

import os
from collections import Counter
from functools import cache

from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.memory import MemorySink
from hpcd4p.runtime import sequential
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.testing.cluster import Cluster
from tests.sim.gallery import Case

SEEDS = int(os.environ.get("SEEDS", "0"))
"""Seeds of each test, where it is to try more than its own sample."""

Answer = tuple[dict[str, Counter[str]], Counter[tuple[str, str]]]


def answer(sink: MemorySink) -> Answer:
    """Outputs, and the tuples that failed, without their order."""
    outputs = {name: Counter(map(repr, values)) for name, values in sink.results.items() if values}
    return outputs, Counter((letter.element, letter.value_text) for letter in sink.letters)


def seeds(sample: int) -> range:
    """Seeds to try: `sample` of them, or as many as the variable SEEDS says."""
    return range(SEEDS or sample)


@cache
def of_one_process(case: Case) -> Answer:
    graph, inputs = case.build()
    settings = EngineSettings()
    plan, elements = make_plan(graph, 1, settings)
    sink = MemorySink()
    sequential.run(RunSpec(plan, elements, resolve_inputs(plan, elements, inputs), settings), sink)
    assert len(sink.letters) == case.failures
    return answer(sink)


def simulate(
    case: Case,
    size: int,
    seed: int = 0,
    kills: int = 0,
    suspects: int = 0,
    settings: EngineSettings | None = None,
    mapping: str = "hybrid",
) -> Cluster:
    """Run `case` on a cluster, and hold its answer against that of one process."""
    graph, inputs = case.build()
    cluster = Cluster(graph, size, inputs, seed, kills, suspects, settings, mapping)
    cluster.run()
    got, expected = answer(cluster.sink), of_one_process(case)
    assert got == expected, f"got {got}, expected {expected}"
    left = leftovers(cluster)
    assert not left, left
    return cluster


def leftovers(cluster: Cluster) -> dict[str, object]:
    """All that a run should not leave behind."""
    store = cluster.store
    found: dict[str, object] = {
        "pending": {e: n for e, n in store.pending.items() if n},
        "streams": {e: len(s) for e, s in store.streams.items() if s},
        "leases": {r: list(tasks) for r, tasks in store.leases.items() if tasks},
        "tasks, bytes": (store.tasks, store.bytes) if store.tasks or store.bytes else (),
        "progress": store.progress,
        "dead letters": store.dead,
        "congested": store.congested,
        # of a rank that died: what it had put and not published, and what it had done and not released
        "blocks": [*filter(None, cluster.blocks.values())] if not cluster.lost else (),
    }
    for number, rank in cluster.ranks.items():
        found[f"inbox of {number}"] = {e: n for e, n in rank.inbox.tuples.items() if n}
        found[f"kept aside by {number}"] = rank.inbox.uncommitted
        found[f"held by {number}"] = rank.inbox.held
        found[f"window of {number}"] = len(rank.outgoing.window)
        found[f"outbox of {number}"] = bool(rank.outgoing.outbox)
    return {name: what for name, what in found.items() if what}
