"""A run on the ranks there are, up to the moment at which its record can be closed. Rank 0 only."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from hpcd4p.errors import RunStopped
from hpcd4p.launch.slurm_stop import full_reason

if TYPE_CHECKING:
    from hpcd4p.launch.crew import Crew
    from hpcd4p.launch.early import Early
    from hpcd4p.record.sink import OutputSink
    from hpcd4p.record.summary import Summary
    from hpcd4p.runtime.head.progress import Progress
    from hpcd4p.runtime.job import Job


class RunEnd(NamedTuple):
    """What there is to close a record with."""

    summary: Summary
    stopped: RunStopped | None
    """What has ended the run before its work was done; the summary gives the same reason."""


def run_to_end(
    job: Job,
    sink: OutputSink,
    early: Early | None = None,
    crew: Crew | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> RunEnd:
    """Run `job`: on the ranks of `crew`, with what was done for them `early`; else in this process.

    `sink` is left open for the caller to close. If there is nothing to close it with, it is abandoned, and
    what came instead is raised.
    """
    try:
        if early is not None and crew is not None:
            from hpcd4p.launch import parallel

            return RunEnd(parallel.run(job, sink, early, crew, on_progress), None)
        from hpcd4p.runtime import sequential

        return RunEnd(sequential.run(job, sink, on_progress), None)
    except RunStopped as stop:
        summary: Summary | None = getattr(stop, "summary", None)
        if summary is None:
            sink.abandon()
            raise
        reason = full_reason(stop)
        summary.reason = summary.reason.replace(str(stop), reason)
        stop.args = (reason,)
        return RunEnd(summary, stop)
    except BaseException:
        sink.abandon()
        raise
