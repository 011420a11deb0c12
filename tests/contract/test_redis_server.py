"""The server of a run, a real one: it starts, it listens where it should, and nothing of it stays."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hpcd4p.errors import RedisSetupError
from hpcd4p.launch import redis_home, redis_server, watchdog
from hpcd4p.launch.redis_server import RunRedis, start_redis
from hpcd4p.transport.redis_admin import AdminError, RedisAdmin
from hpcd4p.transport.resp import RespConnection

DEADLINE_S = 60.0

OWNER = """
    import os, sys, time
    from pathlib import Path
    from hpcd4p.launch.redis_server import start_redis
    server = start_redis("s", scratch=Path(sys.argv[1]))
    print(server.pid, server._watchdog.shell_pid, server.home, flush=True)
    {then}
    time.sleep(60)
"""


def until(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.005)
    return False


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunRedis]:
    with start_redis("s3cret", scratch=tmp_path) as running:
        yield running


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], int, int, Path]]]:
    """A process that owns a server: (process, server's pid, watchdog's pid, directory)."""
    started = []

    def start(then: str = "pass"):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(OWNER).format(then=then), str(tmp_path)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        assert process.stdout is not None
        server, watchdog, home = process.stdout.readline().split()
        return process, int(server), int(watchdog), Path(home)

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_without_an_address_it_listens_on_no_port(server):
    assert server.endpoint.host is None
    assert server.endpoint.port == 0
    inodes = {os.readlink(link)[8:-1] for link in Path(f"/proc/{server.pid}/fd").iterdir()
              if os.readlink(link).startswith("socket:[")}  # fmt: skip
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()
    ]
    assert not [row for row in rows if len(row) > 9 and row[9] in inodes]


def test_with_an_address_it_is_reached_by_tcp_too(tmp_path):
    with start_redis("s3cret", "127.0.0.1", tmp_path) as server:
        remote = server.endpoint.over_tcp()
        assert (remote.unix_path, remote.host) == (None, "127.0.0.1")
        connection = RespConnection(remote, "hpcd4p:r:0")
        assert connection.call("PING") == b"PONG"
        connection.close()


def test_tries_another_port_when_somebody_took_the_first(tmp_path, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        free = redis_server._free_port
        ports = iter([taken.getsockname()[1]])
        monkeypatch.setattr(redis_server, "_free_port", lambda bind: next(ports, 0) or free(bind))
        with start_redis("s3cret", "127.0.0.1", tmp_path) as server:
            assert server.endpoint.port != taken.getsockname()[1]
            assert [p.name for p in tmp_path.iterdir()] == [server.home.name]


def test_stop_leaves_neither_process_nor_directory(tmp_path):
    server = start_redis("s3cret", scratch=tmp_path)
    server.stop()
    server.stop()
    assert gone(server.pid)
    assert gone(server._watchdog.shell_pid)
    assert list(tmp_path.iterdir()) == []


def test_two_at_once_do_not_meet(tmp_path):
    with start_redis("one", scratch=tmp_path) as one, start_redis("two", scratch=tmp_path) as two:
        with RedisAdmin(one.endpoint) as admin:
            admin.call("RPUSH", "hpcd4p:x", "1")
        with RedisAdmin(two.endpoint) as admin:
            assert admin.call("EXISTS", "hpcd4p:x") == 0
        with RedisAdmin(two.endpoint._replace(password="one")) as admin, pytest.raises(AdminError):
            admin.call("PING")
        one.stop()
        with RedisAdmin(two.endpoint) as admin:
            assert admin.call("PING") in (b"PONG", True)


def test_is_gone_after_its_owner_was_killed(owner):
    process, server, watchdog, home = owner()
    assert not gone(server)
    process.kill()
    assert until(lambda: gone(server) and gone(watchdog) and not home.exists())


def test_is_gone_when_its_owner_ends_without_stopping_it(owner):
    process, server, watchdog, home = owner("sys.exit()")
    process.wait(DEADLINE_S)
    assert until(lambda: gone(server) and gone(watchdog) and not home.exists())


def test_an_owner_that_dies_before_it_has_heard_of_its_server_leaves_nothing(tmp_path):
    home, number = tmp_path / "home", tmp_path / "pid"
    home.mkdir()
    read, nobody_listens = os.pipe()
    os.close(read)
    guard = subprocess.Popen(
        ["/bin/sh", "-c", watchdog._SCRIPT, "w", home,
         "sh", "-c", f"echo $$ >{number}; exec sleep 60"],
        stdin=subprocess.DEVNULL, stdout=nobody_listens, stderr=nobody_listens,
    )  # fmt: skip
    os.close(nobody_listens)
    guard.wait(DEADLINE_S)
    assert not home.exists()
    assert not number.exists() or gone(int(number.read_text()))


def test_a_child_that_its_owner_forked_does_not_keep_it(owner):
    process, server, _, home = owner(
        "child = os.fork() or (os.close(1), time.sleep(60)); (server.home / 'c').write_text(str(child))"
    )
    assert until(lambda: (home / "c").exists() and (home / "c").read_text() != "")
    child = int((home / "c").read_text())
    try:
        process.kill()
        assert until(lambda: gone(server) and not home.exists())
        assert not gone(child)
    finally:
        os.kill(child, signal.SIGKILL)


@pytest.mark.skipif(
    subprocess.run(["setpriv", "--pdeathsig", "KILL", "true"], check=False, capture_output=True).returncode
    != 0,
    reason="setpriv of util-linux 2.33 or newer is not here",
)
def test_is_gone_after_owner_and_watchdog_were_killed_at_once_and_the_next_run_sweeps(
    owner, tmp_path, monkeypatch
):
    process, server, watchdog, home = owner()
    process.kill()
    os.kill(watchdog, signal.SIGKILL)
    assert until(lambda: gone(server))
    monkeypatch.setattr(redis_home, "STALE_S", -1.0)
    with start_redis("s3cret", scratch=tmp_path) as mine, start_redis("s3cret", scratch=tmp_path):
        assert not home.exists()
        assert mine.home.exists()


def test_signals_to_all_processes_of_a_step_leave_it_to_its_owner(server):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
        os.kill(server.pid, number)
        os.kill(server._watchdog.shell_pid, number)
    time.sleep(0.3)  # three rounds of the server's own clock
    assert not gone(server.pid)
    assert not gone(server._watchdog.shell_pid)


def test_starts_without_setpriv(tmp_path, monkeypatch):
    monkeypatch.setattr(redis_server, "MORTAL", ("/no/setpriv", "--pdeathsig", "KILL"))
    with start_redis("s3cret", scratch=tmp_path) as server:
        os.kill(server._watchdog.shell_pid, signal.SIGKILL)
        assert not gone(server.pid)
    assert until(lambda: gone(server.pid))
    assert list(tmp_path.iterdir()) == []


def test_a_scratch_folder_with_a_long_name_is_not_used_for_the_socket(tmp_path):
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    with start_redis("s3cret", scratch=deep) as server:
        assert deep not in server.home.parents


def fake(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    program = folder / "redis-server"
    program.write_text(f"#!/bin/sh\n{textwrap.dedent(text)}")
    program.chmod(0o755)
    return program


OLD = """
    if [ "$1" = --version ]; then echo 'Redis server v=5.0.7 sha=00000000:0 malloc=libc bits=64'; exit 0; fi
    echo 'Bad directive or wrong number of arguments' >&2; exit 1
