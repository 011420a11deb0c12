"""The whole workflow in this process: the reference that every parallel run is measured against.

Depth first, a batch at a time: what a source writes is followed to the collector before the source
goes on, so memory holds a batch per element. No MPI, no Redis, no threads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hpcd4p.control.failures import too_many
from hpcd4p.descriptors import reserve
from hpcd4p.errors import RunStopped, TooManyFailures
from hpcd4p.logs import module_log
from hpcd4p.plan.model import Role
from hpcd4p.record.element_lines import ElementLines
from hpcd4p.record.failures import Failures
from hpcd4p.record.sink import OutputSink
from hpcd4p.record.summary import RankFigures, Summary
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute.at_work import blame
from hpcd4p.runtime.execute.collector import Collector
from hpcd4p.runtime.execute.depth import Nesting, Work, depth_first
from hpcd4p.runtime.execute.flow import Flow
from hpcd4p.runtime.execute.forked import staying
from hpcd4p.runtime.execute.instance import CHUNK_TUPLES, Instance
from hpcd4p.runtime.execute.letters import Failure
from hpcd4p.runtime.execute.setup import copy_element
from hpcd4p.runtime.execute.signals import Alarmed, interruptible
from hpcd4p.runtime.execute.totals import totals
from hpcd4p.runtime.head.progress import PROGRESS_S, Progress, progress
from hpcd4p.runtime.head.summing import summarise
from hpcd4p.runtime.rank.account import RankAccount
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.wire.statistics import Statistics, count_failures
from hpcd4p.workflow.kept import keeping

SLOW_CALL_S = 0.001
"""Calls of a source are made in batches while a call takes less than this."""


_log = module_log(__name__)


class _Sequential:
    def __init__(
        self, spec: RunSpec, sink: OutputSink, on_progress: Callable[[Progress], None] | None
    ) -> None:
        self.spec = spec
        self.plan = spec.plan
        self.sink = sink
        self._clock = Clock()
        self.flow = Flow(spec.plan, 0, self._fail, self._clock)
        self.instances: dict[tuple[int, int], Instance] = {}
        self.collector = Collector(spec.plan, sink, self._clock)
        self.account = RankAccount(0, "all", self._clock)
        self._on_progress = on_progress
        self._progress_at = self._clock.started
        self.failures = Failures(sink)
        self.lines = ElementLines(sink)
        self._failed: dict[str, int] = {}
        self._failing: set[int] = set()
        """Elements of which a tuple has failed since failures were last judged."""
        self._nesting = Nesting()

    def run(self) -> Summary:
        for element, pe in zip(self.plan.elements, self.spec.elements, strict=False):
            for partition in range(max(1, element.partitions)):
                instance = self.flow.instance(element, copy_element(pe, element.partitions), partition)
                instance.on_overflow = self._overflow
                instance.start()
                self.instances[element.index, partition] = instance
        for instance in self.instances.values():
            depth_first(self._written(instance))  # what `preprocess` has written
        for element in self.plan.elements[:-1]:
            if element.role is Role.ROOT:
                _log.info("source %s opened", element.name)
                self._source(self.instances[element.index, 0])
            _log.info("%s: all its input is done; its instances post-process", element.name)
            for partition in range(max(1, element.partitions)):
                instance = self.instances[element.index, partition]
                instance.finish()
                depth_first(self._written(instance))
        return self.conclude()

    def conclude(self, stop: RunStopped | None = None) -> Summary:
        self.account.busy_s = sum(i.busy_s for i in self.instances.values())
        self.account.tuples = sum(i.tuples for i in self.instances.values())
        stats = self._stats()
        self.lines.add(*self.flow.log.take())
        return summarise(
            self.spec,
            stats,
            [RankFigures(**self.account.usage().named())],
            self.collector.outputs,
            self.failures.figures(),
            self._clock,
            stop,
            log=self.lines.finish(),
        )

    def _stats(self) -> Statistics:
        return Statistics(totals(self.instances.values()) | self._failed)

    def _source(self, root: Instance) -> None:
        given = self.spec.inputs[root.plan.index]
        calls: Any = range(given) if isinstance(given, int) else given
        most = self.spec.settings.max_task_tuples
        size = 1
        at = 0
        while at < len(calls):
            began = self._clock.now()
            depth_first(self._batch(root, "", calls[at : at + size]))
            at += size
            size = min(most, 2 * size) if self._clock.now() - began < SLOW_CALL_S * size else 1

    def _batch(self, instance: Instance, port: str, values: Any) -> Work:
        """Run `values`, each chunk with all that follows from it."""
        at = 0
        most = min(self.spec.settings.max_task_tuples, CHUNK_TUPLES)
        while at < len(values):
            # all at once, as long as what it writes is light
            part = values[at : at + min(most, instance.light_tuples)]
            instance.run(port, part)
            at += len(part)
            yield self._written(instance)
        if self._failing:
            self._judge()
        if self.flow.log.waits:
            self.lines.add(*self.flow.log.take())
        if self._on_progress is not None and (now := self._clock.now()) - self._progress_at > PROGRESS_S:
            self._progress_at = now
            self._on_progress(progress(self.plan, self.spec.inputs, self._stats(), now - self._clock.started))

    def _judge(self) -> None:
        """Raise `RunStopped` if too much has failed; looks only at elements with new failures."""
        failing, self._failing = self._failing, set()
        parts = ((e, p) for e in failing for p in range(max(1, self.plan.elements[e].partitions)))
        done = totals(self.instances[part] for part in parts if part in self.instances)
        reason = too_many(self.plan, self.spec.settings, Statistics(done | self._failed), failing)
        if reason:
            raise TooManyFailures(reason)

    def _written(self, instance: Instance) -> Work:
        """Deliver what `instance` has written, to one element after the other."""
        for route, partition, values in self.flow.spread(instance.plan.index, instance.take()):
            if route.target == self.plan.collector:
                self.collector.run(route.input, values)
            else:
                yield self._batch(self.instances[route.target, partition], route.input, values)

    def _overflow(self, instance: Instance) -> None:
        if not self._nesting.allows(instance.held, instance.overflow_at):
            return
        # the time of elements further down does not count for the one that is writing
        began = self._clock.now()
        with self._nesting:
            depth_first(self._written(instance))
        instance.waited(self._clock.now() - began)

    def _fail(self, failure: Failure) -> None:
        self.failures.add(failure.kind, failure.tuples, failure.letter)
        count_failures(self._failed, failure.element, failure.cause, failure.tuples)
        self._failing.add(failure.element)


def run(spec: RunSpec, sink: OutputSink, on_progress: Callable[[Progress], None] | None = None) -> Summary:
    """Run `spec` in this process; its outputs go to `sink`.

    Raises
    ------
    RunStopped
        With the summary so far in its attribute `summary`.
    """
    machine = _Sequential(spec, sink, on_progress)
    sink.warm()  # the end needs HDF5 in any case, and then elements may have used up all descriptors
    reserve()
    try:
        # copies of elements and tuples know what is the same everywhere
        with keeping(spec.elements, by_value=True), interruptible(), staying():
            return machine.run()
    except RunStopped as stop:
        stop.summary = machine.conclude(stop)
        raise
    except (Alarmed, OSError) as error:
        stopped = blame(error, 0)
        if stopped is None:
            raise
        stopped.summary = machine.conclude(stopped)
        raise stopped from error
    finally:
        machine.flow.log.close()
