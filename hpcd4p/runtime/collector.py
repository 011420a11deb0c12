"""The built-in last element: what nothing listens to goes to the sink of the run."""

from __future__ import annotations

from typing import Any

from hpcd4p.plan.model import Plan
from hpcd4p.record.sink import OutputSink
from hpcd4p.runtime import clock


class Collector:
    """The built-in last element, shaped like an instance: tuples go to the sink of the run."""

    on_overflow = None

    def __init__(self, plan: Plan, sink: OutputSink) -> None:
        self.plan = plan.elements[plan.collector]
        self.partition = 0
        self.tuples = self.written = 0
        self.busy_s = 0.0
        self.first = (0, 0.0)
        self.outputs: dict[str, int] = {}
        self._sink = sink
        self._names = {
            r.input: (plan.elements[r.source].name, r.output)
            for r in plan.routes
            if r.target == plan.collector
        }

    chunk_tuples = 1 << 20

    def run(self, port: str, values: list[Any]) -> None:
        """Give `values`, which came on the unconnected output that `port` names, to the sink."""
        began = clock.now()
        element, output = self._names[port]
        self._sink.outputs(element, output, values)
        self.outputs[port] = self.outputs.get(port, 0) + len(values)
        self.tuples += len(values)
        self.busy_s += clock.now() - began

    def take(self) -> list[tuple[str, list[Any]]]:
        """Nothing: the collector writes nothing."""
        return []
