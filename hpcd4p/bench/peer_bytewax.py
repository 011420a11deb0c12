"""*hops* and *keyed* on Bytewax: ``python -m hpcd4p.bench.peer_bytewax WORKLOAD CALLS``; prints the rate."""

from __future__ import annotations

import json
import sys
import time
from itertools import cycle, islice
from typing import Any

from bytewax import operators as op
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import TestingSource, run_main

from hpcd4p.bench.workloads import words

BATCH = 512
"""Its best size here; a record at a time it is some ten to a hundred times slower."""


class _Part(StatelessSinkPartition):  # type: ignore[misc]
    tuples = 0

    def write_batch(self, items: list[Any]) -> None:
        _Part.tuples += len(items)


class _Sink(DynamicSink):  # type: ignore[misc]
    def build(self, step_id: str, worker_index: int, worker_count: int) -> _Part:
        return _Part()


def _increment(number: int) -> int:
    return number + 1


def _hops(flow: Any, calls: int) -> Any:
    stream = op.input("numbers", flow, TestingSource(range(1, calls + 1), batch_size=BATCH))
    for step in ("one", "two", "three"):
        stream = op.map(step, stream, _increment)
    return stream


def _keyed(flow: Any, calls: int) -> Any:
    stream = op.input("words", flow, TestingSource(islice(cycle(words()), calls), batch_size=BATCH))
    tokens = op.map("tokenise", stream, str.lower)
    return op.count_final("count", tokens, lambda word: word)


def main(argv: list[str]) -> int:
    """Measure and print."""
    build, calls = {"hops": _hops, "keyed": _keyed}[argv[0]], int(argv[1])
    flow = Dataflow(argv[0])
    words()
    op.output("out", build(flow, calls), _Sink())
    began = time.perf_counter()
    run_main(flow)
    print(json.dumps({"rate": calls / (time.perf_counter() - began), "outputs": _Part.tuples}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
