"""The configuration of a run's Redis server, and its one user. Pure text.

Owns the list of commands that a run may use. Must never open a file or start anything.
"""

from __future__ import annotations

import hashlib

USER = "hpcd4p"
"""The only user of a run's server; the default user is off."""

KEY_PATTERN = "hpcd4p:*"

OLDEST = (6, 2)
"""Oldest Redis that has every command and ACL rule used here."""

LEAST_MEMORY_MB = 128
"""The server may use this much on any node. Sources wait long before (`EngineSettings.high_bytes`); on top
come the tasks that ranks have in hand, and each payload several times over while it goes in or out."""

SHARE_OF_NODE = 4
"""Or one part in so many of the node's memory, if that is more: it is the last defence, not what is used."""

MAX_CLIENTS = 32_768
"""Two connections for each rank; the server takes fewer by itself if it may not open so many."""

KEEPALIVE_S = 10
"""A connection to a node that vanished is closed after about three times this."""

FAMILIES = ("hash", "list", "set", "sortedset")

COMMANDS = (
    # the scripts
    *("eval", "evalsha", "script|load"),
    # keys of any type; `keys` and `scan` show nothing else, for there is nothing else in it
    *("del", "unlink", "exists", "type", "expire", "ttl", "scan", "keys", "memory|usage"),
    # who is there, and how it fares
    *("auth", "hello", "ping", "time", "info", "client|setname", "client|list", "client|id"),
)
"""What is allowed beside the families. Never: config, flushall, module, debug, replicaof, shutdown."""


def user_rule(secret: str) -> str:
    """ACL line of the run's user; holds the SHA-256 of `secret`, never `secret` itself."""
    digest = hashlib.sha256(secret.encode()).hexdigest()
    families = " ".join(f"+@{name}" for name in FAMILIES)
    commands = " ".join(f"+{name}" for name in COMMANDS)
    # the dangerous members of the families (sort reads other keys) go before the single ones come
    return (
        f"user {USER} reset on #{digest} resetchannels ~{KEY_PATTERN} -@all {families} -@dangerous {commands}"
    )


def memory_mb(node_bytes: int) -> int:
    """What the server may use on a node with that much memory."""
    return max(LEAST_MEMORY_MB, node_bytes // SHARE_OF_NODE >> 20)


def server_config(
    directory: str, secret: str, bind: str | None, port: int, memory: int = LEAST_MEMORY_MB
) -> str:
    """Configuration of a server that lives in `directory`.

    Parameters
    ----------
    directory
        Absolute path, without a line break or a double quote.
    secret
        Password of the run's user.
    bind, port
        Address to listen on; port 0 listens on the Unix socket alone.
    memory
        Megabytes that it may use.
    """
    lines = [
        f"port {port if bind else 0}",
        *([f"bind {bind}"] if bind and port else []),
        "protected-mode yes",
        # ranks of a large job connect within the same second; the kernel may allow less
        "tcp-backlog 4096",
        f"tcp-keepalive {KEEPALIVE_S}",
        "timeout 0",
        f'unixsocket "{socket_path(directory)}"',
        "unixsocketperm 600",
        f'dir "{directory}"',
        f'logfile "{log_path(directory)}"',
        "loglevel notice",
        "daemonize no",
        "databases 1",
        # nothing of a run is kept here: checkpoints are files of their own
        'save ""',
        "appendonly no",
        f"maxmemory {memory}mb",
        # a full server must refuse: to evict is to lose tuples
        "maxmemory-policy noeviction",
        f"maxclients {MAX_CLIENTS}",
        "user default reset off",
        user_rule(secret),
    ]
    return "\n".join(lines) + "\n"


def socket_path(directory: str) -> str:
    """Unix socket of the server in `directory`."""
    return f"{directory}/redis.sock"


def log_path(directory: str) -> str:
    """Log of the server in `directory`."""
    return f"{directory}/redis.log"
