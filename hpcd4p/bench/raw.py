"""(g) *raw*: what redis-py and mpi4py alone can do here. No targets: they are the ground of the others."""

from __future__ import annotations

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Row

_WHAT = {
    "ping": ("redis-py, PING", "/s"),
    "script": ("one script: acknowledge, count, take the next (server's core)", "µs"),
    "entries": ("XADD and XREADGROUP, one by one", "entries/s"),
    "pipelined": ("XADD and XREADGROUP, pipelines of 512", "entries/s"),
    "batched": ("the same, 64 tuples in each entry", "tuples/s"),
    "small": ("mpi4py, pickled messages, one by one", "messages/s"),
    "small64": ("mpi4py, pickled messages of 64 tuples", "tuples/s"),
    "buffer": ("mpi4py, 1 MiB, buffer", "GiB/s"),
    "pickled": ("mpi4py, 1 MiB, pickled", "GiB/s"),
}


def rows(bench: Bench) -> list[Row]:
    """One row for each ability."""
    samples: dict[str, list[float]] = {name: [] for name in _WHAT}
    for _ in range(bench.repeats):
        for name, value in (bench.ask("redis") | bench.ask("messages", ranks=2)).items():
            samples[name].append(value)
    return [Row("raw", what, unit, samples[name]) for name, (what, unit) in _WHAT.items()]
