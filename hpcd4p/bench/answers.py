"""The right answer of each workload, computed without the engine: a fast wrong answer does not count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from hpcd4p import WorkflowGraph
from hpcd4p.bench import (
    array_workloads,
    lending_workloads,
    order_workloads,
    paced_workloads,
    survival_workloads,
    workloads,
)
from hpcd4p.bench.delays import Delays
from hpcd4p.bench.server import ServerWatch


def _increments(calls: int) -> list[Any]:
    return [(calls, calls * (calls + 1) // 2 + 3 * calls)]


def _top(calls: int) -> list[Any]:
    rounds, rest = divmod(calls, 1 << 16)
    counts = Counter({word.lower(): times * rounds for word, times in Counter(workloads.words()).items()})
    counts.update(workloads.words()[at & 65535].lower() for at in range(1, rest + 1))
    return workloads.ranked(counts.items())


def _stations(calls: int, each: float) -> list[Any]:
    """(station, (numbers, sum over the arrays)) where every number of an array is `each`."""
    arrays = Counter(index % array_workloads.STATIONS for index in range(calls))
    return [(station, (n * array_workloads.BLOCK, each * n)) for station, n in arrays.items()]


def _keys(calls: int) -> list[Any]:
    return list(Counter(number % lending_workloads.KEYS for number in range(1, calls + 1)).items())


class Workload(NamedTuple):
    """A workflow and the outputs that a number of calls must give, in any order."""

    build: Callable[[], WorkflowGraph]
    expected: Callable[[int], list[Any]]
    given: Callable[[int], Any] = int
    """Inputs for that many calls."""
    sink: type[ServerWatch] = ServerWatch


def _accounts(accounts: int) -> list[Any]:
    entries = survival_workloads.entries(accounts)
    return [(accounts, entries * (entries - 1) // 2)]


def _indexed(calls: int) -> list[dict[str, int]]:
    """Each call is given its number."""
    return [{"index": i} for i in range(calls)]


def _paced(build: Callable[[], WorkflowGraph]) -> Workload:
    """Whether its calls are given as tuples a second."""
    return Workload(
        build,
        lambda rate: list(range(paced_workloads.paced_tuples(rate))),
        lambda rate: [{"rate": rate}],
        Delays,
    )


def _none_late(calls: int) -> list[Any]:
    """(key, tuples, none of them late)."""
    return [(k, n, 0) for k, n in Counter(i % order_workloads.KEYS for i in range(1, calls + 1)).items()]


def _ordered() -> dict[str, Workload]:
    """Of *order*: each workflow with an ordered element, and with the same in any order."""
    made = {"order": order_workloads.Steps, "any_order": order_workloads.AnySteps}
    kept = {"order": order_workloads.OrderedKept, "any_order": order_workloads.AnyKept}
    laws = {"uniform": order_workloads.uniform, "heavy": order_workloads.heavy}
    builds = {"quick": order_workloads.quick, "slow": order_workloads.slow}
    found = {
        f"{name}_{speed}_{law}": Workload(partial(build, laws[law], last), _none_late)
        for name, last in made.items()
        for speed, build in builds.items()
        for law in laws
    }
    return found | {
        f"{name}_paced": _paced(partial(order_workloads.paced, last)) for name, last in kept.items()
    }


WORKLOADS = {
    "hops": Workload(workloads.hops, _increments),
    "keyed": Workload(workloads.keyed, _top),
    "cpu": Workload(workloads.cpu, lambda calls: [workloads.Spin()._process(i) for i in range(1, calls + 1)]),
    "sleep": Workload(
        workloads.sleep, lambda calls: [(i, *workloads.naps_s(i)) for i in range(1, calls + 1)]
    ),
    "hands": Workload(
        lending_workloads.naps, lambda calls: [(i, *workloads.naps_s(i)) for i in range(1, calls + 1)]
    ),
    "hands_keyed": Workload(lending_workloads.naps_keyed, _keys),
    "long_keyed": Workload(lending_workloads.long_keyed, _keys),
    "lent_waits": _paced(lending_workloads.lent_waits),
    "arrays": Workload(array_workloads.arrays, lambda calls: _stations(calls, 1.0), _indexed),
    "pooled": Workload(array_workloads.pooled, lambda calls: _stations(calls, 1.0), _indexed),
    "stack": Workload(array_workloads.stack, lambda calls: _stations(calls, 2.0), _indexed),
    "latency": _paced(paced_workloads.latency),
    "latency_keyed": _paced(paced_workloads.latency_keyed),
    "accounts": Workload(survival_workloads.accounts, _accounts, lambda accounts: [{"accounts": accounts}]),
    "silent": Workload(workloads.silent, lambda calls: [(calls, calls * (calls + 1) // 2 + calls)]),
    **_ordered(),
}
"""By name, for `hpcd4p.bench.rank`."""
