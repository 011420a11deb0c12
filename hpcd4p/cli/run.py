"""``hpcd4p run``: launch ranks if asked, prepare, run, record, print the results."""

from __future__ import annotations

import os
import time
from argparse import SUPPRESS
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcd4p import logs
from hpcd4p.cli.options import (
    Parser,
    add_settings,
    for_ranks,
    refuse_options_first,
    resolved_settings,
    split,
    whole_number,
)
from hpcd4p.cli.prepare import Present, help_of, planned, presenter, read_inputs, words_of, workflow_module
from hpcd4p.cli.progress import progress_watch
from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.settings import Resolved
from hpcd4p.cli.show_config import show_config
from hpcd4p.cli.terminal import OUTPUT, on_terminal
from hpcd4p.cli.words import complain, mention, say
from hpcd4p.errors import Interrupted, RecordError, SettingsError, UsageError
from hpcd4p.launch.run_to_end import live_run, run_to_end
from hpcd4p.packages import packages_of_ranks, require
from hpcd4p.plan.limits import MAX_CALLS
from hpcd4p.plan.mapping import read_mapping
from hpcd4p.plan.model import Mapping
from hpcd4p.plan.settings import MAX_RANKS
from hpcd4p.record.small import SmallOutputs
from hpcd4p.record.tee import Tee
from hpcd4p.runtime.execute.signals import interruptible
from hpcd4p.workflow.dispel4py.names import dispel4py_names

if TYPE_CHECKING:
    from types import ModuleType

    from hpcd4p.cli.checkpoints import Asked
    from hpcd4p.launch.early import Early
    from hpcd4p.record.sink import OutputSink
    from hpcd4p.record.summary import Summary
    from hpcd4p.runtime.run_spec import RunSpec

_ABOUT = """Run a workflow, a module or a file, on one process, or on the ranks of mpirun or srun, or with -n
on ranks that it starts itself. WORKFLOW comes before its own options. Without WORKFLOW the default
one is run (configs/default.toml)."""

_START = os.getcwd()
"""The folder of whoever started this; elements may change to another."""

_EPILOG = """exit status: 0 done; 1 tuples failed, or too many of them; 2 something to mend before
starting again; 3 ended before the work was done (a signal, a lost rank, Redis gone)"""


def parser(explain: bool) -> Parser:
    """Give the options of the command; `explain`: with the help of every setting."""
    made = Parser(
        prog="hpcd4p run", usage="hpcd4p run [options] [WORKFLOW] [options of the workflow]",
        description=_ABOUT, epilog=_EPILOG,
    )  # fmt: skip
    made.add_argument(
        "-n", "--ranks", metavar="N", help="start the run on N ranks with the MPI that is found"
    )
    made.add_argument("-i", "--iterations", metavar="N", help="call every source N times (default 1)")
    made.add_argument("-d", "--data", metavar="JSON", help='inputs: {"ELEMENT": [{"INPUT": value}, ...]}')
    made.add_argument("-f", "--file", metavar="FILE", help="the same from a file")
    made.add_argument(
        "--config", metavar="FILE", help="TOML file of settings (else HPCD4P_CONFIG, ./hpcd4p.toml)"
    )
    made.add_argument(
        "--show-config", action="store_true", help="print every setting and its source; do not run"
    )
    made.remember(made.add_argument("--resume", metavar="FOLDER", help=SUPPRESS))
    made.remember(made.add_argument("--anyway", action="store_true", help=SUPPRESS))
    add_settings(made, explain)
    return made


