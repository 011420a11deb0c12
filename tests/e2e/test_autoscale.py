"""The pool parks and wakes ranks, and the answer stays that of one process."""

from __future__ import annotations

import os
import signal
from functools import cache

import pytest

from tests.e2e.answers import missing_and_extra
from tests.e2e.harness import Runs
from tests.e2e.test_bad_words import GOOD
from tests.e2e.test_equality import CALLS, assert_same
from tests.e2e.test_kills import WORDS, needs_survivors
from tests.e2e.test_waiting import settled

CHAOS = ("--autoscale", "policies:Chaos", "--scale-s", "0.02")

PARKED_S = 6.0
MOST_PARKED = 0.005
"""Of a core."""


@pytest.fixture(scope="module")
def sequential(tmp_path_factory):
    """The run of one process, made once for each command line."""
    runs = Runs(tmp_path_factory.mktemp("sequential"))

    @cache
    def run(workflow, *words):
        ended = runs.run(workflow, 1, *words)
        assert ended.status == 0, ended.err
        return ended

    yield run
    runs.close()


@pytest.mark.parametrize("n", [3, 4, 8])
def test_a_pool_in_chaos_gives_the_answer_of_one_process(runs, sequential, n):
    words = ("-i", "600")
    assert_same(sequential("gallery", *words), runs.run("gallery", n, *words, *CHAOS), n)


@pytest.mark.parametrize("policy", ["none", "fixed:2", "queue", "idle", "knee"])
def test_every_policy_gives_the_answer_of_one_process(runs, sequential, policy):
    words = ("-i", str(CALLS))
    ended = runs.run("gallery", 6, *words, "--autoscale", policy, "--scale-s", "0.02")
    assert_same(sequential("gallery", *words), ended, 6)


def test_with_two_ranks_nobody_is_parked(runs, sequential):
    words = ("-i", str(CALLS))
    ended = runs.run("gallery", 2, *words, *CHAOS)
    assert_same(sequential("gallery", *words), ended, 2)
    assert [f.parked_s for f in ended.summary.ranks_figures] == [0.0, 0.0]


def test_a_parked_rank_uses_less_than_half_a_percent_of_a_core(runs):
    run = runs.start("idle", 6, "--autoscale", "fixed:1")
    run.until_touched("passed")
    # rank 1 is the stateful group, rank 2 the one that is active
    settled({f"rank {rank}": run.rank(rank) for rank in range(3, 6)}, PARKED_S, MOST_PARKED)
    ended = run.wait()
    assert ended.status == 0, ended.err
    parked = {f.rank: f.parked_s for f in ended.summary.ranks_figures}
    # the clock of a rank begins before it is told to park, and its last word comes before the run is over
    assert min(parked[rank] for rank in range(3, 6)) > PARKED_S / 2, parked
    assert parked[0] == parked[1] == parked[2] == 0.0


@needs_survivors
def test_a_rank_that_is_killed_while_it_is_parked_costs_nothing(runs, sequential):
    words = (*WORDS[:1], "700")
    expected = sequential("load", *words, "--task-ms", "0")
    run = runs.start("load", 8, *words, "--autoscale", "fixed:2")
    run.until(run.is_held)
    os.kill(run.rank(7), signal.SIGKILL)
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected.outputs, ended.outputs) == ""
    assert ended.lost() == {7}
    assert ended.leftovers == []


@needs_survivors
def test_when_all_active_ranks_are_killed_parked_ones_take_over(runs, sequential):
    words = (*WORDS[:1], "700")
    expected = sequential("load", *words, "--task-ms", "0")
    run = runs.start("load", 6, *words, "--autoscale", "fixed:1")
    run.until(run.is_held)
    os.kill(run.rank(2), signal.SIGKILL)
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected.outputs, ended.outputs) == ""
    assert ended.lost() == {2}


@pytest.mark.parametrize("policy", ["Raises", "Nonsense"])
def test_a_policy_that_fails_is_told_once_and_its_last_target_holds(runs, sequential, policy):
    words = ("-i", "600")
    run = runs.start("gallery", 5, *words, "--autoscale", f"policies:{policy}", "--scale-s", "0.02")
    run.until_touched("has-failed")
    ended = run.wait()
    assert_same(sequential("gallery", *words), ended, 5)
    told = [text for kind, text in ended.events if kind == "autoscale"]
    assert len(told) == 1, told
    assert "its last target, 1 ranks, holds" in told[0] or policy == "Nonsense"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--autoscale", "fast"), "none, fixed:K, knee, queue, idle, or MODULE:CLASS"),
        (("--autoscale", "fixed:x"), "expected fixed:K"),
        (("--autoscale", "fixed:9", "-n", "4"), "only 4 ranks can work for the pool"),
        (("--autoscale", "no_such_module:Policy"), "the module cannot be imported"),
        (("--autoscale", "os:Policy"), "the module has no Policy"),
        (("--autoscale", "os:getcwd"), "raised TypeError"),
        (("--autoscale", "builtins:list"), "it has no method decide"),
        (("--min-active", "3", "--max-active", "2"), "--min-active 3 is more than --max-active 2"),
        (("--min-active", "9", "-n", "4"), "only 4 ranks can work for the pool"),
        (("--min-active", "0"), "must be from 1"),
    ],
)
def test_a_policy_or_a_bound_that_cannot_be_is_one_message(hpcd4p, words, says):
    ended = hpcd4p("run", *words, "w.py", workflow=GOOD)
    assert ended.status == 2, ended.err
    assert says in ended.err
    assert ended.err.count("hpcd4p: error") == 1, ended.err
    assert "Traceback" not in ended.err
