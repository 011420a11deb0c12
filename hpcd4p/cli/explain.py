"""``hpcd4p explain``: what the auto-scaler did in a run, what its checkpoints cost, and why."""

from __future__ import annotations

from pathlib import Path

from hpcd4p.cli.options import Parser
from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.words import say


def command(argv: list[str], ranks: OtherRanks) -> int:
    """Give the exit status of ``hpcd4p explain ARGV``."""
    made = Parser(
        prog="hpcd4p explain",
        description="Say what the auto-scaler did in a run, what its checkpoints cost, and why.",
    )
    made.add_argument("file", metavar="FILE", help="a record, results/*.h5")
    options = made.parse(argv)

    from hpcd4p.record.explain import explanation
    from hpcd4p.record.reader import read_record

    with read_record(Path(options.file)) as record:
        record.require_scaling()
        say(explanation(record.summary, record.scaling(), record.events(), record.survival()))
    return 0
