"""The scripts of ``lua/``: their text, and how they come to the Redis of a run."""

from __future__ import annotations

from collections.abc import Sequence

from hpcd4p.transport import redis_runs
from hpcd4p.transport.redis_replies import NO_STATE
from hpcd4p.transport.resp import HEAD_PATIENCE_S, RespConnection
from hpcd4p.wire.endpoint import Endpoint
from hpcd4p.wire.keys import Keys


def load_scripts(
    endpoint: Endpoint, run_id: str, elements: Sequence[int], shared: bool = False, size: int = 0
) -> dict[str, str]:
    """Load the scripts and begin the state; returns name -> SHA1. Head only, once per run.

    On a shared Redis, what killed runs have left is removed first.
    """
    keys = Keys(run_id)
    connection = RespConnection(endpoint, keys.prefix + "setup", HEAD_PATIENCE_S)
    if shared:
        redis_runs.sweep(connection)
        redis_runs.enter(connection, keys, size, elements)
    shas = {}
    for name in ("step", "claim", "fence", "observe", "order", "snapshot", "carry", "awaited"):
        shas[name] = connection.call("SCRIPT", "LOAD", script_text(name)).decode()
    connection.call("HSET", keys.state, "s", NO_STATE)
    connection.close()
    return shas


def script_text(script: str) -> str:
    """Text of a script by its name, between the beginning and the end that all have in common."""
    from importlib.resources import files

    folder = files("hpcd4p.transport") / "lua"
    return "".join((folder / f"{part}.lua").read_text() for part in ("state", script, "save"))
