"""Where the runs are that a user may mean: in the folder of records, in those of their jobs, by name."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import NamedTuple

from hpcd4p.errors import LiveError
from hpcd4p.launch.my_jobs import MyJob, my_jobs
from hpcd4p.live.file import SUFFIX
from hpcd4p.live.found import FoundRun, Life, Unreadable, found, runs_in

OURS = "hpcd4p"
"""Name of a job that `submit` and the batch scripts have made."""

SUFFIXES = (".h5", ".hdf5", SUFFIX, ".checkpoints")

RUN = "its record (results/*.h5), which need not be there yet, its name, or a folder of runs"
"""Help for the word that names a run."""


class Seen(NamedTuple):
    """What is seen of several runs."""

    runs: list[FoundRun | Unreadable]
    mute: list[MyJob]
    """Jobs of which no run tells anything."""
    where: str


def results_folder(given: str, default: str) -> Path:
    """The folder of the records; one that was given must be there."""
    results = Path(given)
    if not results.is_dir() and given != default:
        raise LiveError(f"{results} is no folder: --results takes the folder of the records")
    return results


def several(run: str | None) -> bool:
    """Whether several runs are meant: nothing was said, or a folder of them."""
    return run is None or (Path(run).is_dir() and Path(run).suffix not in SUFFIXES)


def all_runs(run: str | None, results: Path, jobs: list[MyJob] | None) -> Seen:
    """Those below a folder; if none was named, those of the folder of records and of `jobs`."""
    if run is not None:
        return Seen(list(runs_in(Path(run), below=True)), [], f"below {run}")
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
    return Seen(runs, mute, f"in {results}")


def jobs_of(run: str | None) -> list[MyJob] | None:
    """My jobs, if they count: no folder of runs was named."""
    return my_jobs() if run is None else None


def one_run(run: str, results: Path) -> FoundRun | Path:
    """A run that tells its status; or the record or the checkpoints of one that does not any more.

    Raises
    ------
    LiveError
        There is none, or its status cannot be read.
    """
    seen = left_of(run, results)
    if isinstance(seen, Unreadable):
        raise LiveError(seen.why)
    if seen is not None:
        return seen
    names = [each.folder.stem for each in runs_in(results)]
    others = f"; there are {', '.join(names[:10])}" if names else ""
    raise LiveError(f"there is no run {run}, under way or ended, also not in {results}{others}")


def left_of(run: str, results: Path) -> FoundRun | Unreadable | Path | None:
    """The status of a run, else its record, else its checkpoints; None: there is nothing of it."""
    place = place_of(run, results)
    live = found(place.with_name(place.name + SUFFIX))
    if live is not None:
        return live
    paths = (place.with_name(place.name + suffix) for suffix in (".h5", ".hdf5", ".checkpoints"))
    return next((path for path in paths if path.exists()), None)


def unfinished(run: str, checkpoints: Path) -> str:
    """A run of which there is nothing but its checkpoints, in words."""
    return (
        f"{run} has not finished, and tells nothing any more; go on from its last checkpoint with  "
        f"hpcd4p resume {shlex.quote(str(checkpoints))}"
    )


def job_words(job: MyJob) -> str:
    """A job of which no run tells anything."""
    return f"job {job.number}: {job.state.lower()} ({job.reason}), no run of it tells anything"


def goes(run: FoundRun | Unreadable) -> bool:
    """Whether a run may tell something new."""
    return isinstance(run, FoundRun) and run.life in (Life.UNDER_WAY, Life.SILENT)


def place_of(run: str, results: Path) -> Path:
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


def _is_of(run: FoundRun | Unreadable, jobs: set[str]) -> bool:
    return isinstance(run, FoundRun) and run.document.run.job in jobs
