"""`hpcd4p.run`: a workflow from Python, in this process or on ranks that are started for it.

With several ranks the `RunSpec` travels to rank 0 in a file of a private folder, and the results come back
the same way; classes of a notebook or a script go by value.
"""

from __future__ import annotations

import pickle
import sys
import tempfile
import time
import warnings
from contextlib import nullcontext
from dataclasses import dataclass, field
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex

from hpcd4p import logs
from hpcd4p.errors import Hpcd4pError, SettingsError, WorkflowError
from hpcd4p.launch.early import Early
from hpcd4p.launch.run_to_end import live_run, run_to_end
from hpcd4p.plan.limits import engine_settings
from hpcd4p.plan.model import Mapping
from hpcd4p.plan.settings import MAX_RANKS
from hpcd4p.record.memory import MemorySink
from hpcd4p.record.naming import record_path
from hpcd4p.record.sink import OutputSink
from hpcd4p.record.summary import FAILED_TUPLES, IN_DOUBT, DeadLetter, LogLine, Summary
from hpcd4p.record.tee import Tee
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.workflow.dispel4py.names import advice_if_real, dispel4py_names, were_asked_for
from hpcd4p.workflow.generic import GenericPE
from hpcd4p.workflow.graph import WorkflowGraph
from hpcd4p.workflow.identity import dumper, pack, remade, unpack
from hpcd4p.workflow.kept import copied, keeping
from hpcd4p.workflow.sentinels import tuple_dumper

if TYPE_CHECKING:
    from hpcd4p.launch.crew import Crew


@dataclass(frozen=True)
class Result:
    """What came out of `run`."""

    outputs: dict[str, list[Any]]
    """The tuples of every unconnected output, by 'element.output'; in any order, unless they leave in order
    (`ordered_outputs`): `summary.ordered` says which do."""
    summary: Summary
    dead_letters: list[DeadLetter]
    """Tuples that failed, each with its traceback: up to 100 of each kind; `summary.failures` counts them."""
    record: Path | None
    """The HDF5 record, if one was asked for."""
    log: list[LogLine] = field(default_factory=list)
    """What the elements have logged (`self.log`, `logging`); `summary.log` says how much was left out."""


def run(
    graph: WorkflowGraph,
    inputs: Any = None,
    *,
    ranks: int = 1,
    mapping: str = "hybrid",
    record: str | Path | None = None,
    redis_url: str | None = None,
    redis_interface: str | None = None,
    scratch: str | None = None,
    log_level: str = "warning",
    **settings: Any,
) -> Result:
    """Run a workflow and give what came out. The elements of `graph` itself are left as they are.

    Parameters
    ----------
    graph
        The workflow.
    inputs
        None (each source is called once), a number of calls, or by element (the object, its name or
        id) a number or a list of inputs.
    ranks
        1 runs in this process; more starts that many MPI ranks on this machine.
    mapping
        ``simple``, ``static``, ``dynamic`` or ``hybrid``, as on the command line.
    record
        A file (``.h5``) or a folder for the HDF5 record; None writes none.
    redis_url, redis_interface, scratch
        As on the command line.
    log_level
        With ``info`` the engine logs its lifecycle on the standard error, with ``debug`` its decisions as
        well; ``error`` hides what the elements log, too.
    settings
        Fields of `EngineSettings`.

    Raises
    ------
    WorkflowError, InputError, SettingsError
        Something that the caller can correct.
    RunStopped
        The run ended before the work was done; its attribute `summary` has the figures so far.

    Warns
    -----
    UserWarning
        Some tuples failed. The result has the outputs of the others, and the dead letters.

    Examples
    --------
    >>> from hpcd4p import ProducerPE, WorkflowGraph, run
    >>> class Hello(ProducerPE):
    ...     def _process(self, inputs):
    ...         return "hello"
    >>> graph = WorkflowGraph()
    >>> graph.add(Hello())
    >>> run(graph, 2).outputs
    {'Hello0.output': ['hello', 'hello']}
    """
    from hpcd4p.control.policies.choose import check as check_policy
    from hpcd4p.plan.inputs import resolve_inputs
    from hpcd4p.plan.make import make_plan

    if not isinstance(graph, WorkflowGraph):
        raise _no_graph(graph)
    if not isinstance(ranks, SupportsIndex) or not 1 <= (ranks := index(ranks)) <= MAX_RANKS:
        raise SettingsError(f"ranks must be a whole number from 1 to {MAX_RANKS:,}, not {ranks!r}")
    if log_level not in logs.LEVELS:
        raise SettingsError(f"log_level must be one of {', '.join(logs.LEVELS)}; not {log_level!r}")
    engine = engine_settings(settings, run.__kwdefaults__ or ())
    # by value: what a notebook or a script defines cannot be imported by the ranks
    plan, elements = make_plan(graph, ranks, engine, by_value=True, mapping=mapping)
    check_policy(engine, plan)
    spec = RunSpec(
        plan=plan,
        elements=elements,
        inputs=resolve_inputs(plan, elements, inputs),
        settings=engine,
        redis_url=redis_url,
        redis_interface=redis_interface,
        scratch=scratch,
        log_level=logs.LEVELS[log_level],
        dispel4py=were_asked_for(),
    )
    path = None if record is None else _record_path(Path(record), plan.name)
    if ranks == 1:
        # copied one by one, as for ranks: elements share no object, and the user's own are left as they are
        with keeping(elements, by_value=True):
            spec.elements = [_copied(pe) for pe in elements]
        result = perform(spec, path)
    else:
        result = _elsewhere(spec, path)
    if result.summary.state == FAILED_TUPLES and result.dead_letters:
        first = result.dead_letters[0]
        warnings.warn(
            f"{result.summary.failed} tuples failed, see dead_letters; "
            f"the first in {first.element}: {first.error}",
            stacklevel=2,
        )
    if result.summary.state == IN_DOUBT:
        warnings.warn(result.summary.reason, stacklevel=2)
    return result


