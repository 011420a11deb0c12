"""`launch` with a real MPI: the status of rank 0, signals, and ranks that are lost."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from hpcd4p.launch.launcher_process import ONE_WISH_S

DEADLINE_S = 120

LAUNCH = """
    import sys
    from hpcd4p.launch import last_seconds
    from hpcd4p.launch.mpirun import launch
    if sys.argv[1] == "deaf":
        last_seconds.GRACE_S = 600.0  # nothing but somebody who insists ends them
    try:
        print("status", launch(3, sys.argv[1:], module="stand_in"))
    except BaseException as error:
        print(type(error).__name__, error)
"""

# what stands for the package on the ranks: rank 0 does as told, the others wait for its word
STAND_IN = """
    import os, signal, sys, time
    asked = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, lambda n, frame: (asked.append(n), open("asked", "w").close()))
    from mpi4py import MPI
    rank, word = MPI.COMM_WORLD.rank, sys.argv[1]
    def leave(word):
        if rank == 0:
            with open(os.environ["HPCD4P_STATUS_FILE"], "w") as file:
                file.write(f"{word}\\n")
    if word.isdigit():
        leave(word)
    elif word == "die":
        leave("met")  # as rank 0 does after MPI_Init
        os.kill(os.getpid(), signal.SIGKILL)
    else:
        leave(f"begun {os.getpid()}")
        if rank == 0:
            print("up", flush=True)
        end = time.monotonic() + 100
        while time.monotonic() < end and (word == "deaf" or not asked):
            time.sleep(0.01)
        time.sleep(2.5 * (word == "slow"))
        leave(3)
"""


@pytest.fixture
def launched(tmp_path: Path, environment: dict[str, str]):
    (tmp_path / "stand_in.py").write_text(textwrap.dedent(STAND_IN))
    (tmp_path / "tmp").mkdir()
    started = []

    def start(word: str, **variables: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(LAUNCH), word], cwd=tmp_path, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=environment | {"TMPDIR": str(tmp_path / "tmp")} | variables,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def last_line(process: subprocess.Popen[str]) -> str:
    text, _ = process.communicate(timeout=DEADLINE_S)
    return text.strip().splitlines()[-1]


@pytest.mark.parametrize("status", ["0", "1", "3"])
def test_gives_the_status_that_rank_0_left(launched, status, tmp_path):
    assert last_line(launched(status)) == f"status {status}"
    assert not list((tmp_path / "tmp").iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_lets_the_ranks_end_in_order(launched, number):
    process = launched("wait")
    assert process.stdout.readline() == "up\n"
    process.send_signal(number)
    assert last_line(process) == "status 3"


def test_a_second_signal_ends_ranks_that_do_not_listen(launched, tmp_path):
    process = launched("deaf")
    assert process.stdout.readline() == "up\n"
    process.send_signal(signal.SIGINT)
    end = time.monotonic() + DEADLINE_S
    while not (tmp_path / "asked").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    time.sleep(2 * ONE_WISH_S)  # sooner it would be the same wish
    process.send_signal(signal.SIGINT)
    assert last_line(process).startswith(
        "Interrupted interrupted by SIGINT: the 3 ranks were ended before rank 0 could"
    )


def test_in_a_job_the_time_limit_after_its_sign_does_not_cut_the_end_short(launched):
    process = launched("slow", SLURM_JOB_ID="1")
    assert process.stdout.readline() == "up\n"
    for number in (signal.SIGUSR1, signal.SIGTERM):
        process.send_signal(number)
        time.sleep(1.2)
    assert last_line(process) == "status 3"


def test_no_rank_stays_when_the_process_that_launched_them_is_killed(launched, tmp_path):
    process = launched("wait")
    assert process.stdout.readline() == "up\n"
    process.kill()
    # the pipe closes when the last process that holds it is gone
    process.communicate(timeout=DEADLINE_S)
    assert not list((tmp_path / "tmp").glob(".hpcd4p-*"))


def test_says_that_rank_0_was_killed(launched):
    assert last_line(launched("die")).startswith("RankLost rank 0 was killed")


@pytest.mark.parametrize("status", [5, 213])  # Open MPI has errors of its own above those of signals
def test_says_that_ranks_did_not_start(launched, tmp_path, status):
    (tmp_path / "stand_in.py").write_text(f"import sys; sys.exit({status})")
    assert last_line(launched("0")).startswith("MpiSetupError the 3 ranks did not start")
