"""The server of a run, a real one: who gets in, and what they may do."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpcd4p.launch.redis_server import RunRedis, start_redis
from hpcd4p.transport.redis_admin import AdminError, RedisAdmin, Trouble
from hpcd4p.transport.resp import RespConnection


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunRedis]:
    with start_redis("s3cret", scratch=tmp_path) as running:
        yield running


def test_answers_when_it_is_handed_over(server):
    connection = RespConnection(server.endpoint, "hpcd4p:r:0")
    assert connection.call("PING") == b"PONG"
    connection.close()


def test_runs_every_command_that_a_run_needs(server):
    with RedisAdmin(server.endpoint) as admin:
        assert admin.refused_in_scripts("hpcd4p:r:") == {}
        for text in (
            "CLIENT SETNAME x",
            "CLIENT LIST",
            "CLIENT ID",
            "TIME",
            "INFO",
            "KEYS hpcd4p:*",
            "SCAN 0",
            "BLPOP hpcd4p:none 0.01",
            "MEMORY USAGE hpcd4p:x",
            "UNLINK hpcd4p:x",
            "EXISTS hpcd4p:x",
            "RPUSH hpcd4p:t 1",
            "LMOVE hpcd4p:t hpcd4p:u LEFT RIGHT",
            "LLEN hpcd4p:u",
        ):
            admin.call(*text.split())


@pytest.mark.parametrize(
    "text",
    [
        "CONFIG GET *",
        "CONFIG SET dir /tmp",
        "FLUSHALL",
        "FLUSHDB",
        "DEBUG SLEEP 0",
        "MODULE LIST",
        "REPLICAOF NO ONE",
        "SLAVEOF NO ONE",
        "SHUTDOWN",
        "SAVE",
        "BGSAVE",
        "ACL LIST",
        "ACL SETUSER me on",
        "CLIENT KILL ID 1",
        "MONITOR",
        "MIGRATE h 1 hpcd4p:x 0 1",
        "SORT hpcd4p:x",
        "SUBSCRIBE x",
        "SCRIPT FLUSH",
        "SCRIPT KILL",
        "SWAPDB 0 1",
        "SET hpcd4p:x 1",
        "CLUSTER INFO",
    ],
)
def test_refuses_a_command_that_no_run_needs(server, text):
    with RedisAdmin(server.endpoint) as admin, pytest.raises(AdminError) as caught:
        admin.call(*text.split())
    # Redis 7 refuses DEBUG to everybody, before it looks who asks
    assert caught.value.trouble is Trouble.PERMISSION or "command not allowed" in str(caught.value)


@pytest.mark.parametrize(
    "words", ["'config','get','*'", "'flushall'", "'set','hpcd4p:x','1'", "'lpush','y','1'"]
)
def test_a_script_may_do_no_more_than_its_user(server, words):
    with RedisAdmin(server.endpoint) as admin, pytest.raises(AdminError):
        admin.call("EVAL", f"return redis.call({words})", 0)


def test_refuses_keys_outside_its_own(server):
    with RedisAdmin(server.endpoint) as admin, pytest.raises(AdminError) as caught:
        admin.call("RPUSH", "other", "1")
    assert caught.value.trouble is Trouble.PERMISSION


@pytest.mark.parametrize(
    ("user", "password"), [(None, None), ("default", ""), ("hpcd4p", "wrong"), (None, "s3cret")]
)
def test_refuses_whoever_does_not_know_the_secret(server, user, password):
    endpoint = server.endpoint._replace(username=user, password=password)
    with RedisAdmin(endpoint) as admin, pytest.raises(AdminError) as caught:
        admin.call("PING")
    assert caught.value.trouble is Trouble.PASSWORD


def test_only_its_user_may_look_into_its_directory(server):
    modes = {p.name: stat.S_IMODE(p.lstat().st_mode) for p in server.home.iterdir()}
    assert stat.S_IMODE(server.home.stat().st_mode) == 0o700
    assert modes["redis.conf"] == 0o600
    assert modes["redis.sock"] == 0o600
    assert "s3cret" not in (server.home / "redis.conf").read_text()


def test_the_secret_is_on_no_command_line_and_in_no_environment(server):
    for pid in (server.pid, server._watchdog.shell_pid):
        assert b"s3cret" not in Path(f"/proc/{pid}/cmdline").read_bytes()
        assert b"s3cret" not in Path(f"/proc/{pid}/environ").read_bytes()
