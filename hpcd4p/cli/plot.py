"""``hpcd4p plot``: a run in a picture."""

from __future__ import annotations

from pathlib import Path

from hpcd4p.cli.options import Parser
from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.words import say
from hpcd4p.errors import RecordError


def command(argv: list[str], ranks: OtherRanks) -> int:
    """Give the exit status of ``hpcd4p plot ARGV``."""
    made = Parser(
        prog="hpcd4p plot",
        description="Draw when each rank was busy, idle or parked, and what the auto-scaler saw and did.",
    )
    made.add_argument(
        "-o", "--output", metavar="PICTURE",
        help="a file that ends in .png, .svg or .pdf (default: FILE with .png)",
    )  # fmt: skip
    made.add_argument("file", metavar="FILE", help="a record, results/*.h5")
    options = made.parse(argv)
    file = Path(options.file)
    path = Path(options.output) if options.output is not None else file.with_suffix(".png")

    from hpcd4p.record.picture import check_name, draw, load_matplotlib
    from hpcd4p.record.reader import read_record

    with read_record(file) as record:
        record.require_scaling()
        scaling, timelines = record.scaling(), record.timelines()
        if scaling is None or (timelines is None and not scaling.ticks):
            raise RecordError(f"{file}: nothing to draw: the run was made in one process, or ended at once")
        check_name(path)
        load_matplotlib()
        draw(path, record.summary, scaling, timelines)
    say(f"Picture: {path}")
    return 0
