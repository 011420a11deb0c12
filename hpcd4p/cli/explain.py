"""``hpcd4p explain``: why a run is slow or waits, while it goes on; what limited it, when it is over."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from hpcd4p.cli.finding import SUFFIXES, left_of, unfinished
from hpcd4p.cli.options import Parser
from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.words import say
from hpcd4p.errors import LiveError
from hpcd4p.launch.my_jobs import MyJob, my_jobs
from hpcd4p.launch.why_now import limits_now
from hpcd4p.live.document import STARTING, Cause
from hpcd4p.live.found import FoundRun, Life, Unreadable, runs_in
from hpcd4p.live.queued import queued
from hpcd4p.live.why_text import causes_lines, why_text

_ABOUT = """Say why a run is slow or waits, with the numbers that show it, and what to change. Of a run that
is over: what the auto-scaler did, what its checkpoints cost, who waited, and why."""

_RUN = """its record (results/*.h5), which need not be there yet, its name, the number of its Slurm job, or a
folder of runs or from which a job was submitted; without RUN: the run that is under way in results/"""

_JOB = re.compile(r"\d+(_\d+)?")


def command(argv: list[str], ranks: OtherRanks) -> int:
    """Give the exit status of ``hpcd4p explain ARGV``."""
    made = Parser(prog="hpcd4p explain", description=_ABOUT)
    made.add_argument("--json", action="store_true", help="for programs")
    made.add_argument("--results", metavar="FOLDER", default="results", help="(default results)")
    made.add_argument("run", nargs="?", metavar="RUN", help=_RUN)
    options = made.parse(argv)
    told, plain = _explained(options.run, Path(options.results))
    say(json.dumps(plain, indent=2) if options.json else told)
    return 0


def _explained(run: str | None, results: Path) -> tuple[str, dict[str, Any]]:
    """What is to be said, for people and for programs."""
    if run is None:
        return _in_folder(results, [])
    path = Path(run)
    if _JOB.fullmatch(run) and not path.exists():
        return _of_job(run)
    if path.is_dir() and path.suffix not in SUFFIXES:
        here = path.resolve()
        jobs = [job for job in my_jobs() or () if job.folder.resolve() == here]
        return _in_folder(path, jobs)
    seen = left_of(run, results)
    if isinstance(seen, FoundRun | Unreadable):
        return _of_run(seen)
    if seen is None and not path.exists():
        return _unknown(f"there is no run {run}, under way or ended", results)
    if seen is not None and seen.suffix == ".checkpoints":
        raise LiveError(unfinished(run, seen))
    return _of_record(seen or path)


def _unknown(what: str, results: Path) -> tuple[str, dict[str, Any]]:
    names = [each.folder.stem for each in runs_in(results)]
    others = f"there are {', '.join(names[:10])}" if names else "give a record, results/*.h5, or a run"
    raise LiveError(f"{what}, in {results}; {others}")


def _of_run(run: FoundRun | Unreadable) -> tuple[str, dict[str, Any]]:
    if isinstance(run, Unreadable):
        raise LiveError(run.why)
    why = limits_now(run)
    lives = run.life in (Life.UNDER_WAY, Life.SILENT)
    life = STARTING if lives and run.document.state == STARTING else run.life.value
    return why_text(run, why), _plain(str(run.folder), life, why if lives else [])


def _plain(run: str, life: str, limits: list[Cause]) -> dict[str, Any]:
    return {"run": run, "is": life, "limits": [vars(cause) for cause in limits]}


def _in_folder(folder: Path, jobs: list[MyJob]) -> tuple[str, dict[str, Any]]:
    """The run that is under way in a folder, or the job that was submitted there."""
    runs = (
        [run for run in runs_in(folder, below=True) if isinstance(run, FoundRun)] if folder.is_dir() else []
    )
    going = [run for run in runs if run.life in (Life.UNDER_WAY, Life.SILENT)]
    if len(going) == 1:
        return _of_run(going[0])
    if going:
        raise LiveError(f"{folder} has several runs: {', '.join(run.folder.stem for run in going[:10])}")
    if jobs:
        return _of_job(jobs[-1].number, jobs)
    return _unknown("no run is under way", folder)


def _of_job(number: str, jobs: list[MyJob] | None = None) -> tuple[str, dict[str, Any]]:
    known = my_jobs() if jobs is None else jobs
    if known is None:
        raise LiveError(f"there is no Slurm here that could tell of job {number}")
    job = next((job for job in known if job.number == number), None)
    if job is None:
        raise LiveError(f"squeue knows no job {number} of yours: look with  sacct -j {number}")
    if job.state != "RUNNING":
        why = [queued(job.number, job.state, job.reason, job.name)]
        return "\n".join(causes_lines(why)), _plain(f"job {number}", job.state.lower(), why)
    for run in runs_in(job.folder, below=True):
        if isinstance(run, FoundRun) and run.document.run.job == number:
            return _of_run(run)
    raise LiveError(f"job {number} is running, and no run of it tells anything below {job.folder} yet")


def _of_record(path: Path) -> tuple[str, dict[str, Any]]:
    from hpcd4p.record.explain import explanation
    from hpcd4p.record.phases import limits as shares
    from hpcd4p.record.reader import read_record

    with read_record(path) as record:
        record.require_scaling()
        scaling = record.scaling()
        text = explanation(record.summary, scaling, record.events(), record.survival())
        parts = [] if scaling is None else shares(scaling.ticks)
        limits = [{"kind": each.limit.value, "part": each.part} for each in parts]
        return text, {"run": str(path), "is": record.summary.state, "limits": limits}
