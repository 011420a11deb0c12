"""The runs that share a Redis: which are alive, and what dead ones have left.

A head is alive as long as its connection is open, as a rank is (`control.liveness`): the kernel closes it
when the process ends, however it ends, and a head in long C code keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence

from hpcd4p.transport.resp import RespConnection
from hpcd4p.wire.keys import RUNS, Keys

HEAD_LIVES_S = 30.0
"""The scripts refuse the calls of a run whose head was silent for this long."""

GONE = "g"
"""The content of a bell that means: the head is gone."""

_BELL_S = 10
"""Time for ranks to hear their bells: one that is alive does within milliseconds, one that is gone never."""

_AT_ONCE = 1000
"""Keys in one command."""


def enter(
    connection: RespConnection,
    keys: Keys,
    size: int,
    elements: Sequence[int],
    client: int = 0,
    nodes: int = 1,
) -> None:
    """Note the run, with the number of the head's connection once it has one."""
    say_head_lives(connection, keys)
    if client:
        connection.call("HSET", keys.head, "client", client)
    ranks = f"{size}/{nodes}" if nodes > 1 else str(size)
    connection.call("HSET", RUNS, keys.run_id, f"{client} {ranks} {' '.join(map(str, elements))}")


def say_head_lives(connection: RespConnection, keys: Keys) -> None:
    """Let the scripts serve the run for another `HEAD_LIVES_S`."""
    connection.call("HSET", keys.head, "lives", 1)
    connection.call("EXPIRE", keys.head, int(HEAD_LIVES_S))


def head_lives(connection: RespConnection, keys: Keys) -> bool:
    """Whether the run has a head whose connection is open."""
    lives, client = connection.call("HMGET", keys.head, "lives", "client")
    return lives is not None and (client is None or _stands(connection, keys, int(client)))


def _stands(connection: RespConnection, keys: Keys, client: int) -> bool:
    listing: bytes = connection.call("CLIENT", "LIST", "ID", client)
    # by its name, too: a restarted server counts connections from 1 again
    return f" name={keys.client(0)} ".encode() in listing


def erase(connection: RespConnection, keys: Keys, size: int, elements: Sequence[int], nodes: int = 1) -> None:
    """Remove every key of the run."""
    names = keys.every(elements, size, nodes)
    for start in range(0, len(names), _AT_ONCE):
        connection.call("UNLINK", *names[start : start + _AT_ONCE])
    connection.call("HDEL", RUNS, keys.run_id)


def tell_head_is_gone(connection: RespConnection, keys: Keys, size: int) -> None:
    """Ring every rank that waits; bells that no rank hears expire."""
    bells = [keys.bell(rank) for rank in range(1, size)]
    connection.call_all(
        [words for bell in bells for words in (("RPUSH", bell, GONE), ("EXPIRE", bell, _BELL_S))]
    )


def sweep(connection: RespConnection) -> int:
    """Remove what dead runs have left; returns how many there were. Looks at each run once."""
    swept = 0
    runs: list[bytes] = connection.call("HGETALL", RUNS)
    for run, words in zip(runs[::2], runs[1::2], strict=True):
        try:
            keys = Keys(run.decode())
            number, ranks, *rest = words.split()
            size, _, nodes = ranks.partition(b"/")
            client, elements = int(number), [int(each) for each in rest]
            left = int(size), elements, int(nodes or 1)
        except ValueError:
            continue  # no run has written that
        alive = _stands(connection, keys, client) if client else head_lives(connection, keys)
        if not alive:
            erase(connection, keys, *left)
            swept += 1
    return swept
