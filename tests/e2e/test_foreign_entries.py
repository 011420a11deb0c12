"""Somebody else writes to the keys of a run on a shared Redis: it ends with a word and believes nothing."""

from __future__ import annotations

import subprocess
import time
from contextlib import suppress

import pytest

from hpcd4p.launch.redis_program import redis_servers, version_of
from hpcd4p.transport.redis_admin import AdminError, RedisAdmin
from hpcd4p.wire.endpoint import Endpoint

DEADLINE_S = 60.0


@pytest.fixture
def shared(tmp_path):
    """A server, and a client of it that is not the run."""
    program = next(p for p in redis_servers() if version_of(p))
    path = str(tmp_path / "s")
    words = ["--port", "0", "--unixsocket", path, "--save", ""]
    server = subprocess.Popen([program, *words], cwd=tmp_path, stdout=subprocess.DEVNULL)
    endpoint = Endpoint(path, None, 0, None, None, 0, False)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with suppress(AdminError), RedisAdmin(endpoint) as admin:
            admin.info()
            break
        time.sleep(0.05)
    yield path, endpoint
    server.kill()
    server.wait()


def forge(admin, what, prefix):
    """Do one thing to the keys of the run."""
    if what == "a task":
        admin.call("XADD", f"{prefix}t:1", "*", "n", "1", "a", "0", "b", b"x" * 100)
    elif what == "a letter":
        admin.call("RPUSH", f"{prefix}dead", b"x" * 100)
    elif what == "a report":
        admin.call("RPUSH", f"{prefix}final", b"x" * 100)
    else:
        admin.call("HSET", f"{prefix}pend", "1", "-1000000")


@pytest.mark.parametrize("what", ["a task", "a letter", "a report", "a count"])
def test_a_forged_entry_ends_the_run_with_one_message(runs, shared, what):
    path, endpoint = shared
    run = runs.start("load", 4, "-i", "600", "--redis-url", f"unix://{path}")
    run.until_touched("begun-*")
    with RedisAdmin(endpoint) as admin:
        found = admin.call("KEYS", "hpcd4p:*:pend")[0]
        prefix = (found.decode() if isinstance(found, bytes) else found).removesuffix("pend")
        forge(admin, what, prefix)
    ended = run.wait(DEADLINE_S)
    assert ended.status == 3, ended.err
    assert ended.err.count("hpcd4p: error:") == 1, ended.err
    assert "somebody else writes to the keys of the run" in ended.err
    assert "Traceback" not in ended.err
    assert ended.leftovers == []
