"""The runs that share a Redis: who lives, and what the dead among them have left.

A head lives as long as its connection stands, as a rank does (`control.liveness`): the server closes it
when the process ends, whatever ended it, and a head that is held up in long C code keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence

from hpcd4p.transport.resp import RespConnection
from hpcd4p.wire.keys import RUNS, Keys

HEAD_LIVES_S = 30.0
"""What a run asks of the server is refused when its head has not been heard of for this long."""

GONE = "g"
"""The bell that says that the head is gone."""

_BELL_S = 10
"""A rank that lives hears its bell within milliseconds; one that is gone never does."""

_AT_ONCE = 1000
"""Keys to a command."""


def enter(
    connection: RespConnection, keys: Keys, size: int, elements: Sequence[int], client: int = 0
) -> None:
    """Note the run, with the number of the head's connection once it has one."""
    say_head_lives(connection, keys)
    if client:
        connection.call("HSET", keys.head, "client", client)
    connection.call("HSET", RUNS, keys.run_id, f"{client} {size} {' '.join(map(str, elements))}")


def say_head_lives(connection: RespConnection, keys: Keys) -> None:
    """Let the run be served for as long as `HEAD_LIVES_S`."""
    connection.call("HSET", keys.head, "lives", 1)
    connection.call("EXPIRE", keys.head, int(HEAD_LIVES_S))


def head_lives(connection: RespConnection, keys: Keys) -> bool:
    """Whether the run has a head, and its connection stands."""
    lives, client = connection.call("HMGET", keys.head, "lives", "client")
    return lives is not None and (client is None or _stands(connection, keys, int(client)))


def _stands(connection: RespConnection, keys: Keys, client: int) -> bool:
    listing: bytes = connection.call("CLIENT", "LIST", "ID", client)
    # by its name, too: a server that was started anew counts from 1
    return f" name={keys.client(0)} ".encode() in listing


def erase(connection: RespConnection, keys: Keys, size: int, elements: Sequence[int]) -> None:
    """Remove every key of the run."""
    names = keys.every(elements, size)
    for start in range(0, len(names), _AT_ONCE):
        connection.call("UNLINK", *names[start : start + _AT_ONCE])
    connection.call("HDEL", RUNS, keys.run_id)


def tell_head_is_gone(connection: RespConnection, keys: Keys, size: int) -> None:
    """Ring every rank that waits; what nobody hears vanishes."""
    bells = [keys.bell(rank) for rank in range(1, size)]
    connection.call_all(
        [words for bell in bells for words in (("RPUSH", bell, GONE), ("EXPIRE", bell, _BELL_S))]
    )


def sweep(connection: RespConnection) -> int:
    """Remove what runs have left of which nothing lives; returns how many. One look at each run there is."""
    swept = 0
    runs: list[bytes] = connection.call("HGETALL", RUNS)
    for run, words in zip(runs[::2], runs[1::2], strict=True):
        try:
            keys = Keys(run.decode())
            client, size, *elements = map(int, words.split())
        except ValueError:
            continue  # no run has written that
        alive = _stands(connection, keys, client) if client else head_lives(connection, keys)
        if not alive:
            erase(connection, keys, size, elements)
            swept += 1
    return swept
