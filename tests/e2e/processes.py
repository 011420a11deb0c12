"""What /proc says of a process; nothing of one that is gone, or is somebody else's."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path


def processes() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def oldest_first(pids: Iterable[int]) -> list[int]:
    """By when they were started; their numbers begin again with small ones."""
    return sorted(pids, key=lambda pid: (_started(pid), pid))


def _started(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[19])


def environ_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:  # gone, or of somebody else
        return b""


def words_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def rank_of(pid: int) -> int | None:
    for word in environ_of(pid).split(b"\0"):
        name, _, value = word.partition(b"=")
        if name in (b"OMPI_COMM_WORLD_RANK", b"PMI_RANK"):
            return int(value)
    return None


def blocks_folders(pid: int) -> set[Path]:
    """Folders in shared memory of a run whose rank 0 is a process here.

    A process of a pretended node may have had the same number, and been killed with all that looked after it.
    """
    return set(Path("/dev/shm").glob(f"hpcd4p-blocks-{os.uname().nodename}-{pid}-*"))


def pending(pid: int, number: int) -> bool:
    """Whether a signal has been sent to a process, which has not got it yet."""
    return _is_among(pid, number, "SigPnd:", "ShdPnd:")


def caught(pid: int, number: int) -> bool:
    """Whether a process has a handler for a signal."""
    return _is_among(pid, number, "SigCgt:")


def _is_among(pid: int, number: int, *names: str) -> bool:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return False
    sets = [int(line.split()[1], 16) for line in lines if line.startswith(names)]
    return any(each >> (number - 1) & 1 for each in sets)


def mapped(pid: int) -> set[str]:
    """Files in /dev/shm that a process has mapped."""
    try:
        lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    except OSError:
        return set()
    return {
        line[line.index("/dev/shm/") :]
        for line in lines
        if "/dev/shm/" in line and not line.endswith(" (deleted)")
    }
