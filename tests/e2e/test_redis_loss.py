"""The Redis of a run: lost, stopped, or shared with another run."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
import redis

from hpcd4p.launch.redis_program import find_redis_server
from tests.e2e.answers import missing_and_extra
from tests.e2e.harness import PYTHONS, WITHOUT
from tests.e2e.processes import words_of


def answers(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(path))
    except OSError:
        return False
    return True


@pytest.fixture
def shared():
    """A Redis that belongs to nobody's run; gives its socket."""
    folder = Path(tempfile.mkdtemp(prefix="e2e-redis-", dir="/tmp"))
    path = folder / "redis.sock"
    program = find_redis_server()
    assert program is not None
    server = subprocess.Popen(
        [program, "--port", "0", "--unixsocket", path, "--save", "", "--dir", folder],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    end = time.monotonic() + 60
    while not answers(path):
        assert time.monotonic() < end, "the server does not come up"
        time.sleep(0.02)
    yield path
    server.kill()
    server.wait()
    shutil.rmtree(folder)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("by_mpirun", [False, True])
def test_a_redis_that_is_killed_ends_the_run_with_a_clear_message(runs, by_mpirun, python):
    run = runs.start("load", 4, "-i", "2000", *WITHOUT, by_mpirun=by_mpirun, python=python)
    run.until_touched("begun-*", 2)
    os.kill(run.redis(), signal.SIGKILL)
    # MPI_Abort of MPICH leaves its shared memory: see test_leftovers
    ended = run.wait(may_stay=("mpich_shm",), held=True)
    assert ended.status == 3, ended.err
    assert "hpcd4p: error: the run's Redis" in ended.err
    assert "is gone" in ended.err
    assert "Traceback" not in ended.err
    assert ended.summary is not None, ended.err
    assert ended.summary.state == "stopped"
    assert ended.summary.status == 3
    assert ended.leftovers == []


def test_a_redis_that_no_longer_answers_ends_the_run_with_a_clear_message(runs):
    run = runs.start("load", 4, "-i", "2000", *WITHOUT)
    run.until_touched("begun-*", 2)
    server = run.redis()
    os.kill(server, signal.SIGSTOP)
    ended = run.wait(held=True)
    assert ended.status == 3, ended.err
    assert ended.err.count("hpcd4p: error: ") == 1, ended.err
    assert "hpcd4p: error: the run's Redis" in ended.err
    assert "has not answered for 12 s" in ended.err
    assert "Traceback" not in ended.err
    assert ended.summary is not None, ended.err
    assert ended.summary.state == "stopped"
    assert ended.leftovers == []
    assert not os.path.exists(f"/proc/{server}")


def test_a_redis_that_pauses_for_a_moment_costs_nothing_but_time(runs):
    expected = runs.run("load", 1, "-i", "200", "--task-ms", "0")
    run = runs.start("load", 4, "-i", "200")
    run.until_touched("begun-*", 2)
    redis_pid = run.redis()
    os.kill(redis_pid, signal.SIGSTOP)
    time.sleep(3)
    os.kill(redis_pid, signal.SIGCONT)
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert missing_and_extra(expected.outputs, ended.outputs) == ""
    assert ended.leftovers == []


def test_two_runs_on_one_redis_do_not_meet_and_leave_nothing_in_it(runs, shared):
    words = [("-i", "150", "--from", "0"), ("-i", "150", "--from", "1000")]
    expected = [runs.run("load", 1, *w, "--task-ms", "0") for w in words]
    url = f"unix://{shared}"
    started = [runs.start("load", 4, *w, "--redis-url", url) for w in words]
    for run in started:
        run.until_touched("begun-*")
    with redis.Redis(unix_socket_path=str(shared)) as client:
        assert len({key.split(b":")[1] for key in client.scan_iter() if key.count(b":") > 1}) == 2
        for alone, run in zip(expected, started, strict=True):
            ended = run.wait()
            assert ended.status == 0, ended.err
            assert missing_and_extra(alone.outputs, ended.outputs) == ""
            assert ended.leftovers == []
        assert client.keys() == []
        assert len(client.client_list()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_leaves_nothing_in_a_shared_redis(runs, shared, number):
    run = runs.start("load", 4, "-i", "2000", "--redis-url", f"unix://{shared}")
    run.until_touched("begun-*", 2)
    run.process.send_signal(number)
    ended = run.wait(held=True)
    assert ended.status == 3, ended.err
    assert ended.leftovers == []
    with redis.Redis(unix_socket_path=str(shared)) as client:
        assert client.keys() == []


def test_when_the_head_is_killed_the_others_leave_a_shared_redis_at_once_and_empty(runs, shared):
    run = runs.start("load", 4, "-i", "2000", "--redis-url", f"unix://{shared}")
    run.until_touched("begun-*", 2)
    with redis.Redis(unix_socket_path=str(shared)) as client:
        os.kill(run.rank(0), signal.SIGKILL)
        # this Redis lives on: nothing but their own look at it tells the other ranks
        ended = run.wait(may_stay=("results: ",), held=True)
        assert ended.status == 3, ended.err
        assert "rank 0 was killed" in ended.err
        assert len(client.client_list()) == 1
        assert client.keys("hpcd4p:*:t:*") == []
        assert client.exists("hpcd4p:runs") == 0
        lasting = [key for key in client.scan_iter() if client.ttl(key) < 0]
        assert lasting == []


def test_what_a_run_leaves_that_was_killed_as_a_whole_is_removed_by_the_next(runs, shared):
    run = runs.start("load", 4, "-i", "2000", "--redis-url", f"unix://{shared}")
    run.until_touched("begun-*", 2)
    with redis.Redis(unix_socket_path=str(shared)) as client:
        run.kill()
        assert client.keys("hpcd4p:*:pending"), "it left nothing: this tests nothing"
        ended = runs.run("load", 2, "-i", "5", "--redis-url", f"unix://{shared}")
        assert ended.status == 0, ended.err
        assert client.keys() == []


@pytest.mark.parametrize("form", ["--redis-url {}", "--redis-url={}"])
@pytest.mark.parametrize("by_mpirun", [False, True])
def test_the_password_of_a_shared_redis_is_in_no_list_of_processes(runs, shared, by_mpirun, form):
    with redis.Redis(unix_socket_path=str(shared)) as client:
        client.config_set("requirepass", "s3cr3t")
        url = f"unix://default:s3cr3t@{shared}"
        run = runs.start("load", 4, "-i", "2000", *form.format(url).split(), by_mpirun=by_mpirun)
        run.until_touched("begun-*", 2)
        words = {pid: words_of(pid) for pid in run.pids()}
        # mpirun shows what the user typed: then the variable HPCD4P_REDIS_URL is the place for it
        shown = [text for pid, text in words.items() if "s3cr3t" in text and pid != run.process.pid]
        assert len(words) >= 5
        assert shown == []
        assert by_mpirun or "s3cr3t" not in words[run.process.pid]
        run.process.send_signal(signal.SIGINT)
        # mpirun ends its ranks 0.3 s later, perhaps within their record
        assert run.wait(may_stay=("results: ",), held=True).summary is not None or by_mpirun
