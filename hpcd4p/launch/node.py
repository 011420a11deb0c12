"""The memory of this node, and how much of it this process may use."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_LIMITS = ("/sys/fs/cgroup{group}/memory.max", "/sys/fs/cgroup/memory{group}/memory.limit_in_bytes")


def node_bytes() -> int:
    """Memory of this node in bytes, or the limit that Slurm or a container has set below it."""
    limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for group in {"", *_groups()}:
        for path in _LIMITS:
            with suppress(OSError, ValueError):  # not there, or "max"
                limits.append(int(Path(path.format(group=group)).read_text()))
    return min(n for n in limits if n > 0)


def _groups() -> list[str]:
    """Control groups of this process: the last field of each line of /proc/self/cgroup."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    return [line.rsplit(":", 1)[1].rstrip("/") for line in lines if ":" in line]
