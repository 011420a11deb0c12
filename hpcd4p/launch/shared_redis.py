"""A Redis that others run and share: is it one that a run can use? One clear message if not.

Asks through `transport.redis_admin`. Must never show the password that an address holds.
"""

from __future__ import annotations

import os
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from hpcd4p.errors import RedisSetupError
from hpcd4p.launch.redis_config import COMMANDS, FAMILIES, KEY_PATTERN, OLDEST
from hpcd4p.wire.endpoint import Endpoint
from hpcd4p.wire.keys import Keys

FORMS = "redis://[USER:PASSWORD@]HOST[:PORT][/DB], rediss:// for TLS, or unix://[USER:PASSWORD@]/PATH[?db=DB]"

SWEEP_S = 30
"""Patience with a server that removes many keys."""

_STANDARD_PORT = 6379
_LOOPBACK = ("localhost", "127.", "::1")


def check_shared_redis(url: str, several_nodes: bool = False) -> Endpoint:
    """Endpoint of the Redis at `url`, after it has shown that a run can use it.

    Takes about 0.2 s, most of it the import of redis-py. Leaves no key behind.

    Parameters
    ----------
    url
        As in `FORMS`.
    several_nodes
        Ranks live on other nodes too: an address that only this node knows is refused.

    Raises
    ------
    RedisSetupError
        Wrong address, nobody there, wrong password, too old, a permission that is missing, or a
        server that could lose tuples (it evicts keys, is a replica or a cluster).
    """
    endpoint = parse_url(url)
    if several_nodes and (endpoint.unix_path or (endpoint.host or "").startswith(_LOOPBACK)):
        raise RedisSetupError(
            f"the Redis at {endpoint.where} is reached from this node only, and there are ranks on others. "
            "Give the address that they know, or no --redis-url: the run then starts a Redis of its own"
        )
    from hpcd4p.transport.redis_admin import AdminError, RedisAdmin, Trouble

    keys = Keys(f"probe-{os.urandom(8).hex()}")
    try:
        with RedisAdmin(endpoint) as admin:
            _check_kind(admin.info(), endpoint)
            _check_permissions(_refusals(admin, keys), endpoint)
    except AdminError as error:
        advice = {
            Trouble.UNREACHABLE: "Is it running, and is the address right? Without --redis-url the run "
            "starts a Redis of its own",
            Trouble.SILENT: "Is this the address of a Redis server, and is it a TLS one (rediss://)?",
            Trouble.PASSWORD: f"Give them in the address: {FORMS}",
            Trouble.PERMISSION: _wanted_rights(endpoint),
            Trouble.LOADING: "Try again in a moment",
            Trouble.FULL: "Give it more memory, or remove what is in it",
            Trouble.OTHER: "Without --redis-url the run starts a Redis of its own",
        }[error.trouble]
        raise RedisSetupError(
            f"the Redis at {endpoint.where} {error.trouble.value}: {error}. {advice}"
        ) from error
    return endpoint


def sweep_runs(url: str) -> int:
    """Remove from the Redis at `url` the keys of runs of which nothing lives; gives how many runs.

    Raises
    ------
    RedisSetupError
        As `check_shared_redis`.
    """
    endpoint = check_shared_redis(url)
    from hpcd4p.transport.redis_runs import sweep
    from hpcd4p.transport.resp import RespConnection

    connection = RespConnection(endpoint, f"hpcd4p:sweep-{os.urandom(8).hex()}", SWEEP_S)
    try:
        return sweep(connection)
    finally:
        connection.close()


