"""What the head adds to a checkpoint, and how a run goes on from one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

from hpcd4p.histogram import all_pairs, merge_all
from hpcd4p.plan.keeping import all_not_kept
from hpcd4p.plan.model import Role
from hpcd4p.runtime.common_objects import refuse_others, types_here
from hpcd4p.runtime.head.cutter import Cutter
from hpcd4p.runtime.head.keeper import Keeper
from hpcd4p.runtime.head.late_cutter import prepare
from hpcd4p.wire.messages import Commit, Snapshot
from hpcd4p.wire.position import Stage
from hpcd4p.wire.resumption import Fixed, Resumption

if TYPE_CHECKING:
    from hpcd4p.record.survival import Survival
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.execute.collector import Collector
    from hpcd4p.runtime.head.coordinator import Coordinator
    from hpcd4p.runtime.head.feeder import Feeder
    from hpcd4p.runtime.head.last_cut import LastCut
    from hpcd4p.runtime.head.story import Story
    from hpcd4p.runtime.rank.cutting import Saver
    from hpcd4p.runtime.rank.loop import RankLoop
    from hpcd4p.runtime.run_spec import RunSpec


class Head(Protocol):
    """What is needed of `head.Head`."""

    spec: RunSpec
    clock: Clock
    loop: RankLoop
    story: Story
    coordinator: Coordinator
    feeder: Feeder
    collector: Collector
    last_cut: LastCut | None


def keep(
    head: Head,
    keeper: Keeper,
    interval_s: float | None,
    saver: Saver,
    last_s: Callable[[str], float],
    begun: int = 0,
    required: bool = False,
    survival: Survival | None = None,
) -> None:
    """Have the head make checkpoints from now on; before the run.

    Parameters
    ----------
    last_s
        See `LastCut`.
    begun, required, survival
        See `cutter_of`.
    """
    prepare(head, saver, last_s)
    head.coordinator.cutter = cutter_of(head, keeper, interval_s, begun, required, survival)


def cutter_of(
    head: Head,
    keeper: Keeper,
    interval_s: float | None,
    begun: int = 0,
    required: bool = False,
    survival: Survival | None = None,
) -> Cutter:
    """The one that makes the checkpoints of the head's run.

    Parameters
    ----------
    begun
        The last one that was begun, complete or not: something may still be written for it.
    required, survival
        See `Cutter`.
    """
    spec, coordinator = head.spec, head.coordinator
    last = max(begun, spec.resume.epoch if spec.resume else 0)
    return Cutter(
        keeper, interval_s, head.loop.link, coordinator.mover, head.story, head.clock, coordinator.order,
        partial(fixed, head), last, all_not_kept(spec.plan, spec.elements),
        required, survival,
    )  # fmt: skip


def fixed(head: Head, snapshot: Snapshot, drained: list[int]) -> Fixed:
    """What the head holds at a cut, of which these are part; it stands still."""
    resume, mover, plan = head.spec.resume, head.coordinator.mover, head.spec.plan
    elements = [e for e in plan.elements if e.role.fixed or e.role is Role.COLLECT]
    keys = [(e.index, p) for e in elements for p in range(max(1, e.partitions))]
    before_s = 0.0 if resume is None else resume.fixed.elapsed_s
    return Fixed(
        snapshot=snapshot,
        drained=drained,
        positions=head.feeder.positions(),
        outputs=dict(head.collector.outputs),
        holders={key: mover.owner(*key) for key in keys},
        former=sorted(mover.hosts) if mover.moved else [],
        kept=types_here(),
        failures=head.story.failures.figures(),
        doubted=dict(head.story.doubted),
        elapsed_s=before_s + head.clock.elapsed(),
        service=all_pairs(head.story.service),
        latency=all_pairs(head.collector.latency),
    )


def go_on(head: Head, resume: Resumption, threads: bool) -> None:
    """Go on from a checkpoint: with what the broker held, and the sources where they were.

    Raises
    ------
    RunStopped
        See `refuse_others`.
    """
    before = resume.fixed
    refuse_others(before.kept)
    head.coordinator.ending.restore(before.drained)
    head.story.failures.restore(before.failures)
    head.story.doubted |= before.doubted
    head.collector.outputs |= before.outputs
    again = Commit(counts=before.snapshot.pending)
    again.publish += before.snapshot.tasks
    if head.loop.order is not None:
        from hpcd4p.runtime.head.past import put_first

        put_first(again, head.loop.order, resume.epoch)
    again.dead += before.snapshot.dead
    # sources that run here are repeated, and counted again
    repeated = [position.element for position in before.positions if position.stage is Stage.HEAD]
    again.stats |= before.snapshot.stats.without_work(repeated)
    merge_all(head.story.service, {e: times for e, times in before.service.items() if e not in repeated})
    merge_all(head.collector.latency, before.latency)
    head.loop.link.exchange(again)
    head.feeder.start(threads, before.positions)
    text = f"from checkpoint {resume.epoch}, made after {before.elapsed_s:.1f} s of work"
    head.story.event("resumed", text)
