"""What is said of ranks that ended without a status of rank 0."""

from __future__ import annotations

import pytest

from hpcd4p.errors import Interrupted, MpiSetupError, RankLost
from hpcd4p.launch.outcome import Outcome

END = Outcome(4, "Open MPI 5 at mpirun", 137, word="begun 7", begun=True)


@pytest.mark.parametrize(
    ("outcome", "kind", "words"),
    [
        (END, RankLost, "rank 0 was killed: Open MPI 5 at mpirun ended with status 137"),
        (END._replace(several=True), RankLost, "rank 0 was killed, or a node of the job was lost"),
        (END._replace(survivors=False, ended=9), RankLost, "a rank, perhaps rank 0, was killed or ended its"),
        (END._replace(ended=0, word="", begun=False), MpiSetupError, "the 4 ranks did not start"),
        (END._replace(ended=1, word="", begun=False), MpiSetupError, "the 4 ranks did not start"),
        (END._replace(missing=(2,), begun=False), RankLost, "rank 2 of 4 ended before the run began"),
        (END._replace(left=True, ended=7), RankLost, "a rank left in the middle of the run"),
        (END._replace(asked_to_stop="SIGINT"), Interrupted, "interrupted by SIGINT: the 4 ranks were ended"),
        (
            END._replace(asked_to_stop="SIGINT", begun=False, missing=(0, 1)),
            Interrupted,
            "interrupted by SIGINT before the run began; nothing was run",
        ),
        (
            END._replace(word="interrupted", ended=0, begun=False),
            Interrupted,
            "interrupted by a signal before the run began; nothing was run",
        ),
    ],
)
def test_says_who_or_what_ended_the_ranks_as_far_as_it_is_known(outcome, kind, words):
    error = outcome.error()
    assert type(error) is kind
    assert words in str(error)
