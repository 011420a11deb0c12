"""``hpcd4p collect``: the results file of a study, made anew from the run records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hpcd4p.cli.options import Parser
from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.words import say

if TYPE_CHECKING:
    from hpcd4p.study.results.collect import Collected

_ABOUT = """Make the results file of a study anew from its run records, and from the markers of its attempts
if they are there. DIR is the folder of the study, results/STUDY, or any folder with run records below it."""

_EPILOG = """The file goes beside the folder of the study, results/STUDY.h5; what is there is replaced in one
step. It links to the records; with --merge it holds them, and can be passed on alone."""

MOST_NOTES = 20
"""Lines about attempts that could not be read; more of them say nothing new."""


def command(argv: list[str], ranks: OtherRanks) -> int:
    """Give the exit status of ``hpcd4p collect ARGV``."""
    made = Parser(prog="hpcd4p collect", description=_ABOUT, epilog=_EPILOG)
    made.add_argument(
        "-o", "--output", metavar="FILE", help="the results file (default: STUDY.h5, see below)"
    )
    made.add_argument("--merge", action="store_true", help="copy the run records into it")
    made.add_argument("--study", metavar="NAME", help="which study, where DIR has attempts of several")
    made.add_argument("folder", metavar="DIR", help="results/STUDY, or a folder with run records below it")
    options = made.parse(argv)

    from hpcd4p.study.results.collect import collect

    output = Path(options.output) if options.output else None
    say("\n".join(report(collect(Path(options.folder), output, options.study, options.merge))))
    return 0


def report(collected: Collected) -> list[str]:
    """Give what was collected, in words."""
    from hpcd4p.record.table import count, table
    from hpcd4p.study.results.collect import counted

    points = len({row["key"] for row in collected.rows})
    lines = [f"{collected.study}: {count(len(collected.rows), 'attempt')} at {count(points, 'point')}"]
    lines += table(["state", "attempts"], [[state, f"{n:,}"] for state, n in counted(collected.rows).items()])
    # from the rows: what could not be copied is noted there, too
    notes = [f"{f.key}, attempt {f.attempt}: {f.unreadable}" for f in collected.attempts if f.unreadable]
    notes += collected.notes
    if notes:
        lines += ["not read, or left out:", *(f"  {note}" for note in notes[:MOST_NOTES])]
        lines += [f"  ... and {len(notes) - MOST_NOTES:,} more"] if len(notes) > MOST_NOTES else []
    return [*lines, f"Results: {collected.path}"]