def parse_url(url: str) -> Endpoint:
    """What `url` says, without asking anybody.

    Raises
    ------
    RedisSetupError
        If it is not of one of the `FORMS`.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # the words of the error may hold a piece of the password
        raise _malformed(
            url, "host or port cannot be read (special characters of a password are written as %XX)"
        ) from None
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise _malformed(url, f"it begins with {parts.scheme + '://' if parts.scheme else 'no scheme'}")
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    if user and password is None:
        raise _malformed(url, f"it names the user {user} without a password")
    db = _database(url, parts)
    if parts.scheme == "unix":
        if parts.hostname or not parts.path.startswith("/"):
            raise _malformed(url, "the path of the socket is not absolute")
        return Endpoint(unquote(parts.path), None, 0, user, password, db, False)
    if not parts.hostname:
        raise _malformed(url, "it names no host")
    return Endpoint(
        None, parts.hostname, port or _STANDARD_PORT, user, password, db, parts.scheme == "rediss"
    )


def _database(url: str, parts: SplitResult) -> int:
    query = parse_qs(parts.query)
    unknown = [name for name in query if name != "db"]
    if unknown or parts.fragment:
        raise _malformed(url, f"{unknown[0] if unknown else '#' + parts.fragment} means nothing here")
    text = query["db"][-1] if "db" in query else ""
    if parts.scheme != "unix" and parts.path.strip("/"):
        text = parts.path.strip("/")
    if text and not (text.isascii() and text.isdigit()):
        raise _malformed(url, f"{text!r} is no number of a database")
    return int(text or 0)


def _malformed(url: str, why: str) -> RedisSetupError:
    # whatever stands before an @ may be a password
    shown = url.rpartition("@")[2] if "@" in url else url
    return RedisSetupError(f"--redis-url {shown!r} is no address of a Redis: {why}. Expected {FORMS}")


def _check_kind(info: dict[str, str], endpoint: Endpoint) -> None:
    version = info.get("redis_version", "")
    known = tuple(int(part) for part in version.split(".") if part.isdigit())
    if known < OLDEST:
        raise RedisSetupError(
            f"the Redis at {endpoint.where} is {version or 'of an unknown version'}, and "
            f"{'.'.join(map(str, OLDEST))} or newer is needed. Without --redis-url the run starts its own"
        )
    why = None
    if info.get("redis_mode") == "cluster":
        why = "is a cluster, where one script cannot change several keys at once"
    elif info.get("role") == "slave":
        why = f"is a read-only replica of {info.get('master_host')}:{info.get('master_port')}"
    elif info.get("maxmemory", "0") != "0" and info.get("maxmemory_policy", "noeviction") != "noeviction":
        why = (
            f"deletes keys when it is full (maxmemory-policy {info['maxmemory_policy']}) and so loses tuples"
        )
    if why:
        raise RedisSetupError(
            f"the Redis at {endpoint.where} {why}. Give another, or no --redis-url: the run starts its own"
        )


def _refusals(admin: object, keys: Keys) -> dict[str, str]:
    """Commands that a run needs and that are refused -> why."""
    from hpcd4p.transport.redis_admin import AdminError, RedisAdmin, Trouble

    assert isinstance(admin, RedisAdmin)
    refused = {}
    for words in (
        ("CLIENT", "SETNAME", keys.client(0)),
        ("CLIENT", "LIST", "TYPE", "NORMAL"),
        ("RPUSH", keys.bell(0), "1"),
        ("BLPOP", keys.bell(0), 1),
        ("UNLINK", keys.bell(0)),
    ):
        try:
            admin.call(*words)
        except AdminError as error:
            if error.trouble is not Trouble.PERMISSION:
                raise
            refused[" ".join(map(str, words[:2])) if words[0] == "CLIENT" else str(words[0])] = str(error)
    try:
        refused |= admin.refused_in_scripts(keys.prefix)
    except AdminError as error:
        if error.trouble is not Trouble.PERMISSION:
            raise
        refused["SCRIPT LOAD, EVALSHA"] = str(error)
    return refused


def _check_permissions(refused: dict[str, str], endpoint: Endpoint) -> None:
    if not refused:
        return
    user = endpoint.username or "default"
    why = next(iter(refused.values()))
    raise RedisSetupError(
        f"the Redis at {endpoint.where} does not let the user {user} run {', '.join(refused)} ({why}). "
        f"{_wanted_rights(endpoint)}"
    )


def _wanted_rights(endpoint: Endpoint) -> str:
    commands = [*COMMANDS, *(["select"] if endpoint.db else [])]
    rights = [f"~{KEY_PATTERN}", *(f"+@{f}" for f in FAMILIES), *(f"+{c}" for c in commands)]
    return f"A run needs: {' '.join(rights)}"
