"""A run on the ranks there are, up to the moment at which its record can be closed. Rank 0 only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hpcd4p.errors import RunStopped
from hpcd4p.launch.slurm_stop import full_reason
from hpcd4p.live.run import LiveRun
from hpcd4p.logs import module_log

if TYPE_CHECKING:
    from hpcd4p.launch.crew import Crew
    from hpcd4p.launch.early import Early
    from hpcd4p.record.sink import OutputSink
    from hpcd4p.record.summary import Summary
    from hpcd4p.runtime.head.progress import Progress
    from hpcd4p.runtime.run_spec import RunSpec


_log = module_log(__name__)


class RunEnd(NamedTuple):
    """The end of a run, with which its record is closed."""

    summary: Summary
    stopped: RunStopped | None
    """What has ended the run before its work was done; the summary gives the same reason."""


def live_run(spec: RunSpec, record: Path, metrics: str | None = None, status: bool = True) -> LiveRun:
    """What `spec` tells of itself while it runs; the caller ends it.

    Parameters
    ----------
    metrics
        File for a monitoring system; None: there is none.
    status
        Whether it tells its status beside its record.
    """
    plan, kept = spec.plan, spec.checkpoints
    folder = None if kept is None else kept.files.path
    file = None if metrics is None else Path(metrics)
    return LiveRun(record, plan.name, plan.mapping.value, plan.size, folder, file, status)


def run_to_end(
    spec: RunSpec,
    sink: OutputSink,
    early: Early | None = None,
    crew: Crew | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> RunEnd:
    """Run `spec`: on the ranks of `crew`, with what was done for them `early`; else in this process.

    The caller closes `sink`. If there is no summary to close it with, it is abandoned, and the exception that
    came instead is raised.
    """
    _log.info("%s on %d ranks, mapping %s", spec.plan.name, spec.plan.size, spec.plan.mapping.value)
    try:
        if early is not None and crew is not None:
            from hpcd4p.launch import parallel

            summary = parallel.run(spec, sink, early, crew, on_progress)
        else:
            from hpcd4p.runtime import sequential

            summary = sequential.run(spec, sink, on_progress)
        _log.info("the run has ended: %s", summary.state)
        return RunEnd(summary, None)
    except RunStopped as stop:
        so_far: Summary | None = getattr(stop, "summary", None)
        if so_far is None:
            sink.abandon()
            raise
        reason = full_reason(stop)
        _log.info("the run has ended: %s", reason)
        so_far.reason = so_far.reason.replace(str(stop), reason)
        stop.args = (reason,)
        return RunEnd(so_far, stop)
    except BaseException:
        sink.abandon()
        raise
