"""``hpcd4p simulate``: predict a run, without running anything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hpcd4p.cli.known_settings import all_settings
from hpcd4p.cli.options import Parser, engine_help, help_text, whole_number
from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.settings import check
from hpcd4p.cli.words import say
from hpcd4p.control.granularity import COMMIT_S
from hpcd4p.errors import SettingsError
from hpcd4p.plan.limits import MAX_CALLS
from hpcd4p.plan.model import Role
from hpcd4p.plan.settings import MAX_RANKS, EngineSettings

if TYPE_CHECKING:
    import argparse

    from hpcd4p.simulation.cores import Contention
    from hpcd4p.simulation.scenario import Scenario
    from hpcd4p.simulation.service import Service

_ABOUT = """Predict a run of a pool of ranks: its time, the process time, what Redis has to do, and what each
policy of the auto-scaler would do, by simulating it with the engine's own policies (SIMULATION.md)."""

_EPILOG = """service times, in seconds: constant:S  exponential:MEAN  lognormal:MEAN,SIGMA  beta:A,B,SCALE
  empirical:FILE (a number on each line)
arrivals, in tuples and seconds: all  steady:RATE  poisson:RATE  burst:TUPLES,EVERY_S
  step:RATE,UNTIL_S,RATE[,UNTIL_S,RATE ...]  trace:FILE (lines of SECONDS TUPLES)

example: hpcd4p simulate --ranks 10000 --tuples 1000000 --service lognormal:1,0.5 --autoscale none,knee"""


_SETTINGS = ("min_active", "max_active", "scale_s", "task_s")
"""Settings of a run that a simulation has as well."""


def parser(explain: bool) -> Parser:
    """Give the options of the command; see `add_settings`."""
    made = Parser(prog="hpcd4p simulate", description=_ABOUT, epilog=_EPILOG)
    load, machine, engine, output = map(
        made.add_argument_group, ("the load", "the machine", "the engine", "what comes out")
    )

    def add(group: argparse._ArgumentGroup, flag: str, metavar: str, text: str) -> None:
        made.remember(group.add_argument(flag, metavar=metavar, help=text))

    add(load, "--tuples", "N", "tuples in all (default: those of the trace or the record, else 1000)")
    add(load, "--service", "DIST", "service time of a tuple (default exponential:0.01)")
    add(
        load,
        "--cpu",
        "SHARE",
        "part of it that needs a core, 0 to 1 (default: that of the record, else 1 with --cores, else 0)",
    )
    add(load, "--arrivals", "FORM", "when tuples come (default all)")
    add(load, "--record", "FILE", "service time, cores' share and tuples from the record of a run")
    add(load, "--seed", "N", "of the dice (default 1)")
    add(machine, "--ranks", "N", "ranks of the pool; head and stateful group not among them (default 16)")
    add(machine, "--nodes", "N", "nodes that they fill, one after the other (default 1)")
    add(machine, "--cores", "N", "cores of each node (default: one for each rank)")
    add(machine, "--usl", "ALPHA,BETA", "what all ranks share serialises them: universal scalability law")
    add(machine, "--redis-commit", "S", f"seconds of Redis's core for a task (default {COMMIT_S:g})")
    add(engine, "--autoscale", "POLICIES", "one or several with commas between them (default none,knee)")
    known, help_of = all_settings(), engine_help() if explain else {}
    for setting in map(known.__getitem__, _SETTINGS):
        add(engine, setting.flag, setting.metavar, help_text(setting, help_of))
    made.remember(output.add_argument("--json", action="store_true", help="for programs"))
    made.remember(
        output.add_argument("-o", "--output", metavar="FILE", help="the timeline of every run, as CSV")
    )
    return made


def command(argv: list[str], ranks: OtherRanks) -> int:
    """Give the exit status of ``hpcd4p simulate ARGV``."""
    options = parser(explain="-h" in argv or "--help" in argv).parse(argv)
    policies = [word.strip() for word in (options.autoscale or "none,knee").split(",")]
    scenario = _scenario(options)

    from hpcd4p.control.policies.choose import choose
    from hpcd4p.simulation.head import simulate
    from hpcd4p.simulation.report import report, timeline

    scenarios = [replace(scenario, settings=scenario.settings._replace(autoscale=p)) for p in policies]
    for each in scenarios:  # before the first is simulated
        choose(each.settings, each.ranks)
    output = Path(options.output) if options.output else None
    if output is not None:
        _write(output, "")
    outcomes = [simulate(each) for each in scenarios]
    if options.json:
        import json

        say(json.dumps([outcome.as_dict() for outcome in outcomes], indent=2))
    else:
        say(report(scenario, outcomes))
    if output is not None:
        _write(output, timeline(outcomes))
    return 0


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"-o {path}: cannot be written: {error.strerror}") from error


