"""``hpcd4p report``: the page of a run, or the figures and tables of a study."""

from __future__ import annotations

from pathlib import Path

from hpcd4p.cli.options import Parser
from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.run_page import run_command
from hpcd4p.cli.words import mention, say
from hpcd4p.errors import RecordError, SettingsError

_ABOUT = """Make the page of a run, one HTML file that needs nothing else: its graph, how long tuples took,
what each rank did, what waited, what failed. With --live while it goes on. Or the report of a study: a page,
its figures as PNG and SVG, its tables as Markdown and LaTeX."""

_EPILOG = """examples: hpcd4p report results/factors-20261123T223656Z-6ff7.h5;
hpcd4p report results/policies.h5 --baseline autoscale=none --against results/before.h5"""

FORMAT = "png,svg"

MOST_TOLD = 5
"""Lines of what is left out; the report has them all."""


def command(argv: list[str], ranks: OtherRanks) -> int:
    """Give the exit status of ``hpcd4p report ARGV``."""
    options = _parser().parse(argv)
    if options.live or not _is_study(Path(options.file)):
        for flag in ("against", "baseline", "timeline", "format"):
            if getattr(options, flag):
                raise SettingsError(f"--{flag} is for the results file of a study; {options.file} is a run")
        return run_command(options.file, options.output, options.live)

    from hpcd4p.record.picture import load_matplotlib
    from hpcd4p.study.report.files import check_places, places_of, write_report
    from hpcd4p.study.report.report import KINDS, Wishes, make_report
    from hpcd4p.study.results.reader import read_results

    baseline = _baseline(options.baseline)
    kinds = tuple(dict.fromkeys(word.strip().lower() for word in (options.format or FORMAT).split(",")))
    wrong = [kind for kind in kinds if kind not in KINDS]
    if wrong:
        raise SettingsError(f"--format takes {', '.join(KINDS)}, with commas between them; not {wrong[0]!r}")
    results = read_results(Path(options.file))
    other = read_results(Path(options.against)) if options.against is not None else None
    places = places_of(Path(options.file), results.name, options.output)
    check_places(places)
    load_matplotlib()
    made = make_report(results, other, Wishes(baseline, kinds, tuple(options.timeline), places.files))
    write_report(places, made.page, made.files)
    say("\n".join(made.says))
    for what in made.left_out[:MOST_TOLD]:
        mention(f"left out: {what}")
    if len(made.left_out) > MOST_TOLD:
        mention(f"left out: {len(made.left_out) - MOST_TOLD} more, listed in the report")
    say(f"Report: {places.page}")
    return 0


def _is_study(path: Path) -> bool:
    """Whether a file is of a study; raises `RecordError` for one that is neither that nor a record."""
    if not path.is_file():
        return False
    from hpcd4p.record.reader import schema_of
    from hpcd4p.record.writer import SCHEMA as RECORD
    from hpcd4p.study.schema import SCHEMA as STUDY

    schema = schema_of(path)
    if schema not in (RECORD, STUDY):
        raise RecordError(
            f"{path} is an HDF5 file, but neither the record of a run nor the results file of a study: its "
            f"attribute 'schema' is {schema!r}, expected {RECORD!r} or {STUDY!r}"
        )
    return schema == STUDY


def _parser() -> Parser:
    made = Parser(prog="hpcd4p report", description=_ABOUT, epilog=_EPILOG)
    made.add_argument(
        "-o", "--output", metavar="PLACE",
        help="a file that ends in .html, or a folder (default: RUN.html or STUDY-report, beside FILE)",
    )  # fmt: skip
    made.add_argument("--live", action="store_true", help="of a run: write its page again every few seconds")
    made.add_argument("--against", metavar="OTHER", help="a second results file, compared point by point")
    made.add_argument(
        "--baseline", metavar="AXIS=VALUE", action="append", default=[],
        help="what the values of an axis are compared with; may be repeated (default: the study's, else the "
        "first value)",
    )  # fmt: skip
    made.add_argument(
        "--timeline", metavar="KEY", action="append", default=[],
        help="a run that gets a rank timeline, * for anything; may be repeated (default: the study's, else "
        "two with the most ranks)",
    )  # fmt: skip
    made.add_argument(
        "--format",
        metavar="KINDS",
        help=f"files of figures: png, svg, pdf (default {FORMAT})",
    )
    made.add_argument(
        "file",
        metavar="FILE",
        help="the record of a run, or the results of a study (results/*.h5); a run's name",
    )
    return made


def _baseline(given: list[str]) -> dict[str, str]:
    baseline = {}
    for text in given:
        axis, equals, value = text.partition("=")
        if not equals or not axis or not value:
            raise SettingsError(f"--baseline takes AXIS=VALUE, such as autoscale=none; not {text!r}")
        baseline[axis.strip()] = value.strip()
    return baseline