def _no_graph(thing: object) -> WorkflowError:
    got = f"expected a WorkflowGraph to run, got {type(thing).__name__}"
    return WorkflowError(["; ".join(filter(None, [got, advice_if_real(thing)]))])


def perform(spec: RunSpec, record: Path | None, crew: Crew | None = None) -> Result:
    """Run `spec` on the ranks there are and give what came out. Rank 0 only; `crew`: the others."""
    with logs.speaking(logs.LogSetup(spec.log_level, time.time()), "rank 0"):
        return _perform_aloud(spec, record, crew)


def _perform_aloud(spec: RunSpec, record: Path | None, crew: Crew | None) -> Result:
    if crew is None:
        return _perform(spec, record)
    with Early(spec, hdf5=record is not None) as early:
        crew.meet()  # before the record is begun: nobody could remove it if a rank never comes
        return _perform(spec, record, early, crew)


def _perform(
    spec: RunSpec, record: Path | None, early: Early | None = None, crew: Crew | None = None
) -> Result:
    memory = MemorySink()
    sink: OutputSink = memory
    if record is not None:
        from hpcd4p.record.writer import RecordWriter

        sink = Tee(RecordWriter(record), memory)
        spec.live = live_run(spec, record)
    with spec.live or nullcontext():
        summary, stopped = run_to_end(spec, sink, early, crew)
        if spec.live is not None:
            spec.live.closing(summary)
        path = sink.close(summary)
    if stopped is not None:
        raise stopped
    return Result(memory.results, summary, memory.letters, path, memory.lines)


def _copied(pe: GenericPE) -> GenericPE:
    made: GenericPE
    try:
        made = copied(pe)
    except Exception:  # noqa: BLE001 - user classes: what cannot be copied may still travel, as it does to ranks
        made = remade(pe)
    return made


def _record_path(given: Path, workflow: str) -> Path:
    path = given if given.suffix in (".h5", ".hdf5") else record_path(given, workflow)
    return path.absolute()


def _elsewhere(spec: RunSpec, record: Path | None) -> Result:
    """Start ranks, hand them the `RunSpec`, and read the results."""
    # modules beside a script are found by the ranks as they are here
    paths = [str(Path(p).absolute()) for p in sys.path]
    spec.module = (
        "hpcd4p_caller_paths",
        None,
        f"import sys\nsys.path += [p for p in {paths!r} if p not in sys.path]\n",
    )
    with keeping([*spec.elements, *_given(spec)], by_value=True):
        return _asked(spec, record, paths)


def _given(spec: RunSpec) -> list[Any]:
    return [each for given in spec.inputs.values() if isinstance(given, list) for each in given]


def _asked(spec: RunSpec, record: Path | None, paths: list[str]) -> Result:
    import cloudpickle

    from hpcd4p.launch.leftovers import mark
    from hpcd4p.launch.mpirun import launch

    dumps = dumper(by_value=True)
    packed = pack([dumps(spec)])
    # what cloudpickle sends by value names the functions that rebuild it
    spec.by_value = any(b"cloudpickle.cloudpickle" in part for part in (packed.common, *packed.blobs))
    with tempfile.TemporaryDirectory(prefix=mark("call")) as folder:  # 0700
        call = Path(folder) / "call"
        call.write_bytes(
            cloudpickle.dumps((paths, spec.dispel4py, packed._replace(blobs=[dumps(spec)]), record))
        )
        redis = spec.plan.mapping is not Mapping.STATIC
        with logs.speaking(logs.LogSetup(spec.log_level, time.time()), "launcher"):
            status = launch(spec.plan.size, ["_call", str(call)], redis=redis)
        answer = call.with_suffix(".answer")
        if not answer.exists():
            raise Hpcd4pError(f"the {spec.plan.size} ranks ended with status {status} and without an answer")
        result: Result | Hpcd4pError = pickle.loads(answer.read_bytes())
    if isinstance(result, Hpcd4pError):
        raise result
    return result


def answer_call(call: Path, crew: Crew) -> int:
    """Run the `RunSpec` in the file `call`; the answer is left beside it. Gives the exit status. Rank 0 only.

    Only for a file that `run` wrote: it is unpickled.
    """
    paths, dispel4py, packed, record = pickle.loads(call.read_bytes())
    sys.path += [p for p in paths if p not in sys.path]
    if dispel4py:
        dispel4py_names()  # to the end of this process
    spec: RunSpec
    (spec,) = unpack(packed)
    result: Result | Hpcd4pError
    try:
        result = perform(spec, record, crew)
        status = result.summary.status
    except Hpcd4pError as error:
        result, status = error, error.status
    aside = call.with_suffix(".aside")
    aside.write_bytes(tuple_dumper(by_value=True)(result))
    aside.rename(call.with_suffix(".answer"))
    return status
