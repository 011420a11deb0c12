"""What a run in one process lets others see of itself: the progress line, and the status file.

It can say something between two batches only, for it has no thread for that. A status that is late says that
an element has been in one call since.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from hpcd4p.runtime.head.progress import PROGRESS_S, STATUS_S, Progress, part_before, progress

if TYPE_CHECKING:
    from hpcd4p.record.failures import Failures
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.head.telling import Telling
    from hpcd4p.runtime.run_spec import RunSpec
    from hpcd4p.runtime.sequential_hook import Cuts
    from hpcd4p.runtime.sequential_times import Times
    from hpcd4p.wire.statistics import Statistics


class Run(Protocol):
    """What is needed of `sequential.Sequential`."""

    spec: RunSpec
    clock: Clock
    failures: Failures
    cuts: Cuts | None
    times: Times

    def stats(self) -> Statistics:
        """Of this run, and of those before it."""


class SequentialWatching:
    """Of one run.

    Attributes
    ----------
    due
        When `look` has something to do.
    """

    def __init__(self, run: Run, on_progress: Callable[[Progress], None] | None) -> None:
        self._run = run
        self._on_progress = on_progress
        never, started = float("inf"), run.clock.started
        self._shows_at = never if on_progress is None else started + PROGRESS_S
        self._tells_at = never if run.spec.live is None else started + STATUS_S
        self.due = min(self._shows_at, self._tells_at)
        self._telling: Telling | None = None
        self._began: float | None = None
        """How much of the work was done when this run began; None: nobody has looked."""

    def look(self, now: float) -> None:
        """Show how far the run is, and write its status, if it is time for either."""
        done = self._progress(now)
        if self._on_progress is not None and now >= self._shows_at:
            self._shows_at = now + PROGRESS_S
            self._on_progress(done)
        if now >= self._tells_at:
            self._tells_at = self._tell(done)
        self.due = min(self._shows_at, self._tells_at)

    def _progress(self, now: float) -> Progress:
        run = self._run
        if self._began is None:
            self._began = part_before(run.spec.plan, run.spec.inputs, run.spec.resume)
        age_s = None if run.cuts is None else run.cuts.age_s()
        return progress(
            run.spec.plan,
            run.spec.inputs,
            run.stats(),
            now - run.clock.started,
            checkpoint_s=age_s,
            began=self._began,
        )

    def _tell(self, done: Progress) -> float:
        from hpcd4p.live.ranks import Sight
        from hpcd4p.runtime.head.gathering import alone
        from hpcd4p.runtime.head.telling import Seen, Telling

        run, kept = self._run, self._run.spec.checkpoints
        if self._telling is None:
            self._telling = Telling(run.spec.plan, run.spec.live, run.clock, self._began or 0.0)
        nobody: frozenset[int] = frozenset()
        seen = Seen(
            stats=run.stats(),
            pending={},
            ranks=Sight(nobody, nobody, nobody, nobody, {}, nobody),
            checkpoint_s=done.checkpoint_s,
            survival=None if kept is None else kept.survival,
            failures=run.failures,
            doubts=run.cuts.doubts() if run.cuts else (),
            facts=alone,
            service=run.times.service(),
        )
        return self._telling.tell(done, seen)
