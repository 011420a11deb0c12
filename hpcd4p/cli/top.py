"""``hpcd4p top``: a run as a live page in the terminal."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, NamedTuple

from hpcd4p.cli.finding import RUN, all_runs, job_words, jobs_of, one_run, results_folder, several
from hpcd4p.cli.options import Parser
from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.status import ended_text
from hpcd4p.cli.words import mention, say
from hpcd4p.errors import SettingsError
from hpcd4p.live.found import FoundRun
from hpcd4p.live.text import nothing_under_way
from hpcd4p.packages import lack_of

if TYPE_CHECKING:
    from hpcd4p.top.paint import Paint
    from hpcd4p.top.several import Found
    from hpcd4p.top.watch import Viewer

_ABOUT = """Show a run as a live page: how far it is, its elements, its ranks over time, what limits it, what
failed. Of several runs a line each; of one that is over its record is replayed. `?` lists the keys."""

JOBS_S = 30.0
"""Slurm is asked for my jobs as often as that: it answers everybody."""

_PAGE_COLUMNS, _PAGE_ROWS = 100, 50
"""Of a page that goes into a pipe or a file, unless COLUMNS and LINES say otherwise."""


def command(argv: list[str], ranks: OtherRanks) -> int:
    """Give the exit status of ``hpcd4p top ARGV``."""
    made = Parser(prog="hpcd4p top", description=_ABOUT)
    made.add_argument("--results", metavar="FOLDER", default="results", help="(default results)")
    made.add_argument(
        "--speed",
        metavar="FACTOR",
        help="of the replay of a run that is over (default: so that it takes up to 30 s)",
    )
    made.add_argument("run", nargs="?", metavar="RUN", help=RUN)
    options = made.parse(argv)
    results = results_folder(options.results, made.get_default("results"))
    speed = _speed(options.speed)
    try:
        from hpcd4p.top.paint import Paint
    except ImportError as error:
        raise lack_of("rich", error) from error
    paint = Paint()
    shown = _shown(options.run, results, Speed(speed, paint.moves))
    if isinstance(shown, str):
        say(shown)
        return 0
    return _show(shown, paint)


class Speed(NamedTuple):
    """How a run that is over is shown."""

    factor: float | None
    moves: bool  # else as it was at its end


def _speed(text: str | None) -> float | None:
    if text is None:
        return None
    from hpcd4p.top.replay import LEAST_SPEED, MOST_SPEED

    try:
        speed = float(text.removeprefix("x"))
    except ValueError:
        speed = 0.0
    if not LEAST_SPEED <= speed <= MOST_SPEED:
        raise SettingsError(
            f"--speed must be a number from {LEAST_SPEED:g} to {MOST_SPEED:,.0f}, not {text!r}"
        )
    return speed


def _shown(run: str | None, results: Path, speed: Speed) -> Viewer | str:
    """What is to be looked at; or words, if there is nothing that moves."""
    from hpcd4p.top.watched import WatchedRun

    def replay(path: Path) -> Viewer:
        return _replay(path, speed)

    def watched(found: FoundRun) -> Viewer:
        return WatchedRun(found, replay)

    if run is not None and not several(run):
        live = one_run(run, results)
        if isinstance(live, FoundRun):
            return watched(live)
        return ended_text(live) if live.suffix == ".checkpoints" else replay(live)
    from hpcd4p.top.several import SeveralRuns

    find = _finder(run, results)
    seen = find()
    if not seen.runs and not seen.others:
        return nothing_under_way(seen.where)
    if len(seen.runs) == 1 and not seen.others and isinstance(seen.runs[0], FoundRun):
        return watched(seen.runs[0])
    return SeveralRuns(find, watched)


def _replay(path: Path, speed: Speed) -> Viewer:
    from hpcd4p.record.reader import read_record
    from hpcd4p.top.recorded import read
    from hpcd4p.top.replay import Replay

    with read_record(path) as record:
        return Replay(read(record), speed.factor, ended=not speed.moves)


def _finder(run: str | None, results: Path) -> Callable[[], Found]:
    """What looks for runs; Slurm is asked now and then only."""
    from hpcd4p.top.several import Found

    jobs, asked = jobs_of(run), time.monotonic()

    def find() -> Found:
        nonlocal jobs, asked
        if time.monotonic() - asked > JOBS_S:
            jobs, asked = jobs_of(run), time.monotonic()
        seen = all_runs(run, results, jobs)
        return Found(seen.runs, [job_words(job) for job in seen.mute], seen.where)

    return find


def _show(viewer: Viewer, paint: Paint) -> int:
    from hpcd4p.top.view import Size

    if not paint.moves:
        viewer.look(0.0)
        size = get_terminal_size((_PAGE_COLUMNS, _PAGE_ROWS))
        say("\n".join(_without_keys([paint(each).rstrip() for each in viewer.lines(Size(*size))])))
        if sys.stdout.isatty():
            mention(
                "this terminal cannot be drawn on (TERM): this is one page; `hpcd4p status --watch` goes on"
            )
        return 0
    from hpcd4p.top.screen import Ended, Screen
    from hpcd4p.top.watch import watch

    try:
        with Screen(paint) as screen:
            watch(viewer, screen)
    except KeyboardInterrupt:
        return 0
    except Ended as ended:
        signal.signal(ended.number, signal.SIG_DFL)  # whoever sent it sees that it was obeyed
        os.kill(os.getpid(), ended.number)
    return 0


def _without_keys(lines: Sequence[str]) -> list[str]:
    """A page of which nobody can press a key, without empty lines at its end."""
    kept = list(lines[:-1])
    while kept and not kept[-1]:
        kept.pop()
    return kept
