"""A run on all MPI ranks, as rank 0 opens and closes it.

1. gather the hosts; 2. prepare Redis, which `early.Early` has started or a user has named; 3. send every rank
its `Setup` (by MPI, for it holds the secret); 4. lead the run; 5. close, whatever happened.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from hpcd4p import logs
from hpcd4p.errors import BrokerLost, RankLost, RunStopped, WorkflowError
from hpcd4p.launch.crew import Crew
from hpcd4p.launch.incarnations import Incarnations, redis_of
from hpcd4p.plan.model import Mapping
from hpcd4p.record.sink import OutputSink
from hpcd4p.record.summary import Summary
from hpcd4p.runtime.execute.setup import RedisPlace
from hpcd4p.runtime.head.progress import Progress
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.workflow.identity import Packed, dumper, pack
from hpcd4p.workflow.kept import keep

if TYPE_CHECKING:
    from hpcd4p.launch.early import Early


def run(
    spec: RunSpec,
    sink: OutputSink,
    early: Early,
    crew: Crew,
    on_progress: Callable[[Progress], None] | None = None,
) -> Summary:
    """Run `spec` here and on the ranks of `crew`; its outputs go to `sink`. The caller ends `early`.

    Raises
    ------
    UsageError
        Nothing has been run; the other ranks have been sent home.
    RunStopped
        With the summary so far in its attribute `summary`, if the run had begun.
    """
    keep(spec.elements, spec.by_value)
    packed = _packed(spec)
    with ExitStack() as stack:
        stack.callback(early.stop)  # the ranks do not need it any more, even if the record is still written
        redis: RedisPlace | None = None
        try:
            hosts, muster = crew.meet()
            if spec.plan.mapping is not Mapping.STATIC:
                redis = redis_of(spec, hosts, early)
        except BaseException:
            crew.dismiss()
            raise
        if len(set(hosts)) > 1:
            logs.name_host()
        going_back = None
        if spec.checkpoints is not None:
            from hpcd4p.launch.going_back import GoingBack

            going_back = GoingBack(spec, spec.checkpoints, muster)
            stack.callback(going_back.dismiss)
        incarnations = Incarnations(spec, sink, early, crew, packed, going_back, on_progress)
        stop: RunStopped | None = None
        while True:
            with ExitStack() as own:
                try:
                    if stop is not None:
                        redis = incarnations.come_back(stop)
                    return incarnations.lead(redis, own)
                except (RankLost, BrokerLost) as error:
                    if isinstance(error, BrokerLost):
                        early.stop()  # it may only be silent, and then nobody else would notice
                    plan = None if going_back is None else going_back.after(error)
                    if plan is None:
                        raise
                    error.__traceback__ = None  # it would keep the head of this incarnation alive
                    spec.plan, stop = plan, error


def _packed(spec: RunSpec) -> Packed:
    dumps = dumper(spec.by_value)
    blobs, problems = [], []
    for element, pe in zip(spec.plan.elements, spec.elements, strict=False):
        try:
            blobs.append(dumps(pe))
        except Exception as error:  # noqa: BLE001  # user classes: pickling them may raise anything
            problems.append(
                f"element {element.name} cannot be pickled, so it cannot be sent to another rank: "
                f"{type(error).__name__}: {error}"
            )
    if problems:
        raise WorkflowError(problems)
    return pack(blobs)
