"""What `hpcd4p.run` starts on ranks; not for users."""

from __future__ import annotations

from pathlib import Path

from hpcd4p.cli.ranks import OtherRanks


def command(argv: list[str], ranks: OtherRanks) -> int:
    """Give the exit status of the run whose `RunSpec` is in the file ARGV."""
    from hpcd4p.launch.api import answer_call
    from hpcd4p.launch.crew import Crew

    # with an unknown launcher this looks like the only rank; meeting the others shows how many there are
    return answer_call(Path(argv[0]), ranks.crew or Crew())
