"""``hpcd4p show``: what a record says, or what is known of a run that has not finished."""

from __future__ import annotations

from hpcd4p.cli.options import Parser
from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.words import say


def command(argv: list[str], ranks: OtherRanks) -> int:
    """Give the exit status of ``hpcd4p show ARGV``."""
    made = Parser(
        prog="hpcd4p show",
        description="Print the record of a run, or what is known of one that has not finished.",
    )
    made.add_argument("--json", action="store_true", help="for programs")
    made.add_argument(
        "file",
        metavar="FILE",
        help="a record, results/*.h5; or the checkpoints of a run, results/*.checkpoints",
    )
    options = made.parse(argv)

    from hpcd4p.results.finished import FinishedRun
    from hpcd4p.results.kept import KeptRun
    from hpcd4p.results.opening import open as open_run

    with open_run(options.file) as run:
        if isinstance(run, KeptRun):
            from hpcd4p.results.text import kept_json, kept_text

            told = kept_json(run) if options.json else kept_text(run)
        else:
            from hpcd4p.record.show import record_json, record_text

            assert isinstance(run, FinishedRun)
            told = record_json(run.record) if options.json else record_text(run.record)
    if isinstance(told, dict):
        import json

        told = json.dumps(told, indent=2)
    say(told)
    return 0
