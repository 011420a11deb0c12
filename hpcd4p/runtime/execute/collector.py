"""The built-in last elements: tuples on unconnected outputs go to the sink of the run."""

from __future__ import annotations

from typing import Any

from hpcd4p.histogram import Histogram
from hpcd4p.plan.model import UNDECLARED, Plan, as_written
from hpcd4p.record.sink import OutputSink
from hpcd4p.runtime.clock import Clock


class Collector:
    """The built-in last element, shaped like an instance: tuples go to the sink of the run.

    The ordered collector is the same: what is given to it has been put in order before.
    """

    on_overflow = None

    def __init__(self, plan: Plan, sink: OutputSink, clock: Clock) -> None:
        self._now = clock.now
        self.plan = plan.elements[plan.collector]
        self.partition = 0
        self.tuples = self.written = 0
        self.busy_s = 0.0
        self.first = (0, 0.0)
        self.outputs: dict[str, int] = {}
        self.latency: dict[str, Histogram] = {}
        """By output, how long after their birth tuples have left."""
        self._sink = sink
        self._instant = clock.instant
        self._names = {r.input: (plan.elements[r.source].name, r.output) for r in plan.collected()}

    chunk_tuples = 1 << 20

    def run(self, port: str, values: list[Any]) -> None:
        """Give `values`, which came on the unconnected output that `port` names, to the sink."""
        began = self._now()
        known = self._names.get(port)
        if known is not None:
            self._give(*known, values)
        else:
            self._undeclared(port.removesuffix(f".{UNDECLARED}"), values)
        self.tuples += len(values)
        self.busy_s += self._now() - began

    def left(self, port: str, tuples: int, born: float) -> None:
        """Note that tuples have left which were written at `born`: see `Outbox.born`."""
        known = self._names.get(port)
        if known is not None:
            times = self.latency.get(".".join(known)) or self.latency.setdefault(".".join(known), Histogram())
            times.add(max(0.0, self._instant(self._now()) - born), tuples)

    def _give(self, element: str, output: str, values: list[Any]) -> None:
        self._sink.outputs(element, output, values)
        name = f"{element}.{output}"
        self.outputs[name] = self.outputs.get(name, 0) + len(values)

    def _undeclared(self, element: str, pairs: list[Any]) -> None:
        parts: dict[str, list[Any]] = {}
        for pair in pairs:
            output, value = as_written(UNDECLARED, pair)
            parts.setdefault(output, []).append(value)
        for output, values in parts.items():
            self._give(element, output, values)

    def take(self) -> list[tuple[str, list[Any]]]:
        """Give nothing: the collector does not write."""
        return []
