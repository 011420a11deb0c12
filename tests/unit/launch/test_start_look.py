from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from hpcd4p.launch.start_look import seen_here
from tests.unit.live.documents import identity

WAITS = "import sys; print(flush=True); sys.stdin.read()"
HERE = os.uname().nodename


@pytest.fixture
def ranks() -> Iterator[list[int]]:
    """Two processes that look like ranks of a job, under the same parent."""
    with ExitStack() as stack:
        found = []
        for rank in ("0", "1"):
            environ = os.environ | {
                "SLURM_PROCID": rank, "SLURM_LOCALID": rank, "SLURM_JOB_ID": "991", "SLURM_NODEID": "0",
                "SLURM_STEP_TASKS_PER_NODE": "3", "SLURM_JOB_NODELIST": "c[11-12]",
                "OMPI_COMM_WORLD_RANK": "",
            }  # fmt: skip
            words = [sys.executable, "-c", WAITS, "hpcd4p"]
            child = subprocess.Popen(words, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            stack.enter_context(child)
            stack.callback(child.kill)
            assert child.stdout is not None
            child.stdout.readline()  # it has begun
            found.append(child.pid)
        yield found


@pytest.mark.parametrize("host", [HERE, "elsewhere"])
def test_ranks_of_this_host_are_seen_by_the_process_of_rank_0_or_by_their_job(ranks, host):
    seen = seen_here(identity(host=host, pid=ranks[0], job="991"))
    assert seen is not None
    assert (seen.host, seen.expected, seen.nodes) == (HERE, 3, "c[11-12]")
    assert [(each.rank, each.pid, each.has_mpi) for each in seen.ranks] == [
        (0, ranks[0], False),
        (1, ranks[1], False),
    ]


@pytest.mark.parametrize("given", [{"host": "elsewhere", "job": "17"}, {"host": "elsewhere"}, {"host": HERE}])
def test_where_no_rank_is_here_nothing_is_seen(ranks, given):
    assert seen_here(identity(pid=2**22 + 1, **given)) is None
