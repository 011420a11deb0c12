"""The whole workflow in this process: the reference that every parallel run is measured against.

Depth first: what a source writes is followed to the collector before the source goes on, so memory holds a
batch per element. No MPI, no Redis, no threads but one that writes checkpoints.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hpcd4p.control.failures import too_many
from hpcd4p.descriptors import reserve
from hpcd4p.errors import RunStopped, TooManyFailures
from hpcd4p.logs import module_log
from hpcd4p.plan.model import ElementPlan, Role
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
from hpcd4p.runtime.head.progress import Progress
from hpcd4p.runtime.head.summing import summarise, traced, tracing_in
from hpcd4p.runtime.rank.account import RankAccount, spans_in
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.runtime.sequential_calls import Calls
from hpcd4p.runtime.sequential_times import Times
from hpcd4p.runtime.sequential_watching import SequentialWatching
from hpcd4p.wire.position import Stage
from hpcd4p.wire.statistics import Statistics, add, count_failures
from hpcd4p.workflow.elements import GenericPE
from hpcd4p.workflow.kept import keeping

if TYPE_CHECKING:
    from hpcd4p.runtime.sequential_hook import Cuts
    from hpcd4p.runtime.sequential_rest import Leased

SLOW_CALL_S = 0.001
"""Calls of a source are made in batches while a call takes less than this."""

STEP_S = 0.25
"""With checkpoints, a call of a source writes about so much at a time that what follows takes this long: in
between the run can be cut."""

_log = module_log(__name__)


class Sequential:
    """One run in this process.

    Attributes
    ----------
    cuts
        Its checkpoints, and what it goes on from; None where there is neither.
    calls
        Of roots, by element.
    drained
        Elements that are done.
    at_work
        What is called at the outermost: calls of a root, or a task; None: nothing, or a partition.
    """

    def __init__(
        self,
        spec: RunSpec,
        sink: OutputSink,
        on_progress: Callable[[Progress], None] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.spec = spec
        self.plan = spec.plan
        self.sink = sink
        self.clock = clock or Clock()
        spans = spans_in(spec.settings, 0, 1, self.clock)
        self.flow = Flow(spec.plan, 0, self._fail, self.clock, spans)
        self.instances: dict[tuple[int, int], Instance] = {}
        self.collector = Collector(spec.plan, sink, self.clock)
        self.account = RankAccount(0, "all", self.clock, spans=spans)
        self.tracing = tracing_in(spec, self.clock)
        self.failures, self.lines = Failures(sink), ElementLines(sink)
        self.cuts: Cuts | None = None
        self.calls: dict[int, Calls] = {}
        self.drained: set[int] = set()
        self.at_work: Calls | Leased | None = None
        self.before: dict[str, int] = {}
        """Statistics of the runs that this one goes on from."""
        self.times = Times(self.flow.served, self.collector, self.clock)
        self._failed: dict[str, int] = {}
        self._failing: set[int] = set()  # elements with failures that were not judged
        self._nesting = Nesting()
        watched = on_progress is not None or spec.live is not None
        self._watching = SequentialWatching(self, on_progress) if watched else None

    def run(self) -> Summary:
        """Run to the end; see `run`."""
        if self.cuts is not None:
            self.cuts.restore()
        for element, pe in zip(self.plan.elements, self.spec.elements, strict=False):
            if element.index not in self.drained:
                self._begin(element, pe)
        for (index, _), instance in self.instances.items():
            self.at_work = self.calls.get(index)
            depth_first(self._written(instance))  # what `preprocess` has written
        self.at_work = None
        if self.cuts is not None:
            self.cuts.begin()
        for element in self.plan.elements[: len(self.spec.elements)]:
            if element.index not in self.drained:
                self._work_to_end(element)
        return self.conclude()

    def _begin(self, element: ElementPlan, pe: GenericPE) -> None:
        """Start the instances of an element, or go on with them."""
        at = None if self.cuts is None else self.cuts.position(element.index)
        done = at is not None and at.stage is Stage.DONE
        if done and not element.movable:
            return  # of one that moves there may be tasks
        for partition in range(max(1, element.partitions)):
            instance = None if self.cuts is None else self.cuts.resumed(element, partition)
            if instance is None:
                instance = self.flow.instance(element, copy_element(pe, element.partitions), partition)
                instance.on_overflow = self._overflow
                instance.start()
            instance.on_overflow = self._overflow
            self.instances[element.index, partition] = instance
            if element.role is Role.ROOT and not done:
                inputs = self.spec.inputs[element.index]
                self.calls[element.index] = Calls(instance, inputs, self.clock, self.cuts is not None, at)

    def _work_to_end(self, element: ElementPlan) -> None:
        """Make the calls of a root; have the instances of any element post-process."""
        self.at_work = calls = self.calls.get(element.index)
        if calls is not None:
            _log.info("source %s opened", element.name)
            self._source(calls)
        _log.info("%s: all its input is done; its instances post-process", element.name)
        if calls is not None or element.role is not Role.ROOT:  # a root that was done has post-processed
            for partition in range(max(1, element.partitions)):
                instance = self.instances[element.index, partition]
                instance.finish()
                depth_first(self._written(instance))
        self.at_work = None
        self.drained.add(element.index)
        if self.cuts is not None:
            self.cuts.ended(calls)
            self.cuts.look()

    def conclude(self, stop: RunStopped | None = None) -> Summary:
        """The summary; `stop` is what has ended the run before its work was done."""
        self.account.busy_s = sum(i.busy_s for i in self.instances.values())
        self.account.tuples = sum(i.tuples for i in self.instances.values())
        self.lines.add(*self.flow.log.take())
        return summarise(
            self.spec, self.stats(), [RankFigures(**self.account.usage().named())], self.collector.outputs,
            self.failures.figures(), self.clock, stop,
            notes=self.cuts.notes() if self.cuts else None,
            doubts=self.cuts.doubts() if self.cuts else (),
            log=self.lines.finish(),
            service=self.times.service(),
            latency=self.collector.latency,
            trace=traced(self.tracing, self.account.spans),
        )  # fmt: skip

    def stats(self) -> Statistics:
        """Of this run, and of those before it."""
        return self._with_failures(totals(self.instances.values()))

    def _with_failures(self, done: dict[str, int]) -> Statistics:
        add(done, self._failed)
        add(done, self.before)
        return Statistics(done)

    def _source(self, calls: Calls) -> None:
        most = self.spec.settings.max_task_tuples
        calls.begin()
        size = 1
        while size := len(part := calls.next(size)):
            began = self.clock.now()
            self._make(calls, part)
            size = min(most, 2 * size) if self.clock.now() - began < SLOW_CALL_S * size else 1

    def _make(self, calls: Calls, part: Any) -> None:
        """Make calls of a root, with all that follows from them."""
        cuts = self.cuts
        if cuts is not None and calls.pooled:
            self.at_work = cuts.leased(calls.instance, part)
        depth_first(self._batch(calls.instance, "", part))
        self.at_work = calls
        if cuts is not None:
            calls.over()
            cuts.look()

    def feed(self, instance: Instance, port: str, values: Any, task: Leased | None = None) -> None:
        """Run what was under way at the cut, with all that follows."""
        self.at_work = task
        depth_first(self._batch(instance, port, values))
        self.at_work = None

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
        if self._watching is not None and (now := self.clock.now()) >= self._watching.due:
            self._watching.look(now)

    def _judge(self) -> None:
        """Raise `RunStopped` if too much has failed; looks only at elements with new failures."""
        failing, self._failing = self._failing, set()
        parts = ((e, p) for e in failing for p in range(max(1, self.plan.elements[e].partitions)))
        done = totals(self.instances[part] for part in parts if part in self.instances)
        if reason := too_many(self.plan, self.spec.settings, self._with_failures(done), failing):
            raise TooManyFailures(reason)

    def _written(self, instance: Instance) -> Work:
        """Deliver what `instance` has written, to one element after the other."""
        outer = self.at_work
        out = outer.take() if outer is not None and outer.instance is instance else instance.take()
        self.times.written(instance)
        for route, partition, values in self.flow.spread(instance.plan.index, out):
            if route.target >= len(self.spec.elements):
                self.times.give(route.input, values)
            else:
                yield self._batch(self.instances[route.target, partition], route.input, values)

    def _overflow(self, instance: Instance) -> None:
        if not self._nesting.allows(instance.held, instance.overflow_at):
            return
        # the time of elements further down does not count for the one that is writing
        began, held = instance.pause(), instance.held
        with self._nesting:
            depth_first(self._written(instance))
        if self.cuts is not None and self.at_work is not None and self.at_work.instance is instance:
            step = int(held * STEP_S / max(self.clock.now() - began, 1e-9))
            instance.overflow_at = max(1, min(instance.overflow_at, step))
            self.cuts.look()  # nothing but this call is under way
        instance.resume(began)

    def _fail(self, failure: Failure) -> None:
        if self.at_work is not None and self.at_work.skips(failure):
            return
        self.failures.add(failure.kind, failure.tuples, failure.letter)
        count_failures(self._failed, failure.element, failure.cause, failure.tuples)
        self._failing.add(failure.element)


def run(
    spec: RunSpec,
    sink: OutputSink,
    on_progress: Callable[[Progress], None] | None = None,
    clock: Clock | None = None,
) -> Summary:
    """Run `spec` in this process; its outputs go to `sink`.

    Raises
    ------
    RunStopped
        With the summary so far in its attribute `summary`.
    """
    machine = Sequential(spec, sink, on_progress, clock)
    sink.warm()  # the end needs HDF5 in any case, and then elements may have used up all descriptors
    reserve()
    # copies of elements and tuples know what is the same everywhere; in a checkpoint it has the same number
    by_value = spec.by_value or spec.checkpoints is None
    try:
        asked = None if spec.checkpoints is None else spec.checkpoints.asked
        with keeping(spec.elements, by_value=by_value), interruptible(asked), staying():
            if spec.checkpoints is not None:
                spec.checkpoints.equip_sequential(machine)
            return machine.run()
    except RunStopped as stop:
        stop.summary = machine.conclude(stop)
        raise
    except (Alarmed, OSError) as error:
        if (stopped := blame(error, 0)) is None:
            raise
        stopped.summary = machine.conclude(stopped)
        raise stopped from error
    finally:
        machine.flow.log.close()
