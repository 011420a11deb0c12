"""What the head asks of the porters of other nodes, and their answers: lists in Redis."""

from __future__ import annotations

from collections.abc import Callable

from hpcd4p.transport.resp import RespConnection
from hpcd4p.wire.keys import Keys

LOOK_S = 1
"""Between two looks whether the porter lives, which may have much to copy."""

LOOKS = 60
"""One that lives and does not answer for so long, because somebody has stopped it, is as good as gone."""


def fetch(
    calls: RespConnection, keys: Keys, porter: int, wanted: bytes, alive: Callable[[], frozenset[int]]
) -> bytes | None:
    """See `Broker.fetch`."""
    given = keys.given(porter)
    # what was given too late for another question is nobody's any more
    ask = [("DEL", given), ("RPUSH", keys.wanted(porter), wanted), ("RPUSH", keys.bell(porter), 1)]
    calls.call_all(ask)
    for _ in range(LOOKS):
        answer = calls.call("BLPOP", given, LOOK_S)
        if answer is not None:
            return bytes(answer[1])
        if porter not in alive():
            break
    return None


def serve(calls: RespConnection, keys: Keys, porter: int, answer: Callable[[bytes], bytes]) -> None:
    """See `Broker.serve`."""
    while (wanted := calls.call("LPOP", keys.wanted(porter))) is not None:
        calls.call("RPUSH", keys.given(porter), answer(wanted))