"""


def test_says_which_servers_are_too_old(tmp_path, monkeypatch):
    program = fake(tmp_path / "bin", OLD)
    monkeypatch.setattr(redis_server, "redis_servers", lambda: iter([program]))
    with pytest.raises(RedisSetupError, match=r"redis-server is 5\.0\.7, too old\. Install 6\.2 or newer"):
        start_redis("s3cret", scratch=tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["bin"]


@pytest.mark.parametrize("text", [OLD, "echo 'no libjemalloc' >&2; exit 127"], ids=["too old", "broken"])
def test_takes_the_next_server_when_the_first_is(text, tmp_path, monkeypatch):
    program = fake(tmp_path / "bin", text)
    known = list(redis_server.redis_servers())
    monkeypatch.setattr(redis_server, "redis_servers", lambda: iter([program, *known]))
    with start_redis("s3cret", scratch=tmp_path) as server:
        assert server.program != program


def test_says_what_a_server_said_that_does_not_start(tmp_path, monkeypatch):
    program = fake(tmp_path / "bin", "echo 'libssl.so.3: cannot open shared object file' >&2; exit 127")
    monkeypatch.setattr(redis_server, "redis_servers", lambda: iter([program]))
    with pytest.raises(RedisSetupError, match=r"redis-server does not start \(libssl"):
        start_redis("s3cret", scratch=tmp_path)


def test_says_that_there_is_no_server_at_all(tmp_path, monkeypatch):
    monkeypatch.setattr(redis_server, "redis_servers", lambda: iter([]))
    with pytest.raises(RedisSetupError, match=r"none on PATH, .* Install 6\.2 .*--redis-url"):
        start_redis("s3cret", scratch=tmp_path)


def test_says_that_an_address_is_not_of_this_machine(tmp_path):
    with pytest.raises(RedisSetupError, match=r"cannot listen on 192\.0\.2\.1.*--redis-interface"):
        start_redis("s3cret", "192.0.2.1", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["nowhere", "n" * 120])
def test_says_that_the_scratch_folder_is_not_there(tmp_path, name):
    with pytest.raises(RedisSetupError, match=rf"scratch folder .*{name}"):
        start_redis("s3cret", scratch=tmp_path / name)
