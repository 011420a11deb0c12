"""The checkpoints of a run in one process, and how it goes on from one that any number of ranks have made.

Depth first, nothing is under way between two batches of calls of a root; nor in the middle of a call that
writes much, once what it has written has come to its end: but for that call, which is repeated.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from hpcd4p.control.cutting import LOOK_S
from hpcd4p.errors import CheckpointError
from hpcd4p.plan.model import Role
from hpcd4p.record.survival import Survival
from hpcd4p.runtime.commit.in_line import InLine
from hpcd4p.runtime.common_objects import refuse_others, types_here
from hpcd4p.runtime.execute.element_log import SAID
from hpcd4p.runtime.execute.timing import SERVED
from hpcd4p.runtime.execute.travelling import resumed
from hpcd4p.runtime.execute.watch import Watched
from hpcd4p.runtime.head.notes import in_doubt, notes_on_resume
from hpcd4p.runtime.rank.imaging import Image, line_of
from hpcd4p.runtime.sequential_cutter import SequentialCutter
from hpcd4p.runtime.sequential_rest import Leased, Rest, opened
from hpcd4p.wire.codec import LETTER, Codec, about
from hpcd4p.wire.messages import TRAVELS, Publication, Segment, Snapshot, Task
from hpcd4p.wire.position import SourcePosition, Stage
from hpcd4p.wire.resumption import Fixed

if TYPE_CHECKING:
    from hpcd4p.plan.model import ElementPlan
    from hpcd4p.runtime.execute.instance import Instance
    from hpcd4p.runtime.head.keeper import Keeper
    from hpcd4p.runtime.rank.cutting import Saver
    from hpcd4p.runtime.sequential import Sequential
    from hpcd4p.runtime.sequential_calls import Calls
    from hpcd4p.runtime.sequential_end import SequentialEnd


class SequentialCuts:
    """Those of one run: see `sequential_hook.Cuts`.

    Parameters
    ----------
    run
        Its attribute `spec.resume` says what it goes on from.
    codec
        Has the secret of the run, and of those before it.
    end
        Sees to the last one, if the run is asked to end; None: then there is none.
    """

    def __init__(
        self,
        run: Sequential,
        codec: Codec,
        keeper: Keeper,
        saver: Saver,
        interval_s: float | None,
        required: bool = False,
        survival: Survival | None = None,
        end: SequentialEnd | None = None,
    ) -> None:
        self._run = run
        self._end = end
        self._codec = codec
        self._resume = resume = run.spec.resume
        before = resume.fixed if resume is not None else None
        self._positions = {p.element: p for p in (before.positions if before is not None else ())}
        self._rest = Rest((), ())
        self._watched: list[tuple[Instance, Watched]] = []
        self._changed = ""
        epoch = resume.epoch if resume is not None else 0
        self._cutter = SequentialCutter(
            keeper,
            saver,
            interval_s,
            run.clock,
            self._event,
            epoch,
            Survival() if survival is None else survival,
            required,
        )

    def _event(self, kind: str, text: str) -> None:
        self._run.sink.event(self._run.clock.elapsed(), kind, text)

    # ---- going on

    def restore(self) -> None:
        """Go on from a checkpoint, if there is one: before any instance starts; see `refuse_others`."""
        if self._resume is None:
            return
        run, before, restored = self._run, self._resume.fixed, self._resume.restored
        refuse_others(before.kept)
        run.drained |= set(before.drained)
        run.failures.restore(before.failures)
        run.collector.outputs |= before.outputs
        repeated = [p.element for p in before.positions if p.stage is Stage.HEAD]
        run.before = before.snapshot.stats.without_work(repeated)
        run.times.restore(before, repeated)
        for sealed in before.snapshot.dead:
            first, *more = self._codec.open(sealed, about(LETTER))
            if first == SAID:
                run.lines.add(*more)
            elif first == SERVED:
                run.times.add(*more)
            else:
                run.failures.add(first, *more)
        lined = [each for key in sorted(restored.held) for each in line_of(restored, key)]
        lined = [each for each in lined if each[0].port not in TRAVELS]  # nothing moves here
        self._rest = Rest(before.snapshot.tasks, lined)
        text = f"from checkpoint {self._resume.epoch}, made after {before.elapsed_s:.1f} s of work"
        self._event("resumed", text)

    def position(self, element: int) -> SourcePosition | None:
        """Where the cut has found a root; None: the run begins."""
        return self._positions.get(element)

    def resumed(self, element: ElementPlan, partition: int) -> Instance | None:
        """The instance of a partition as it was at the cut; None: it begins."""
        if self._resume is None or not element.role.fixed:
            return None
        held = self._resume.restored.held.get((element.index, partition))
        if held is None or held.state is None:
            return None
        return resumed(self._run.flow, element, partition, held.state)

    def begin(self) -> None:
        """All instances have started: watch them, and do first what was under way at the cut."""
        run = self._run
        for instance in run.instances.values():
            pool = instance.plan.role is Role.POOL or instance.plan.movable
            if pool and instance.pe.stateful is None:
                self._watched.append((instance, Watched(instance.pe, run.clock, instance.plan.caches)))
        while (each := self._rest.next()) is not None:
            if isinstance(each, Segment):
                self._feed_line(each)
            else:
                self._feed_task(each)
            self.look()

    def _feed_line(self, line: Segment) -> None:
        run = self._run
        if line.element in run.plan.collectors:
            run.collector.run(line.port, line.values)
            return
        # in the static mapping stateless elements have partitions, too
        key = line.element, line.partition if run.plan.elements[line.element].partitions else 0
        run.feed(run.instances[key], line.port, line.values)

    def _feed_task(self, task: Publication) -> None:
        run = self._run
        element, tuples, payload, attempts, progress, beside, place = task
        leased = Task(element, "", tuples, payload, attempts, progress, beside, place)
        port, values, unread = opened(self._codec, leased)
        instance = run.instances[task.element, 0]
        run.feed(instance, port, values, Leased(instance, leased))
        for lost in unread:
            run.flow.give_up(lost)

    # ---- checkpoints

    def leased(self, instance: Instance, calls: Any) -> Leased:
        """Calls of a root that keeps nothing from call to call, as a task."""
        return Leased(instance, Task(instance.plan.index, "", len(calls), b"", 0, ()), "", calls)

    def ended(self, calls: Calls | None) -> None:
        """A root has made its calls."""
        if calls is not None and calls.remark:
            self._event("source", f"{calls.instance.plan.name}: {calls.remark}")

    def look(self) -> None:
        """Make a checkpoint if it is due: nothing is under way but, in a write, a call of `at_work`."""
        self._cutter.look(self._run.clock.now(), self._cut)
        if self._end is not None:
            self._end.look(self._cutter, self._look_again)

    def _look_again(self) -> None:
        time.sleep(LOOK_S)
        self._cutter.look(self._run.clock.now(), self._cut)

    def _cut(self) -> tuple[Fixed, Image]:
        run = self._run
        self._refuse_state()
        tasks, pending = self._rest.tasks(), self._rest.pending()
        if isinstance(run.at_work, Leased):
            task = run.at_work.publication(self._codec)
            tasks.insert(0, task)
            pending[task.element] = pending.get(task.element, 0) + task.tuples
        positions = []
        for element in run.plan.elements:
            if element.role is Role.ROOT:
                at = self._position_of(element.index)
                positions.append(at)
                if at.stage is not Stage.DONE:
                    pending[element.index] = pending.get(element.index, 0) + 1
        snapshot = Snapshot(pending, tasks, {}, [], run.stats(), {})
        held = [i for (e, _), i in run.instances.items() if i.plan.role.fixed and e not in run.drained]
        lined = InLine(self._rest.segments(), [], self._rest.held())
        return self._fixed(snapshot, positions), Image(held, lined)

    def _position_of(self, root: int) -> SourcePosition:
        calls = self._run.calls.get(root)
        if calls is None or root in self._run.drained:
            return SourcePosition(root, Stage.DONE)
        return calls.position()

    def _fixed(self, snapshot: Snapshot, positions: list[SourcePosition]) -> Fixed:
        run, before = self._run, self._resume and self._resume.fixed
        service, latency = run.times.pairs()
        keys = [
            (e.index, partition)
            for e in run.plan.elements
            if e.role.fixed or e.role is Role.COLLECT
            for partition in range(e.partitions)
        ]
        return Fixed(
            snapshot=snapshot,
            drained=sorted(run.drained),
            positions=positions,
            outputs=dict(run.collector.outputs),
            holders=dict.fromkeys(keys, 0),
            former=[],
            kept=types_here(),
            failures=run.failures.figures(),
            doubted=dict(before.doubted) if before else {},
            elapsed_s=(before.elapsed_s if before else 0.0) + run.clock.elapsed(),
            service=service,
            latency=latency,
        )

    def _refuse_state(self) -> None:
        """Raise `CheckpointError` if an element that was taken for stateless has changed."""
        for instance, watched in self._watched:
            calls = self._run.calls.get(instance.plan.index)
            stays = calls is not None and not calls.pooled  # it is repeated, so it is not saved
            if watched.look(instance.tuples) and not (watched.fills or stays):
                self._changed = instance.plan.name
        if self._changed:
            raise CheckpointError(f"{self._changed} has changed while it works, and its state is not saved")

    def age_s(self) -> float:
        """See `Cuts.age_s`."""
        return self._cutter.age_s()

    # ---- the summary

    def notes(self) -> list[str]:
        """What is to be said of the figures."""
        spec = self._run.spec
        return [] if self._resume is None else notes_on_resume(self._resume, self._run.plan, spec.elements)

    def doubts(self) -> list[str]:
        """What makes the answer doubtful since before."""
        doubted = {} if self._resume is None else self._resume.fixed.doubted
        elements = self._run.plan.elements
        return [in_doubt(elements[e].name, what) for e, what in sorted(doubted.items())]
