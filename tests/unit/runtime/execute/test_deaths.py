"""Who has died with a task, in words: ranks, and a process beside one."""

from __future__ import annotations

import pytest

from hpcd4p.runtime.execute.deaths import had_died, ranks_died
from hpcd4p.wire.messages import Task

BESIDE = "; the process that ran its task beside rank 3 had died by SIGKILL"
RANK = "; 1 rank had died with the task that it came in"


@pytest.mark.parametrize(
    ("attempts", "beside", "ranks", "words"),
    [
        (0, "", 0, ""),
        (1, "", 1, RANK),
        (1, "3 by SIGKILL", 0, BESIDE),
        (2, "3 by SIGKILL", 1, BESIDE + RANK),
        (2, "", 2, "; 2 ranks had died with the task that it came in"),
    ],
)
def test_all_that_have_died_are_told(attempts, beside, ranks, words):
    task = Task(0, "1", 1, b"", attempts, (), beside)
    assert (ranks_died(task), had_died(task)) == (ranks, words)
