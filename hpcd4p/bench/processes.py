"""Processes as /proc shows them: children, processor time, memory, rank. Linux only; reads only."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from hpcd4p.launch.place import launched_rank, launched_size

_TICK = os.sysconf("SC_CLK_TCK")


def descendants(root: int | None = None) -> list[int]:
    """Children, grandchildren and so on of `root` (this process), in no order."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            fields = _stat(int(path.name))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(path.name))
    pids: list[int] = []
    todo = [os.getpid() if root is None else root]
    while todo:
        below = children.get(todo.pop(), [])
        pids += below
        todo += below
    return pids


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all its threads; 0.0 when it has gone."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICK if fields else 0.0


def run_seconds(pid: int) -> float:
    """The same to the nanosecond, not to the tick: for what uses less than a tick or two."""
    used = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(OSError):
            used += int(task.read_text().split()[0])
    return used * 1e-9


def memory_peak_bytes(pid: int) -> int:
    """Largest resident memory that a process has had; 0 when it has gone."""
    return _status_bytes(pid, "VmHWM:")


def memory_bytes(pid: int) -> int:
    """Resident memory of a process, what it shares with others among it; 0 when it has gone."""
    return _status_bytes(pid, "VmRSS:")


def proportional_bytes(pid: int) -> int:
    """Resident memory of a process, each page divided by those that share it; 0 when it has gone."""
    return _status_bytes(pid, "Pss:", "smaps_rollup")


def _status_bytes(pid: int, name: str, file_name: str = "status") -> int:
    try:
        with open(f"/proc/{pid}/{file_name}", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith(name):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def ranks_below(root: int) -> dict[int, int]:
    """MPI rank → pid among the descendants of a launcher; helpers of a rank are left out."""
    pids: dict[int, int] = {}
    for pid in sorted(descendants(root)):
        try:
            raw = Path(f"/proc/{pid}/environ").read_bytes()
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        environ = dict(part.split("=", 1) for part in raw.decode(errors="replace").split("\0") if "=" in part)
        if b"hpcd4p.bench" in command and launched_size(environ) > 1:
            pids.setdefault(launched_rank(environ), pid)
    return pids


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the state on; empty when it has gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            text = file.read()
    except OSError:
        return []
    return text[text.rindex(")") + 2 :].split()


def read_bytes(pid: int) -> int:
    """Bytes that a process has read so far, from files and connections; 0 if it is gone."""
    try:
        with open(f"/proc/{pid}/io", encoding="ascii") as lines:
            return int(next(line for line in lines if line.startswith("rchar:")).split()[1])
    except OSError:
        return 0
