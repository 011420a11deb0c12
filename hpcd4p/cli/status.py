"""``hpcd4p status``: how far runs are, from what they tell beside their records."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from hpcd4p.cli.finding import (
    RUN,
    Seen,
    all_runs,
    goes,
    job_words,
    jobs_of,
    one_run,
    results_folder,
    several,
)
from hpcd4p.cli.options import Parser
from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.words import say
from hpcd4p.launch.why_now import limits_now
from hpcd4p.live.document import to_text
from hpcd4p.live.found import FoundRun, Unreadable
from hpcd4p.live.text import nothing_under_way, run_text, runs_text

_ABOUT = """Say how far runs are: all that are under way in the folder of records and in your Slurm jobs, a
line each; or all that is known of RUN, while it goes on and afterwards."""

WATCH_S = 1.0
"""A run tells as often as that."""


def command(argv: list[str], ranks: OtherRanks) -> int:
    """Give the exit status of ``hpcd4p status ARGV``."""
    made = Parser(prog="hpcd4p status", description=_ABOUT)
    made.add_argument("--json", action="store_true", help="for programs")
    made.add_argument("--watch", action="store_true", help="again every second, until nothing is under way")
    made.add_argument("--results", metavar="FOLDER", default="results", help="(default results)")
    made.add_argument("run", nargs="?", metavar="RUN", help=RUN)
    options = made.parse(argv)
    results = results_folder(options.results, made.get_default("results"))
    while True:
        told, going = _told(options.run, results, options.json)
        clear = "\x1b[2J\x1b[H" if options.watch and sys.stdout.isatty() else ""
        say(clear + told)
        if not (options.watch and going):
            return 0
        time.sleep(WATCH_S)


def _told(run: str | None, results: Path, as_json: bool) -> tuple[str, bool]:
    """What is to be said, and whether anything is under way."""
    if run is None or several(run):
        return _all_told(all_runs(run, results, jobs_of(run)), as_json)
    live = one_run(run, results)
    if isinstance(live, FoundRun):
        return json.dumps(_plain(live), indent=2) if as_json else run_text(live, limits_now(live)), goes(live)
    return ended_text(live, as_json), False


def ended_text(path: Path, as_json: bool = False) -> str:
    """The last state of a run that tells no status any more: its record, or its checkpoints."""
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


def _all_told(seen: Seen, as_json: bool) -> tuple[str, bool]:
    going = any(goes(run) for run in seen.runs) or bool(seen.mute)
    if as_json:
        jobs = [{"job": job.number, "state": job.state, "reason": job.reason} for job in seen.mute]
        return json.dumps({"runs": [_plain(run) for run in seen.runs], "jobs": jobs}, indent=2), going
    lines = [*runs_text(seen.runs), *map(job_words, seen.mute)]
    return "\n".join(lines or [nothing_under_way(seen.where)]), going


def _plain(run: FoundRun | Unreadable) -> dict[str, Any]:
    if isinstance(run, Unreadable):
        return {"folder": str(run.folder), "problem": run.why}
    return {
        "folder": str(run.folder),
        "is": run.life.value,
        "silent_s": run.silent_s,
        "status": json.loads(to_text(run.document)),
    }
