"""What the head lets others see of its run while it goes on: the progress line, and the status file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hpcd4p.control.liveness import RankState
from hpcd4p.runtime.head.notes import in_doubt
from hpcd4p.runtime.head.progress import PROGRESS_S, STATUS_S, Progress, part_before, progress, work_seen

if TYPE_CHECKING:
    from hpcd4p.live.run import LiveRun
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.execute.collector import Collector
    from hpcd4p.runtime.head.awaiting import Awaiting
    from hpcd4p.runtime.head.coordinator import Coordinator
    from hpcd4p.runtime.head.feeder import Feeder
    from hpcd4p.runtime.head.gathering import Gathering
    from hpcd4p.runtime.head.story import Story
    from hpcd4p.runtime.head.telling import Seen, Telling
    from hpcd4p.runtime.rank.link import Link
    from hpcd4p.runtime.run_spec import RunSpec


class Watching:
    """Of one run, in one incarnation.

    Attributes
    ----------
    on_progress
        Called now and then with the progress of the run.
    live
        Writes its status; None: nobody does.
    """

    def __init__(
        self,
        spec: RunSpec,
        coordinator: Coordinator,
        story: Story,
        clock: Clock,
        awaiting: Awaiting | None,
        feeder: Feeder,
        link: Link,
        collector: Collector,
    ) -> None:
        self.on_progress: Callable[[Progress], None] | None = None
        self._spec = spec
        self._coordinator = coordinator
        self._story = story
        self._clock = clock
        self._awaiting = awaiting
        self._feeder = feeder
        self._link = link
        self._collector = collector
        self._gathering: Gathering | None = None
        self._shown_at = clock.started
        self._telling: Telling | None = None
        self.live: LiveRun | None = spec.live
        self._tells_at = clock.started + STATUS_S
        self._began: float | None = None
        """How much of the work was done when this run began; None: nobody has looked."""
        self._hosts: dict[int, set[int]] = {}
        self._gone = frozenset(range(1, spec.plan.size)) - frozenset(spec.plan.others)
        """Ranks that had died in an incarnation before."""

    def look(self, now: float) -> None:
        """Show how far the run is, and write its status, if it is time for either."""
        shows = self.on_progress is not None and now - self._shown_at > PROGRESS_S
        tells = self.live is not None and now >= self._tells_at
        if not (shows or tells):
            return
        done = self._progress(now - self._clock.started)
        if shows and self.on_progress is not None:
            self._shown_at = now
            self.on_progress(done)
        if tells and self.live is not None:
            self._tell(self.live, done, now)

    def _tell(self, live: LiveRun, done: Progress, now: float) -> None:
        if self._telling is None:  # not before: most runs are over by then
            from hpcd4p.runtime.head.telling import Telling

            self._telling = Telling(self._spec.plan, live, self._clock, self._began or 0.0)
        self._tells_at = self._telling.tell(done, self._seen(now, done))

    def _progress(self, elapsed_s: float) -> Progress:
        coordinator, spec = self._coordinator, self._spec
        if self._began is None:
            self._began = part_before(spec.plan, spec.inputs, spec.resume)
        return progress(
            spec.plan,
            spec.inputs,
            coordinator.stats,
            elapsed_s,
            *work_seen(spec.plan, coordinator.seen),
            None if coordinator.cutter is None else coordinator.cutter.age_s(),
            "" if self._awaiting is None else self._awaiting.said,
            self._began,
        )

    def _seen(self, now: float, done: Progress) -> Seen:
        from hpcd4p.live.ranks import Sight
        from hpcd4p.runtime.head.gathering import Gathering
        from hpcd4p.runtime.head.telling import Seen

        if self._gathering is None:
            self._gathering = Gathering(
                self._spec,
                self._coordinator,
                self._awaiting,
                self._feeder,
                self._link,
                self._collector,
                self._clock,
            )

        coordinator, kept = self._coordinator, self._spec.checkpoints
        seen, mover = coordinator.seen, coordinator.mover
        plan = self._spec.plan
        pending = {} if seen is None else seen.pending
        return Seen(
            stats=coordinator.stats,
            pending=pending,
            ranks=Sight(
                idle=frozenset() if seen is None else seen.idle,
                parked=frozenset() if seen is None else seen.parked,
                lost=coordinator.liveness.those(RankState.LOST) | self._gone,
                left=coordinator.liveness.those(RankState.LEFT),
                committed={} if seen is None else seen.committed,
                unfinished=self._unfinished({e for e, many in pending.items() if many}),
            ),
            loads=() if mover.dealer is None else mover.dealer.loads(now),
            scaling=coordinator.scaler.scaling,
            checkpoint_s=done.checkpoint_s,
            survival=None if kept is None else kept.survival,
            failures=self._story.failures,
            doubts=[in_doubt(plan.elements[e].name, what) for e, what in sorted(self._story.doubted.items())],
            facts=self._gathering.facts,
            service=self._story.service,
        )

    def _unfinished(self, elements: set[int]) -> set[int]:
        """Ranks with partitions of these elements."""
        plan, mover = self._spec.plan, self._coordinator.mover
        if not self._hosts:
            self._hosts = {rank: {e for e, _ in plan.hosted(rank)} for rank in plan.stateful_ranks}
        moved = {rank: mover.elements(rank) for rank in mover.hosts} if mover.moved else {}
        return {rank for rank, held in {**self._hosts, **moved}.items() if held & elements}
