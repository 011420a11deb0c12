"""``hpcd4p status``: how far runs are, from what they tell beside their records."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from hpcd4p.cli.options import Parser
from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.words import say
from hpcd4p.errors import LiveError
from hpcd4p.launch.my_jobs import MyJob, my_jobs
from hpcd4p.live.document import to_text
from hpcd4p.live.file import SUFFIX
from hpcd4p.live.found import FoundRun, Life, Unreadable, found, runs_in
from hpcd4p.live.text import run_text, runs_text

_ABOUT = """Say how far runs are: all that are under way in the folder of records and in your Slurm jobs, a
line each; or all that is known of RUN, while it goes on and afterwards."""

_RUN = "its record (results/*.h5), which need not be there yet, its name, or a folder of runs"

WATCH_S = 1.0
"""A run tells as often as that."""

OURS = "hpcd4p"
"""Name of a job that `submit` and the batch scripts have made."""

SUFFIXES = (".h5", ".hdf5", SUFFIX, ".checkpoints")


def command(argv: list[str], ranks: OtherRanks) -> int:
    """Give the exit status of ``hpcd4p status ARGV``."""
    made = Parser(prog="hpcd4p status", description=_ABOUT)
    made.add_argument("--json", action="store_true", help="for programs")
    made.add_argument("--watch", action="store_true", help="again every second, until nothing is under way")
    made.add_argument("--results", metavar="FOLDER", default="results", help="(default results)")
    made.add_argument("run", nargs="?", metavar="RUN", help=_RUN)
    options = made.parse(argv)
    results = Path(options.results)
    if not results.is_dir() and options.results != made.get_default("results"):
        raise LiveError(f"{results} is no folder: --results takes the folder of the records")
    while True:
        told, going = _told(options.run, results, options.json)
        clear = "\x1b[2J\x1b[H" if options.watch and sys.stdout.isatty() else ""
        say(clear + told)
        if not (options.watch and going):
            return 0
        time.sleep(WATCH_S)


def _told(run: str | None, results: Path, as_json: bool) -> tuple[str, bool]:
    """What is to be said, and whether anything is under way."""
    if run is None:
        return _all_told(_everywhere(results), as_json)
    if Path(run).is_dir() and Path(run).suffix not in SUFFIXES:
        return _all_told((list(runs_in(Path(run), below=True)), [], f"below {run}"), as_json)
    place = _place(run, results)
    live = found(place.with_name(place.name + SUFFIX))
    if isinstance(live, Unreadable):
        raise LiveError(live.why)
    if live is not None:
        return json.dumps(_plain(live), indent=2) if as_json else run_text(live), _goes(live)
    for suffix in (".h5", ".hdf5", ".checkpoints"):
        path = place.with_name(place.name + suffix)
        if path.exists():
            return _ended(path, as_json), False
    names = [each.folder.stem for each in runs_in(results)]
    others = f"; there are {', '.join(names[:10])}" if names else ""
    raise LiveError(f"there is no run {run}, under way or ended, also not in {results}{others}")


def _place(run: str, results: Path) -> Path:
    """The path of a run without a suffix: as it was given, or in the folder of records."""
    given = Path(run)
    place = given.with_suffix("") if given.suffix in SUFFIXES else given
    here = [place, results / place] if place.parent == Path() else [place]
    for each in here:
        if each.name and any(each.with_name(each.name + suffix).exists() for suffix in SUFFIXES):
            return each
    begins = (
        {left.stem for left in results.glob(f"{run}*") if left.suffix in SUFFIXES} if len(here) > 1 else ()
    )
    return results / begins.pop() if len(begins) == 1 else place


def _ended(path: Path, as_json: bool) -> str:
    """The last state of a run that tells no status any more."""
    from hpcd4p.results.finished import FinishedRun
    from hpcd4p.results.kept import KeptRun
    from hpcd4p.results.opening import open as open_run

    with open_run(path) as run:
        if as_json:
            from hpcd4p.record.show import plain

            return json.dumps({"run": str(path), "is": run.status, "figures": plain(run.figures)}, indent=2)
        if isinstance(run, KeptRun):
            from hpcd4p.results.text import kept_text

            return kept_text(run)
        from hpcd4p.record.report import summary_text

        assert isinstance(run, FinishedRun)
        return summary_text(run.record.summary, run.failures, path)


def _everywhere(results: Path) -> tuple[list[FoundRun | Unreadable], list[MyJob], str]:
    """Runs in the folder of records and in those of my jobs; jobs of which no run tells anything; where."""
    jobs = my_jobs()
    numbers = None if jobs is None else {job.number for job in jobs}
    folders = {results.resolve(): results}
    for job in jobs or ():
        folders.setdefault((job.folder / "results").resolve(), job.folder / "results")
    runs: list[FoundRun | Unreadable] = []
    for folder in folders.values():
        all_of = folder == results
        runs += [each for each in runs_in(folder, numbers) if all_of or _is_of(each, numbers or set())]
    told = {each.document.run.job for each in runs if isinstance(each, FoundRun)}
    mute = [job for job in jobs or () if job.name.startswith(OURS) and job.number not in told]
    return runs, mute, f"in {results}"


def _is_of(run: FoundRun | Unreadable, jobs: set[str]) -> bool:
    return isinstance(run, FoundRun) and run.document.run.job in jobs


def _all_told(seen: tuple[list[FoundRun | Unreadable], list[MyJob], str], as_json: bool) -> tuple[str, bool]:
    runs, mute, where = seen
    going = any(_goes(run) for run in runs) or bool(mute)
    if as_json:
        jobs = [{"job": job.number, "state": job.state, "reason": job.reason} for job in mute]
        return json.dumps({"runs": [_plain(run) for run in runs], "jobs": jobs}, indent=2), going
    lines = runs_text(runs)
    lines += [
        f"job {job.number}: {job.state.lower()} ({job.reason}), no run of it tells anything" for job in mute
    ]
    if not lines:
        lines = [f"no run is under way {where}; a run tells its status from its second second on"]
    return "\n".join(lines), going


def _goes(run: FoundRun | Unreadable) -> bool:
    return isinstance(run, FoundRun) and run.life in (Life.UNDER_WAY, Life.SILENT)


def _plain(run: FoundRun | Unreadable) -> dict[str, Any]:
    if isinstance(run, Unreadable):
        return {"folder": str(run.folder), "problem": run.why}
    return {
        "folder": str(run.folder),
        "is": run.life.value,
        "silent_s": run.silent_s,
        "status": json.loads(to_text(run.document)),
    }
