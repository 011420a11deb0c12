"""``hpcd4p show``: what a record says."""

from __future__ import annotations

from pathlib import Path

from hpcd4p.cli.options import Parser
from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.words import say


def command(argv: list[str], ranks: OtherRanks) -> int:
    """Give the exit status of ``hpcd4p show ARGV``."""
    made = Parser(prog="hpcd4p show", description="Print the record of a run.")
    made.add_argument("--json", action="store_true", help="for programs")
    made.add_argument("file", metavar="FILE", help="a record, results/*.h5")
    options = made.parse(argv)

    from hpcd4p.record.reader import read_record
    from hpcd4p.record.show import record_json, record_text

    record = read_record(Path(options.file))
    if options.json:
        import json

        say(json.dumps(record_json(record), indent=2))
    else:
        say(record_text(record))
    return 0
