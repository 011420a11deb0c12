from __future__ import annotations

import pytest

from hpcd4p.cli.options import for_ranks
from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.run import command, parser
from hpcd4p.errors import SettingsError


def test_a_rank_does_not_start_ranks():
    ranks = OtherRanks()
    ranks.size = 4
    with pytest.raises(SettingsError, match=r"-n 8 inside a run of 4 ranks: .* leave -n out"):
        command(["w.py", "-n", "8"], ranks)


@pytest.mark.parametrize(
    ("given", "passed_on"),
    [
        ("-n 4", ""),
        ("-n4 w.py -i 3", "-i 3 w.py"),
        ("w.py --top 5 --ranks=4", "w.py -- --top 5"),
        ("--ranks 4 w.py --no-record -n 8", "--no-record w.py"),
    ],
)
def test_the_ranks_are_told_all_but_their_number(given, passed_on):
    assert for_ranks(given.split(), parser(explain=False)) == passed_on.split()
