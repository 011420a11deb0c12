"""The mappings of stream-d4py on a graph of ours: started, timed, ended.

They may lose tuples, hang, or say success after a failure: every run has a deadline, and its elements note
what they have done (`stamps.stamp`), so that the caller can count.
"""

from __future__ import annotations

import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.peers import RUN, stamped
from hpcd4p.bench.stamps import active_s, texts
from hpcd4p.bench.trial import TrialError
from hpcd4p.launch.redis_program import find_redis_server

ON_REDIS = frozenset({"redis", "dyn_redis", "dyn_auto_redis", "hybrid_redis"})
"""Mappings that need a server."""

PATIENT = "import functools, redis; redis.Redis = functools.partial(redis.Redis, socket_timeout=None)"
"""Its workers wait up to 5 s for a tuple; a redis-py whose own time-out is 5 s takes that for a dead server,
and workers die (seen with 8.1: a run of 18 s took 65). It is given a client that waits, as it once had."""

DEADLINE_S = 240.0
"""Several times what they take; what needs more has hung."""

SERVER_S = 10.0
"""A server starts in about 10 ms."""


@dataclass(frozen=True)
class Mapped:
    """What a run gave.

    Attributes
    ----------
    wall_s
        Of the whole program, with what a mapping waits at its end.
    active_s
        From the first to the last note of its elements: start-up and waiting at the end are not in it.
    notes
        What its elements have noted, in no order.
    """

    wall_s: float
    active_s: float
    notes: list[str]


def run(
    bench: Bench, mapping: str, module: str, ranks: int, inputs: dict[str, list[dict[str, Any]]]
) -> Mapped:
    """Run the graph called ``graph`` of `module`.

    Parameters
    ----------
    inputs
        Name of a source → its inputs, as for its option ``-d``.

    Raises
    ------
    TrialError
        It did not end by the deadline, ended with a status, or its elements noted nothing.
    """
    bench.say(f"{module.rpartition('_')[2]}: stream-d4py {mapping}, {ranks} processes")
    program = f"{PATIENT}; {RUN}" if mapping in ON_REDIS else RUN
    words = ["-c", program, mapping, module, "-a", "graph", "-n", str(ranks), "-d", json.dumps(inputs)]
    with stamped() as path:
        if mapping in ON_REDIS:
            with _server() as port:
                ended = bench.launcher.run([*words, "-rp", str(port)], deadline_s=DEADLINE_S)
        else:
            ended = bench.launcher.run(words, deadline_s=DEADLINE_S)
        try:
            return Mapped(ended.wall_s, active_s(path), texts(path))
        except ValueError as error:
            raise TrialError(f"stream-d4py {mapping}: {error}\n{ended.text[-1500:]}") from error


@contextmanager
def _server() -> Iterator[int]:
    """Port of a Redis on the loopback interface; its clients here know no password."""
    from redis import Redis, RedisError

    program = find_redis_server()
    if program is None:
        raise TrialError("no Redis server was found")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="hpcd4p-bench-") as folder:
        words = [
            "--bind",
            "127.0.0.1",
            "--port",
            str(port),
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            folder,
        ]
        server = subprocess.Popen(
            [program, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            with Redis(port=port) as client:
                _wait_for(partial(client.ping), RedisError)
            yield port
        finally:
            server.kill()
            server.wait()


def _wait_for(ping: partial[Any], refused: type[Exception]) -> None:
    end = time.monotonic() + SERVER_S
    while True:
        try:
            ping()
        except refused as error:
            if time.monotonic() > end:
                raise TrialError(f"the Redis server does not answer: {error}") from error
            time.sleep(0.01)
        else:
            return
