"""What a run needs dies: it goes on in its job, on the ranks that live, with the answer of one process."""

from __future__ import annotations

import os
import re
import signal
from contextlib import suppress

import pytest

from hpcd4p.transport.redis_admin import RedisAdmin
from hpcd4p.wire.keys import RUNS
from tests.e2e.answers import missing_and_extra
from tests.e2e.harness import MPICH, Ended, Run, Runs
from tests.e2e.sabotage import shared_redis
from tests.e2e.survival_loop import WORKFLOWS, epochs, letters, sequential

WORDS = ("--checkpoint", "0.3")

HERE = re.compile(r"hpcd4p: (.+); it goes on from (?:checkpoint (\d+)|its start), on (\d+) of (\d+) ranks")


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What one process gives, by workflow."""
    known = {}
    runs = Runs(tmp_path_factory.mktemp("sequential"))

    def answer(workflow):
        if workflow not in known:
            known[workflow] = sequential(runs, workflow)
        return known[workflow]

    yield answer
    runs.close()


def until_next(run: Run) -> None:
    """Wait for a checkpoint that is not there yet."""
    before = epochs(run.folder)
    run.until(lambda: epochs(run.folder)[-1:] != before[-1:])


def kill(run: Run, *who: int | str) -> None:
    """SIGKILL ranks, or Redis."""
    for pid in [run.redis() if each == "redis" else run.rank(int(each)) for each in who]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def until_here(run: Run, times: int = 1) -> None:
    """Wait until the run has gone on so often."""
    run.until(lambda: len(HERE.findall((run.folder / "err").read_text())) >= times)


def assert_right(ended: Ended, answer, times: int = 1) -> list[tuple[str, ...]]:
    outputs, failed = answer
    assert ended.status == (1 if failed else 0), ended.err
    assert missing_and_extra(outputs, ended.outputs) == ""
    assert letters(ended) == failed
    assert ended.leftovers == []
    said = HERE.findall(ended.err)
    assert len(said) == times, ended.err
    assert "Traceback" not in ended.err
    told = [text for kind, text in ended.events if kind == "resumed" and "it goes on from" in text]
    assert told, ended.events
    return said


CASES = {
    "the stateful rank": ("survivor", 4, "hybrid", (1,)),
    "Redis": ("survivor", 4, "hybrid", ("redis",)),
    "two stateful ranks": ("survivor range", 12, "hybrid", (1, 2)),
    "one beside a rank of the pool": ("load", 8, "hybrid", (1, 6)),
    "arrays in shared memory": ("arrays", 4, "hybrid", (1,)),
    "static": ("survivor", 5, "static", (2,)),
    "two of static": ("load", 8, "static", (3, 7)),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_it_goes_on_in_the_job(runs, answers, case):
    workflow, n, mapping, who = case
    run = runs.start(workflow.partition(" ")[0], n, *WORKFLOWS[workflow], *WORDS, "--mapping", mapping)
    until_next(run)
    head = run.rank(0)
    kill(run, *who)
    until_here(run)
    assert run.rank(0) == head
    ended = run.wait()
    ((_, epoch, left, of),) = assert_right(ended, answers(workflow))
    dead = {rank for rank in who if rank != "redis"}
    assert (int(left), int(of)) == (n - len(dead), n)
    assert int(epoch) > 0
    assert ended.lost() == dead
    (gone,) = ended.survival.gone_on
    assert (gone.here, gone.epoch, gone.ranks, gone.incarnation) == (True, int(epoch), int(left), 1)
    assert gone.repeated_s > 0
    by_epoch = {each.epoch: each for each in ended.survival.checkpoints if not each.why_not}
    assert by_epoch[int(epoch)].incarnation == 0
    assert all(each.incarnation == (each.epoch > int(epoch)) for each in by_epoch.values())


def test_what_dies_again_and_again_is_survived_again_and_again(runs, answers):
    run = runs.start("survivor", 6, "-i", "600", "--task-ms", "8", *WORDS)
    for turn, who in enumerate((1, "redis", 2, "redis")):
        until_next(run)
        kill(run, who)
        until_here(run, turn + 1)
    ended = run.wait()
    said = assert_right(ended, answers("survivor"), 4)
    assert [left for _, _, left, _ in said] == ["5", "5", "4", "4"]
    assert ended.lost() == {1, 2}


def test_before_the_first_checkpoint_it_begins_anew(runs, answers):
    run = runs.start("load", 8, "-i", "300", "--task-ms", "40", "--checkpoint", "600")
    for turn, who in enumerate((1, "redis")):
        run.until_at_work()  # a Redis that dies while the run goes back is not missed
        kill(run, who)
        until_here(run, turn + 1)
    ended = run.wait()
    said = assert_right(ended, answers("load"), 2)
    assert [(epoch, left) for _, epoch, left, _ in said] == [("", "7"), ("", "7")]
    assert (ended.summary.checkpoints.recovered, ended.summary.checkpoints.resumed) == (2, 0)
    assert len([text for kind, text in ended.events if kind == "resumed"]) == 2
    (lost,) = [each for each in ended.summary.ranks_figures if each.state == "lost"]
    assert (lost.rank, lost.role) == (1, "stateful")


def test_a_rank_that_is_long_in_one_tuple_is_left_out(runs):
    # a process beside a rank would not keep that from going on
    run = runs.start("stuck", 5, "-i", "200", "--lend", "off", *WORDS)
    run.until_touched("stuck-*")
    until_next(run)
    (stuck,) = [int(path.name.removeprefix("stuck-")) for path in run.folder.glob("stuck-*")]
    kill(run, 1)
    until_here(run)
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert ended.outputs[("Count2.output", 200)] == 1, ended.outputs
    assert ended.lost() == {1, stuck}
    assert ended.leftovers == []


def test_a_change_that_no_checkpoint_holds_keeps_a_run_from_going_on_here(runs):
    run = runs.start("unsaved", 4, "-i", "4000", "--holds", "global", *WORDS)
    run.until(lambda: "no checkpoint" in (run.folder / "err").read_text())
    kill(run, 1)
    ended = run.wait(may_stay=("temporary", "shared memory", "results: "), held=True)
    assert ended.status == 3, ended.err
    assert not HERE.findall(ended.err)


@pytest.mark.skipif(not MPICH.exists(), reason="no MPICH")
def test_under_mpich_redis_is_survived_in_the_job(runs, answers):
    run = runs.start("survivor", 4, "-i", "600", *WORDS, python=str(MPICH))
    until_next(run)
    kill(run, "redis")
    ended = run.wait(may_stay=("mpich_shm",))
    assert_right(ended, answers("survivor"))


def test_by_mpirun_that_lets_the_others_live(runs, answers):
    run = runs.start("survivor", 4, "-i", "600", *WORDS, by_mpirun=True)
    until_next(run)
    kill(run, 1)
    assert_right(run.wait(), answers("survivor"))


def test_on_a_shared_redis_it_gets_other_keys(runs, answers, tmp_path):
    (tmp_path / "s").mkdir()
    with shared_redis(tmp_path / "s") as (url, endpoint):
        run = runs.start("survivor", 4, "-i", "600", *WORDS, "--redis-url", url)
        until_next(run)
        kill(run, 1)
        assert_right(run.wait(), answers("survivor"))
        with RedisAdmin(endpoint) as admin:
            assert admin.call("KEYS", "*") in ([], [RUNS.encode()])


def test_nobody_goes_on_from_one_checkpoint_for_ever(runs):
    first = runs.start("load", 8, "-i", "4000", "--checkpoint", "600")
    assert first.stop_with_checkpoint().status == 3
    run = runs.start("load", 8, "--checkpoint", "600", "--restarts", "1", after=first)
    run.until_at_work()
    kill(run, 1)
    until_here(run)
    run.until_at_work()
    kill(run, "redis")
    run.until(lambda: "it goes on from checkpoint" in (run.folder / "err").read_text().split("ranks\n", 1)[1])
    os.kill(run.process.pid, signal.SIGINT)
    ended = run.wait(may_stay=("temporary", "shared memory", "results: "), held=True)
    assert len(HERE.findall(ended.err)) == 1, ended.err