def command(argv: list[str], ranks: OtherRanks) -> int:
    """Give the exit status of ``hpcd4p run ARGV``."""
    asks_help = "-h" in argv or "--help" in argv
    made = parser(explain=asks_help)
    parts = split([word for word in argv if word not in ("-h", "--help")], made.arity)
    refuse_options_first(parts)
    options = made.parse(parts.own)
    settings = resolved_settings(options, parts.workflow)
    if asks_help:
        say(made.format_help() + help_of(settings))
        return 0
    if settings.values["checkpoint"] != "off":
        from hpcd4p.cli.checkpoints import interval

        interval(settings.values["checkpoint"])  # before ranks are started
    if settings.values["metrics"] is not None:
        from hpcd4p.live.metrics_file import check_metrics

        check_metrics(Path(settings.values["metrics"]))
    size = whole_number(options.ranks, "-n", 1, MAX_RANKS, None)
    iterations = whole_number(options.iterations, "-i", 0, MAX_CALLS, None)
    if options.show_config:
        say(show_config(settings))
        return 0
    if size is not None and ranks.size > 1:
        raise SettingsError(
            f"-n {size} inside a run of {ranks.size} ranks: the number of ranks comes from mpirun or srun; "
            "leave -n out"
        )
    mapping = read_mapping(settings.values["mapping"], size or ranks.size)
    redis = mapping is not Mapping.STATIC
    words = for_ranks(argv, made)
    asked: Asked | None = None
    kept = options.resume is not None or settings.values["checkpoint"] != "off"
    if kept or "SLURM_RESTART_COUNT" in os.environ:  # a job that has come back says so
        from hpcd4p.cli.checkpoints import asked_of

        asked = asked_of(words, options.resume, options.anyway, settings)
    log = logs.LogSetup(logs.LEVELS[settings.values["log_level"]], time.time())
    if size is not None and size > 1:
        from hpcd4p.cli.checkpoints import go_on_later, restarts
        from hpcd4p.launch.mpirun import launch

        job = None if asked is None else asked.job
        if options.redis_url is not None:
            # other users can read the words of a process, but not its environment
            os.environ["HPCD4P_REDIS_URL"] = options.redis_url
        goes_on = ["--resume", asked.resume] if asked and asked.resume and not options.resume else []
        words = ["run", *goes_on, *words]
        with logs.speaking(log, "launcher"):
            return launch(
                size, words, redis=redis, launcher=settings.values["launcher"], restarts=restarts(settings),
                can_go_on=lambda folder, status: go_on_later(_shown(Path(folder)), status, job),
            )  # fmt: skip
    if ranks.size > 1:  # before the workflow, which may take minutes to load
        require(*packages_of_ranks(redis=redis))
    inputs = read_inputs(iterations, options.data, options.file)
    with logs.speaking(log, "rank 0"):
        return _run(settings, parts.rest, inputs, ranks, sorted(made.arity), asked)


def _run(
    settings: Resolved, rest: list[str], inputs: Any, ranks: OtherRanks, valid: list[str], asked: Asked | None
) -> int:
    """Run the workflow on the ranks that there are; rank 0 only."""
    with dispel4py_names(), ExitStack() as stack:  # to the end: elements may import late
        spec, module, present = _prepared(settings, rest, inputs, ranks.size, valid)
        path = _record_path(settings, spec.plan.name)
        kept = None
        if asked is not None:
            from hpcd4p.cli.checkpoints import checkpoints, kept_up, restarts

            kept = spec.checkpoints = checkpoints(settings, spec, inputs, path, asked)
        early: Early | None = None
        if ranks.crew is not None:
            from hpcd4p.launch import early as before

            early = stack.enter_context(before.Early(spec, hdf5=settings.values["record"]))
            stack.enter_context(interruptible())  # until the run itself handles signals
        status, metrics = settings.values["record"] and settings.values["live"], settings.values["metrics"]
        if status or metrics:
            spec.live = stack.enter_context(live_run(spec, path, metrics, status))
        if ranks.crew is not None:
            if spec.live is not None:
                spec.live.starting()
            # before the record is begun: nobody could remove it if a rank never comes
            ranks.crew.meet()
        small = SmallOutputs()
        # the record is opened now, so that a folder that cannot be written is noticed before the run
        sinks: list[OutputSink] = [*_record(settings, path, module), small]
        if kept is None or asked is None:
            return _finish(spec, Tee(*sinks), small, present, settings, early, ranks)
        kept.restarts = restarts(settings)
        sink = kept.collect_for(Tee(*sinks))
        with kept_up(kept, _shown(kept.files.path), asked.job):
            return _finish(spec, sink, small, present, settings, early, ranks)