def _scenario(options: argparse.Namespace) -> Scenario:
    from hpcd4p.simulation.arrivals import read_arrivals
    from hpcd4p.simulation.scenario import Scenario
    from hpcd4p.simulation.service import read_service

    arrivals = read_arrivals(options.arrivals or "all")
    if options.record and options.service:
        raise SettingsError("--record and --service both give the service time; leave one out")
    cpu, known = (1.0 if options.cores else 0.0), None
    if options.record:
        service, cpu, known = _of_record(options.record)
    else:
        service = read_service(options.service or "exponential:0.01")
    asked = whole_number(options.tuples, "--tuples", 1, MAX_CALLS, known)
    ranks = whole_number(options.ranks, "--ranks", 1, MAX_RANKS, 16) or 16
    return Scenario(
        ranks=ranks,
        tuples=arrivals.total(asked),
        service=service,
        arrivals=arrivals,
        cpu=_number(options.cpu, "--cpu", 0, 1, cpu),
        nodes=whole_number(options.nodes, "--nodes", 1, ranks, 1) or 1,
        cores=whole_number(options.cores, "--cores", 1, MAX_RANKS, 0) or 0,
        contention=_usl(options.usl),
        redis_commit_s=_number(options.redis_commit, "--redis-commit", 0, 1, COMMIT_S),
        seed=whole_number(options.seed, "--seed", 0, 2**63, 1) or 0,
        settings=_settings(options),
    )


def _settings(options: argparse.Namespace) -> EngineSettings:
    known = all_settings()
    given = {name: getattr(options, name) for name in _SETTINGS if getattr(options, name) is not None}
    return EngineSettings(
        **{name: check(known[name], text, known[name].flag) for name, text in given.items()}
    )


def _number(text: str | None, flag: str, low: float, high: float, default: float) -> float:
    if text is None:
        return default
    try:
        number = float(text)
    except ValueError:
        raise SettingsError(f"{flag} must be a number from {low:g} to {high:g}, not {text!r}") from None
    if not low <= number <= high:
        raise SettingsError(f"{flag} must be from {low:g} to {high:g}, not {text}")
    return number


def _usl(text: str | None) -> Contention:
    from hpcd4p.simulation.cores import Contention

    if text is None:
        return Contention()
    words = text.split(",")
    if len(words) != 2:
        raise SettingsError(f"--usl must be two numbers with a comma between them, ALPHA,BETA, not {text!r}")
    alpha, beta = (_number(word, "each number of --usl", 0, 1, 0.0) for word in words)
    return Contention(alpha, beta)


def _of_record(name: str) -> tuple[Service, float, int]:
    """(service time of a tuple with all that follows from it, part of it on a core, tuples) of a run."""
    from hpcd4p.record.reader import read_record
    from hpcd4p.simulation.recorded import Part, of_parts

    with read_record(Path(name)) as record:
        summary = record.summary
    pool = [e for e in summary.elements if e.role == Role.POOL and e.tuples_in]
    busy = sum(e.busy_s for e in pool)
    tuples = max((e.tuples_in for e in pool[:1]), default=0)
    if not tuples or busy <= 0:
        raise SettingsError(
            f"--record {name}: no stateless element has taken any time in this run; there is nothing to "
            "predict"
        )
    workers = [r for r in summary.ranks_figures if "pool" in r.role] or summary.ranks_figures
    inside, cpu = sum(r.busy_s for r in workers), sum(r.cpu_s for r in workers)
    parts = [
        Part(times.histogram.pairs(), e.busy_s / e.tuples_in, e.tuples_in / tuples)
        if (times := summary.service.get(e.name)) is not None and times.tuples
        else Part([], e.busy_s / e.tuples_in, e.tuples_in / tuples)
        for e in pool
    ]
    service = of_parts(f"the record {Path(name).name}", parts)
    return service, min(1.0, cpu / inside) if inside else 0.0, tuples
