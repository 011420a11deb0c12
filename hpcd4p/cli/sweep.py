"""``hpcd4p sweep``: a scaling study, from its file to its results file; with ``status``: how far it is."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hpcd4p.cli.known_settings import all_settings
from hpcd4p.cli.options import Parser, whole_number
from hpcd4p.cli.precheck import refusal
from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.words import complain, mention, say
from hpcd4p.errors import Interrupted, SettingsError
from hpcd4p.study.definition.points import Point, covering, points_of
from hpcd4p.study.definition.study import Study
from hpcd4p.study.definition.study_file import CLUSTERS, read_study
from hpcd4p.study.running.folder import StudyFolder
from hpcd4p.study.running.states import RETRY, PointState

_ABOUT = """Run every point of a scaling study that has not been run, and write RESULTS/STUDY.h5. Started
again, it does only what is missing; what Slurm has goes on without it. `sweep status STUDY` tells how far it
is."""

_EPILOG = """exit status: 0 all points completed; 1 some failed; 2 something to mend; 3 stopped before
the end, start it again to go on. configs/study-reference.toml describes every key of a study;
`hpcd4p init` writes configs/"""

LOCK = "driver.lock"
"""In the folder of a study that a driver follows."""

WATCH_S = 2.0


def command(argv: list[str], ranks: OtherRanks) -> int:
    """Give the exit status of ``hpcd4p sweep ARGV``."""
    made = _parser()
    options = made.parse(argv)
    words = options.words
    status = words[0] == "status" and len(words) > 1
    if len(words) > 1 + status:
        made.error(f"unexpected argument {words[1 + status]!r}")
    if ranks.size > 1:
        raise SettingsError(
            f"sweep inside a run of {ranks.size} ranks: it starts the ranks of each point itself"
        )
    known = frozenset(all_settings())
    study = _overridden(read_study(Path(words[-1]), known), options.cluster, options.at_once)
    points = points_of(study, known)
    folder = StudyFolder(Path(options.results), study.name)
    if status:
        return _status(study, folder, points, options.watch)
    if options.retry is not None and options.retry not in RETRY:
        raise SettingsError(f"--retry takes {' or '.join(RETRY)}, not {options.retry!r}")
    if options.dry_run:
        return _dry_run(study, points)
    return _run(study, folder, points, options.retry, argv)


def _parser() -> Parser:
    made = Parser(
        prog="hpcd4p sweep",
        usage="hpcd4p sweep [status] [options] STUDY.toml",
        description=_ABOUT,
        epilog=_EPILOG,
    )
    made.add_argument("words", nargs="+", metavar="STUDY.toml", help="the file of the study")
    made.add_argument("--cluster", metavar="NAME", help=f"instead of the study's: {', '.join(CLUSTERS)}")
    made.add_argument("--at-once", metavar="N", help="points that may run at once, instead of the study's")
    made.add_argument("--results", metavar="FOLDER", default="results", help="(default results)")
    made.add_argument("--dry-run", action="store_true", help="list the points, their cost and the batch text")
    made.add_argument(
        "--retry", metavar="WHAT", help="run points again that ended badly: failed (all of them), timed-out"
    )
    made.add_argument("--watch", action="store_true", help="with status: show it again until all has ended")
    return made


def _overridden(study: Study, cluster: str | None, at_once: str | None) -> Study:
    launch = study.launch
    if cluster is not None:
        if cluster not in CLUSTERS:
            raise SettingsError(f"--cluster takes {', '.join(CLUSTERS)}; not {cluster!r}")
        launch = replace(launch, cluster=cluster)
    if launch.cluster == "auto":
        from hpcd4p.study.running.launchers import cluster_here

        launch = replace(launch, cluster=cluster_here())
    most = whole_number(at_once, "--at-once", 1, 100_000, None)
    return replace(study, launch=replace(launch, at_once=most or launch.at_once))


def _status(study: Study, folder: StudyFolder, points: Sequence[Point], watch: bool) -> int:
    from hpcd4p.study.running.driver import Driver
    from hpcd4p.study.running.overview import states_text, status_of

    if not folder.path.is_dir():
        raise SettingsError(
            f"{folder.path} does not exist: this study has not been started (or with other --results)"
        )
    driver = Driver(study, folder, points, lambda now: None)
    while True:
        states = driver.states()
        clear = "\x1b[2J\x1b[H" if watch and sys.stdout.isatty() else ""
        say(clear + "\n".join(states_text(study, states)))
        status = status_of(states)
        if not watch or status != 3:
            return status
        time.sleep(WATCH_S)


def _dry_run(study: Study, points: Sequence[Point]) -> int:
    from hpcd4p.study.running.launchers import batch_texts
    from hpcd4p.study.running.overview import points_text

    _check_workflow(points)
    say("\n".join(points_text(study, points)))
    if study.launch.cluster == "slurm":
        for text in batch_texts(study, points):
            say(f"\n{text}")
    return 0


def _run(
    study: Study, folder: StudyFolder, points: Sequence[Point], retry: str | None, argv: list[str]
) -> int:
    from hpcd4p.study.running.driver import Driver
    from hpcd4p.study.running.one_writer import only_one
    from hpcd4p.study.running.overview import ended_text, result_text, status_of

    _check_workflow(points)
    done = 0
    total = 0

    def say_end(now: PointState) -> None:
        nonlocal done
        done += 1
        say(ended_text(now, done, total))

    driver = Driver(study, folder, points, say_end)
    lock = folder.path / LOCK
    with only_one(lock, f"the study {study.name} is followed by", f"the study folder {folder.path}"):
        try:
            total = driver.start(retry, "python -m hpcd4p sweep " + " ".join(argv))
            total += driver.adopted
            say(
                f"{study.name}: {total} of {len(points)} points to run ({study.launch.cluster})"
                if total
                else f"{study.name}: nothing to do, all {len(points)} points have been run"
            )
            driver.follow()
        except KeyboardInterrupt:
            where = "; what Slurm has goes on" if study.launch.cluster == "slurm" else ""
            complain(f"interrupted{where}; start the same command again to go on")
            return Interrupted.status
        states = driver.states()
        _collect(study, folder)
    say("\n".join(result_text(study, states)))
    say(f"Results: {folder.results_file}   (python -m hpcd4p report {folder.results_file})")
    status = status_of(states)
    if status == 1:
        mention("to run the points that ended badly again: the same command with --retry failed")
    return status


def _collect(study: Study, folder: StudyFolder) -> None:
    from hpcd4p.study.results.collect import collect

    collect(folder.path, folder.results_file)


def _check_workflow(points: Sequence[Point]) -> None:
    """See that the workflow loads and takes its options, with every value of every axis."""
    for point in covering([p for p in points if p.repeat == 1]):
        why = refusal(point.words[1:])
        if why:
            raise SettingsError(f"point {point.key} cannot be run: {why}")
