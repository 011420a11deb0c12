"""What redis-py alone can do with a Redis server on this machine, through a Unix socket."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

PIPELINE = 512

STREAM, GROUP, COUNTERS = "hpcd4p:bench:stream", "bench", "hpcd4p:bench:counters"

_STEP = """
-- KEYS: 1 the stream, 2 the hash of counters. ARGV: 1 the group, 2 the entry to acknowledge or ''
if ARGV[2] ~= '' then
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
  redis.call('HINCRBY', KEYS[2], 'done', 1)
end
local got = redis.call('XREADGROUP', 'GROUP', ARGV[1], 'me', 'COUNT', 1, 'STREAMS', KEYS[1], '>')
return got and got[1][2][1][1] or ''
"""


def abilities() -> dict[str, float]:
    """Round trips, one script step, entries one by one and in pipelines; per second, the script in µs."""
    from redis import Redis

    from hpcd4p.launch.redis_server import start_redis

    with start_redis(secrets.token_hex(16)) as server:
        to = server.endpoint
        client: Any = Redis(unix_socket_path=to.unix_path, username=to.username, password=to.password)
        client.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        rates = {
            "ping": _rate(client.ping, 5000),
            "script": _script_us(client, 5000),
            "entries": _one_by_one(client, 3000),
            "pipelined": _pipelined(client, b"x", 20),
        }
        tuples = b"x" * 64 * 8
        rates["batched"] = 64 * _pipelined(client, tuples, 20)
        client.close()
    return rates


def _rate(step: Callable[[], object], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        step()
    return times / (time.perf_counter() - began)


def _script_us(client: Any, times: int) -> float:
    """Time of the server's core for one step, as the server counts it."""
    pipe = client.pipeline(transaction=False)
    for _ in range(times):
        pipe.xadd(STREAM, {"d": b"x"})
    pipe.execute()
    step = client.register_script(_STEP)
    last = b""
    for _ in range(times):
        last = step(keys=[STREAM, COUNTERS], args=[GROUP, last])
    stats = client.info("commandstats")["cmdstat_evalsha"]
    client.xtrim(STREAM, maxlen=0)
    return float(stats["usec_per_call"])


def _one_by_one(client: Any, times: int) -> float:
    def step() -> None:
        client.xadd(STREAM, {"d": b"x"})
        ((_, entries),) = client.xreadgroup(GROUP, "me", {STREAM: ">"}, count=1)
        client.xack(STREAM, GROUP, entries[0][0])

    return _rate(step, times)


def _pipelined(client: Any, payload: bytes, rounds: int) -> float:
    """Entries per second, written and read in turns by one process."""

    def step() -> None:
        pipe = client.pipeline(transaction=False)
        for _ in range(PIPELINE):
            pipe.xadd(STREAM, {"d": payload}, maxlen=4 * PIPELINE, approximate=True)
        pipe.execute()
        ((_, entries),) = client.xreadgroup(GROUP, "me", {STREAM: ">"}, count=PIPELINE)
        client.xack(STREAM, GROUP, *[entry for entry, _ in entries])

    return PIPELINE * _rate(step, rounds)
