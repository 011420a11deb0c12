"""A Redis that is shared, real ones of several kinds: usable, or one clear message."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hpcd4p.errors import RedisSetupError
from hpcd4p.launch.redis_program import redis_servers, version_of
from hpcd4p.launch.redis_server import start_redis
from hpcd4p.launch.shared_redis import check_shared_redis
from hpcd4p.transport import redis_runs
from hpcd4p.transport.redis_admin import RedisAdmin
from hpcd4p.transport.resp import RespConnection
from hpcd4p.wire.keys import RUNS

DEADLINE_S = 60.0


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Start a server with these lines of configuration; gives the path of its socket."""
    program = next(p for p in redis_servers() if version_of(p))
    started = []

    def start(*lines: str) -> str:
        path = tmp_path / "s"
        text = "\n".join(["port 0", f'unixsocket "{path}"', f'dir "{tmp_path}"', 'save ""', *lines, ""])
        process = subprocess.Popen([program, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        started.append(process)
        assert process.stdin is not None
        process.stdin.write(text.encode())
        process.stdin.close()
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            try:
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(str(path))
                return str(path)
            except OSError:
                time.sleep(0.005)
        raise AssertionError("the server did not start")

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_takes_a_server_without_a_password_and_leaves_no_key(shared):
    path = shared()
    endpoint = check_shared_redis(f"unix://{path}?db=2")
    assert (endpoint.unix_path, endpoint.db) == (path, 2)
    with RedisAdmin(endpoint) as admin:
        assert admin.call("DBSIZE") == 0


def test_takes_a_server_with_a_password(shared):
    path = shared("requirepass hunter2")
    assert check_shared_redis(f"unix://:hunter2@{path}").password == "hunter2"


def test_the_server_of_a_run_would_do(tmp_path):
    with start_redis("s3cret", "127.0.0.1", tmp_path) as server:
        url = f"redis://hpcd4p:s3cret@127.0.0.1:{server.endpoint.port}"
        assert check_shared_redis(url).port == server.endpoint.port


@pytest.mark.parametrize("user", ["", ":wrong@", "me:wrong@"])
def test_says_that_the_password_is_wrong_and_does_not_show_it(shared, user):
    path = shared("requirepass hunter2")
    with pytest.raises(RedisSetupError, match="refuses the user or the password") as caught:
        check_shared_redis(f"unix://{user}{path}")
    assert "wrong@" not in str(caught.value)


def test_says_that_nobody_is_there():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(
            RedisSetupError, match=f"127.0.0.1:{port} cannot be reached: .*refused.*a Redis of its own"
        ):
            check_shared_redis(f"redis://127.0.0.1:{port}")


def test_says_that_there_is_no_such_host():
    with pytest.raises(RedisSetupError, match=r"nosuch\.invalid:6379 cannot be reached"):
        check_shared_redis("redis://nosuch.invalid")


@pytest.mark.parametrize("rule", ["-blpop", "-client", "-script", "-evalsha", "-lmove", "-zpopmin", "-info"])
def test_names_the_permission_that_is_missing(shared, rule):
    path = shared(f"user me on >hunter2 ~hpcd4p:* +@all {rule}")
    with pytest.raises(RedisSetupError) as caught:
        check_shared_redis(f"unix://me:hunter2@{path}")
    assert rule[1:] in str(caught.value).split("A run needs")[0].lower()
    assert "A run needs: ~hpcd4p:*" in str(caught.value)


def test_names_the_keys_when_they_are_not_allowed(shared):
    path = shared("user me on >hunter2 ~mine:* +@all")
    with pytest.raises(RedisSetupError, match="A run needs: ~hpcd4p"):
        check_shared_redis(f"unix://me:hunter2@{path}")


def test_refuses_a_server_that_evicts(shared):
    path = shared("maxmemory 64mb", "maxmemory-policy allkeys-lru")
    with pytest.raises(RedisSetupError, match="allkeys-lru"):
        check_shared_redis(f"unix://{path}")


def test_says_that_a_server_is_full(shared):
    path = shared("maxmemory 1", "maxmemory-policy noeviction")
    with pytest.raises(RedisSetupError, match="full"):
        check_shared_redis(f"unix://{path}")


def test_refuses_a_replica(shared):
    path = shared("replicaof 127.0.0.1 1")
    with pytest.raises(RedisSetupError, match="read-only replica"):
        check_shared_redis(f"unix://{path}")


@pytest.fixture
def impostor() -> Iterator[Callable[[bytes], int]]:
    """Something on a port that answers every message with `reply`."""
    listener = socket.create_server(("127.0.0.1", 0))

    def start(reply: bytes) -> int:
        def answer() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(DEADLINE_S)
                    while connection.recv(65536):
                        connection.sendall(reply)

        threading.Thread(target=answer, daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_says_that_a_server_is_too_old(impostor):
    info = b"redis_version:5.0.7\r\nredis_mode:standalone\r\n"
    port = impostor(b"$%d\r\n%s\r\n" % (len(info), info))
    with pytest.raises(RedisSetupError, match=r"is 5\.0\.7, and 6\.2 or newer is needed"):
        check_shared_redis(f"redis://127.0.0.1:{port}")


def test_says_that_it_is_no_redis(impostor):
    port = impostor(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with pytest.raises(RedisSetupError, match=f"127.0.0.1:{port}"):
        check_shared_redis(f"redis://127.0.0.1:{port}")


def test_an_entry_in_the_list_of_runs_that_no_run_has_written_is_left_alone(shared):
    endpoint = check_shared_redis(f"unix://{shared()}")
    with RedisAdmin(endpoint) as admin:
        admin.call("HSET", RUNS, "theirs", "not a run")
        connection = RespConnection(endpoint, "test")
        assert redis_runs.sweep(connection) == 0
        connection.close()
        assert admin.call("HLEN", RUNS) == 1