def _prepared(
    settings: Resolved, rest: list[str], inputs: Any, size: int, valid: list[str]
) -> tuple[RunSpec, ModuleType | None, Present | None]:
    from hpcd4p.control.policies.choose import check as check_policy
    from hpcd4p.plan.inputs import resolve_inputs
    from hpcd4p.runtime.run_spec import RunSpec

    values = settings.values
    loaded, plan, elements, options, by_value = planned(settings, rest, size, valid)
    check_policy(settings.engine(), plan)
    spec = RunSpec(
        plan=plan,
        elements=elements,
        inputs=resolve_inputs(plan, elements, inputs),
        settings=settings.engine(),
        module=(loaded.module_name, loaded.path, loaded.source) if loaded.source is not None else None,
        argv=[*words_of(settings.options), *rest],
        redis_url=values["redis_url"],
        redis_interface=values["redis_interface"],
        scratch=values["scratch"],
        by_value=by_value,
        dispel4py=loaded.dispel4py,
    )
    module = workflow_module(loaded)
    return spec, module, presenter(module, options)


def _record_path(settings: Resolved, workflow: str) -> Path:
    from hpcd4p.record.naming import record_path

    return record_path(Path(settings.values["results"]), workflow)


def _record(settings: Resolved, path: Path, module: ModuleType | None) -> list[OutputSink]:
    if not settings.values["record"]:
        return []
    from hpcd4p.record.writer import RecordWriter

    file = getattr(module, "__file__", None)
    return [RecordWriter(path, Path(file) if file else None)]


def _finish(
    spec: RunSpec,
    sink: OutputSink,
    small: SmallOutputs,
    present: Present | None,
    settings: Resolved,
    early: Early | None,
    ranks: OtherRanks,
) -> int:
    """Run, close the record whatever happened, and print the results."""
    watch = progress_watch()
    logs.progress_drawn(watch.columns, watch.columns > 0 and on_terminal(OUTPUT))
    try:
        summary, stopped = run_to_end(spec, sink, early, ranks.crew, watch)
        if spec.checkpoints is not None:
            spec.checkpoints.stopped = stopped
            spec.checkpoints.sum_up(summary)
    finally:
        watch.clear()
        logs.progress_drawn(0)
    summary.config = {**summary.config, "settings": settings.shown(), "sources": dict(settings.sources)}
    path: Path | None = None
    unwritten: UsageError | None = None
    if spec.live is not None:
        spec.live.closing(summary)
        if spec.live.unwritten:
            mention(spec.live.unwritten)
    try:
        path = sink.close(summary)
        if spec.checkpoints is not None:  # not before: whoever ends this here can go on
            spec.checkpoints.finished = stopped is None or not spec.checkpoints.newest
    except RecordError as error:  # the figures of the run are printed all the same
        unwritten = error
    except KeyboardInterrupt:
        raise Interrupted("stopped by SIGINT while the record was being written; there is none") from None
    # an output that stayed empty is an empty list for `present`, not a missing one
    silent = [r.input for r in spec.plan.collected() if r.input not in summary.outputs]
    try:
        _tell(summary, small, {**{n: [] for n in silent}, **small.results}, present, path)
    except UsageError as error:
        unwritten = unwritten or UsageError(f"{error}; the run has ended, its record is {path or 'not kept'}")
    if stopped is not None:
        (ranks.complain if isinstance(stopped, Interrupted) else complain)(str(stopped))
    if unwritten is not None:
        raise unwritten
    return summary.status


def _tell(
    summary: Summary,
    small: SmallOutputs,
    results: dict[str, list[Any]],
    present: Present | None,
    path: Path | None,
) -> None:
    from hpcd4p.record.report import summary_text

    if present is not None:
        try:
            text = present(summary, results)
            if not isinstance(text, (str, type(None))):
                text = f"the workflow's present() gave a {type(text).__name__}; expected text, or None"
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 - user code: anything may come
            text = f"the workflow's present() raised {type(error).__name__}: {error}"
        if text:
            say(text + "\n")
    say(summary_text(summary, small.letters, path and _shown(path)))


def _shown(path: Path) -> Path:
    """The path as a reader can use it: relative only if it lies below this folder."""
    near = Path(os.path.relpath(path, _START))
    return path.resolve() if near.parts[:1] == ("..",) else near
