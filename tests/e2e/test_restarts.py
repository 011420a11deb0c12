"""A run that dies comes back by itself from a checkpoint; one that is asked to end makes a last one."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from hpcd4p.launch.launcher_process import ONE_WISH_S
from tests.e2e.answers import missing_and_extra, multiset
from tests.e2e.harness import PYTHONS, Ended, Run, Runs
from tests.e2e.processes import pending

RANKS = 4

ITERATIONS = 400
"""Some seconds of work for two ranks of the pool."""

WORDS = ("-i", str(ITERATIONS), "--checkpoint", "0.3")

SAID = re.compile(r"hpcd4p: (.+); it goes on from checkpoint (\d+), and ([\d.]+) s are lost \(start")


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> Ended:
    runs = Runs(tmp_path_factory.mktemp("sequential"))
    ended = runs.run("load", 1, "-i", str(ITERATIONS), "--task-ms", "0")
    runs.close()
    assert ended.status == 0, ended.err
    return ended


def checkpoints(run: Run) -> list[str]:
    return sorted(path.name for path in run.folder.glob("results/*.checkpoints/epoch-*[0-9]"))


def until_next(run: Run) -> None:
    """Wait for a checkpoint that is not there yet."""
    before = checkpoints(run)
    run.until(lambda: checkpoints(run) and checkpoints(run) != before)


def kill(run: Run, who: int | str) -> None:
    """Kill a rank, Redis, or all but the process that launched them."""
    if who == "all":
        pids = [pid for pid in run.pids() if pid != run.process.pid]
    else:
        pids = [run.redis() if who == "redis" else run.rank(int(who))]
    for pid in pids:
        with suppress(ProcessLookupError):  # it has ended with one before it
            os.kill(pid, signal.SIGKILL)


def assert_the_same(expected: Ended, ended: Ended) -> None:
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected.outputs, ended.outputs) == ""
    assert ended.letters == []
    assert ended.summary is not None
    assert ended.summary.state == "completed"


def resumed(run: Run, *words: str) -> Ended:
    """The run, gone on by the line to type that it has printed."""
    line = re.search(
        r"^Go on from the last checkpoint: +(hpcd4p .+)$", (run.folder / "out").read_text(), re.M
    )
    assert line, run.describe()
    typed = [sys.executable, "-m", *shlex.split(line[1]), *words]
    environ = {**os.environ, "PYTHONPATH": os.getcwd()}
    done = subprocess.run(
        typed, cwd=run.folder, env=environ, capture_output=True, text=True, timeout=120, check=False
    )
    summary, sequences, letters, events, survival = run._record()
    outputs = multiset(sequences)
    return Ended(
        done.returncode, done.stdout, done.stderr, 0.0, summary, outputs, letters, events, [], survival
    )


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("who", [0, "all"], ids=["head", "all"])
def test_what_the_job_does_not_survive_its_launcher_starts_again(runs, expected, who, python):
    comes_back(runs, expected, who, python)


@pytest.mark.parametrize("python", PYTHONS[1:])
def test_a_job_that_is_ended_because_a_rank_has_died_is_started_again(runs, expected, python):
    comes_back(runs, expected, 1, python)


def comes_back(runs, expected, who, python):
    run = runs.start("load", RANKS, *WORDS, python=python)
    until_next(run)
    kill(run, who)
    ended = run.wait(may_stay=("mpich_shm", "temporary", "shared memory", "results: "))
    assert_the_same(expected, ended)
    (said,) = SAID.findall(ended.err)
    assert int(said[1]) > 0
    assert [text for kind, text in ended.events if kind == "resumed"]
    assert (ended.summary.checkpoints.resumed, ended.summary.checkpoints.recovered) == (1, 0)
    (gone,) = ended.survival.gone_on
    assert (gone.here, gone.epoch, gone.why.startswith(said[0])) == (False, int(said[1]), True)
    assert gone.repeated_s > 0
    assert "It ended and went on once by a new start" in ended.out
    assert not list(run.folder.glob("results/*.checkpoints"))


def test_static_comes_back_as_well(runs, expected):
    run = runs.start("load", 16, *WORDS, "--mapping", "static", "--task-ms", "20")
    until_next(run)
    kill(run, 0)
    ended = run.wait(may_stay=("mpich_shm", "temporary", "shared memory", "results: "))
    assert_the_same(expected, ended)
    assert len(SAID.findall(ended.err)) == 1


def test_a_run_that_dies_twice_comes_back_twice(runs, expected):
    run = runs.start("load", RANKS, *WORDS)
    for times in (1, 2):
        until_next(run)
        kill(run, 0)
        run.until(lambda t=times: len(SAID.findall((run.folder / "err").read_text())) == t)
    ended = run.wait(may_stay=("temporary", "shared memory", "results: "))
    assert_the_same(expected, ended)
    assert len(SAID.findall(ended.err)) == 2
    assert [each.here for each in ended.survival.gone_on] == [False, False]
    assert "It ended and went on 2 times by a new start" in ended.out


def test_a_crash_loop_ends_with_a_clear_word(runs):
    # no second checkpoint comes: the interval is longer than the run lives
    first = runs.start("load", RANKS, "-i", "4000", "--checkpoint", "600")
    assert first.stop_with_checkpoint().status == 3
    run = runs.start("load", RANKS, "--checkpoint", "600", "--restarts", "2", after=first)
    for times in range(3):
        run.until(lambda t=times: len(SAID.findall((run.folder / "err").read_text())) == t)
        run.until_at_work()
        kill(run, 0)
    ended = run.wait(may_stay=("temporary", "shared memory", "results: "), held=True)
    assert ended.status == 3, ended.err
    assert len(SAID.findall(ended.err)) == 2
    assert "that was start 2 from checkpoint" in ended.err
    assert "hpcd4p resume " in ended.out


def test_without_restarts_the_line_to_type_is_said(runs, expected):
    run = runs.start("load", RANKS, *WORDS, "--restarts", "0")
    until_next(run)
    kill(run, 0)
    ended = run.wait(may_stay=("temporary", "shared memory", "results: "), held=True)
    assert ended.status == 3, ended.err
    assert not SAID.findall(ended.err)
    assert_the_same(expected, resumed(run, "-n", "3"))


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1], ids=lambda n: n.name)
def test_a_run_that_is_asked_to_end_makes_a_last_checkpoint(runs, expected, number, python):
    # none would be due before the end
    run = runs.start("load", RANKS, "-i", str(ITERATIONS), "--checkpoint", "600", python=python)
    run.until_touched("begun-*")
    run.process.send_signal(number)
    ended = run.wait(may_stay=("mpich_shm",), held=True)
    assert ended.status == 3, ended.err
    assert ended.summary is not None
    assert ended.summary.state == "interrupted"
    assert len(checkpoints(run)) == 1, ended.err
    assert not SAID.findall(ended.err)
    assert_the_same(expected, resumed(run, "-n", "3"))


def test_a_second_ctrl_c_ends_a_run_at_once(runs):
    # the only worker sleeps: no checkpoint can come before its tuple is done
    run = runs.start("load", 2, "-i", "50", "--checkpoint", "600", "--task-ms", "600000")
    run.until_touched("begun-*")
    run.process.send_signal(signal.SIGINT)
    run.until(lambda: not pending(run.process.pid, signal.SIGINT))
    time.sleep(2 * ONE_WISH_S)  # sooner it would be the same wish
    run.process.send_signal(signal.SIGINT)
    ended = run.wait(may_stay=("temporary", "shared memory", "results: "), held=True)
    assert ended.status == 3, ended.err
    assert "resume" not in ended.out
