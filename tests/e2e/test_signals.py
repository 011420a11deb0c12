"""Ctrl-C and SIGTERM: on our own launcher, on mpirun, and from a terminal to a whole process group."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.e2e.harness import MPICH, PYTHONS, Ended, Run
from tests.e2e.processes import caught, rank_of

SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])


def ended_by(run: Run, send, sign: str = "counted", may_stay: tuple[str, ...] = ()) -> Ended:
    """The end of a run that gets a signal when there is a file `sign`: then something has come out."""
    run.until_touched(sign)
    send()
    return run.wait(may_stay=may_stay, held=True)


def assert_interrupted(ended: Ended, *words: str) -> None:
    assert ended.summary is not None, ended.err
    assert ended.summary.state == "interrupted"
    assert ended.summary.status == 3
    # our own launcher passes a signal on without its name
    words = (*words, "SIGINT, SIGTERM or SIGUSR1")
    assert ended.summary.reason in [f"stopped by {word} before the end" for word in words]
    assert "Traceback" not in ended.err
    assert ended.outputs  # what had come out until then
    assert ended.leftovers == []


@SIGNALS
@pytest.mark.parametrize("n", [2, 4, 8])
def test_a_signal_to_our_launcher_ends_the_run(runs, n, number):
    run = runs.start("load", n, "-i", "3000")
    ended = ended_by(run, lambda: run.process.send_signal(number))
    assert ended.status == 3, ended.err
    assert_interrupted(ended, number.name)
    assert "hpcd4p: error: stopped by SIG" in ended.err


@pytest.mark.parametrize("n", [1, 2])
def test_a_terminal_that_goes_ends_the_run_in_order(runs, n):
    run = runs.start("load", n, "-i", "3000")
    ended = ended_by(run, lambda: run.process.send_signal(signal.SIGHUP))
    assert ended.status == 3, ended.err
    assert_interrupted(ended, "SIGHUP")


@pytest.mark.parametrize("n", [1, 2])
def test_under_nohup_a_run_outlives_its_terminal(runs, n):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # inherited, as from nohup
    try:
        run = runs.start("load", n, "-i", "100")
    finally:
        signal.signal(signal.SIGHUP, before)
    run.until_touched("begun-*")
    run.process.send_signal(signal.SIGHUP)
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert ended.summary is not None
    assert ended.summary.state == "completed"


@SIGNALS
def test_a_signal_to_mpirun_ends_the_run(runs, number):
    run = runs.start("load", 4, "-i", "3000", by_mpirun=True)
    ended = ended_by(run, lambda: run.process.send_signal(number))
    assert ended.status != 0, ended.err
    # mpirun hands a SIGINT on as a SIGTERM, and no longer hands on what ranks say
    if not is_cut_short(ended):
        assert_interrupted(ended, number.name, "SIGTERM")


@SIGNALS
@pytest.mark.parametrize("by_mpirun", [False, True])
def test_a_signal_to_the_whole_process_group_ends_the_run(runs, by_mpirun, number):
    run = runs.start("load", 4, "-i", "3000", by_mpirun=by_mpirun)
    ended = ended_by(run, lambda: os.killpg(run.process.pid, number))
    assert ended.status != 0, ended.err
    if not by_mpirun or not is_cut_short(ended):
        assert_interrupted(ended, number.name, *(["SIGTERM"] if by_mpirun else []))


def is_cut_short(ended: Ended) -> bool:
    """Whether mpirun, which ends its ranks 0.3 s after it was told, has ended rank 0 within its record."""
    if ended.summary is not None:
        return False
    assert [Path(left).suffix for left in ended.leftovers] == [".part"], ended.leftovers
    assert "Traceback" not in ended.err
    return True


def is_begun(pid: int) -> bool:
    """Whether a Python is past its own start: it has loaded a module that hpcd4p needs early."""
    try:
        return "_struct" in Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return False


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("by_mpirun", [False, True])
@pytest.mark.parametrize("later_s", [0.15, 0.6])
def test_a_signal_while_a_run_starts_is_told_as_that(runs, by_mpirun, later_s, python):
    run = runs.start("load", 4, "-i", "3000", by_mpirun=by_mpirun, python=python)
    # the ranks are there, and have not come to the engine's own handlers
    run.until(lambda: len([pid for pid in run.pids() if rank_of(pid) is not None and is_begun(pid)]) >= 4)
    if by_mpirun and python != str(MPICH):
        # before rank 0 or the watch beside it has a handler, a Python that starts just dies
        run.until(lambda: any(rank_of(pid) == 0 and caught(pid, signal.SIGTERM) for pid in run.pids()))
    time.sleep(later_s)
    os.killpg(run.process.pid, signal.SIGINT)
    # MPICH's own may stay: see test_leftovers. It kills rank 0 at once, Open MPI's mpirun 0.3 s later, in
    # the moment in which the folder of its Redis is there and nobody guards it: the next run removes that
    killed = by_mpirun or python == str(MPICH)
    ended = run.wait(may_stay=("mpich_shm", "temporary") if killed else ("mpich_shm",), held=True)
    assert ended.status == 3 or by_mpirun, ended.err
    assert "memory" not in ended.err
    told = [line for line in ended.err.splitlines() if line.startswith("hpcd4p: error: ")]
    if by_mpirun and python == str(MPICH):  # MPICH's mpirun may kill a rank before it has said anything
        assert len(told) <= 1, ended.err
    else:
        assert len(told) == 1, ended.err
    assert all("interrupted" in line or "stopped by SIG" in line for line in told)
    assert ended.leftovers == []


@SIGNALS
def test_a_signal_while_all_ranks_wait_ends_the_run(runs, number):
    run = runs.start("idle", 4)
    run.until_touched("passed")
    run.process.send_signal(number)
    ended = run.wait(held=True)
    assert ended.status == 3, ended.err
    assert ended.summary is not None, ended.err
    assert ended.summary.state == "interrupted"
    assert ended.leftovers == []


def test_a_signal_while_an_element_is_in_a_long_call_ends_the_run(runs):
    run = runs.start("load", 4, "-i", "100", "--task-ms", "60000")
    ended = ended_by(run, lambda: run.process.send_signal(signal.SIGINT), "begun-*")
    assert ended.status == 3, ended.err
    assert ended.summary is not None, ended.err
    assert ended.summary.state == "interrupted"
    assert ended.leftovers == []


def test_one_wish_that_is_sent_twice_is_one(runs):
    def ask() -> None:  # as GNU timeout does, which signals its child, and then its group
        run.process.send_signal(signal.SIGTERM)
        run.process.send_signal(signal.SIGTERM)

    run = runs.start("load", 4, "-i", "3000")
    ended = ended_by(run, ask)
    assert ended.status == 3, ended.err
    assert_interrupted(ended, "SIGTERM")
