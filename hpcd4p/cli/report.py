"""``hpcd4p report``: the figures and tables of a study."""

from __future__ import annotations

from pathlib import Path

from hpcd4p.cli.options import Parser
from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.words import mention, say
from hpcd4p.errors import SettingsError

_ABOUT = """Make the report of a study: one HTML file that needs nothing else, its figures as PNG and SVG, its
tables as Markdown and LaTeX."""

_EPILOG = (
    """example: hpcd4p report results/policies.h5 --baseline autoscale=none --against results/before.h5"""
)

MOST_TOLD = 5
"""Lines of what is left out; the report has them all."""


def command(argv: list[str], ranks: OtherRanks) -> int:
    """Give the exit status of ``hpcd4p report ARGV``."""
    options = _parser().parse(argv)

    from hpcd4p.record.picture import load_matplotlib
    from hpcd4p.study.report.files import check_places, places_of, write_report
    from hpcd4p.study.report.report import KINDS, Wishes, make_report
    from hpcd4p.study.results.reader import read_results

    baseline = _baseline(options.baseline)
    kinds = tuple(dict.fromkeys(word.strip().lower() for word in options.format.split(",")))
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


def _parser() -> Parser:
    made = Parser(prog="hpcd4p report", description=_ABOUT, epilog=_EPILOG)
    made.add_argument(
        "-o", "--output", metavar="PLACE",
        help="a folder, or a file that ends in .html (default: STUDY-report beside FILE)",
    )  # fmt: skip
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
        default="png,svg",
        help="files of figures: png, svg, pdf (default png,svg)",
    )
    made.add_argument("file", metavar="FILE", help="the results of a study, results/STUDY.h5")
    return made


def _baseline(given: list[str]) -> dict[str, str]:
    baseline = {}
    for text in given:
        axis, equals, value = text.partition("=")
        if not equals or not axis or not value:
            raise SettingsError(f"--baseline takes AXIS=VALUE, such as autoscale=none; not {text!r}")
        baseline[axis.strip()] = value.strip()
    return baseline
