"""Whether the process that made a thing is alive, and which files processes use. Only reads /proc."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

_CLOCK_S = 2.0
"""The clock of a file system, and the kernel's ticks, may differ by so much."""


class Stat(NamedTuple):
    """What the kernel says of a process."""

    name: str
    lives: bool
    """It has not ended: its number may stay for as long as nobody has asked for its status."""
    parent: int
    began_ticks: int
    """When it was started, in ticks since its host was."""
    state: str
    """The letter of the kernel: R, S, D (waits for a file), T (stopped)."""
    cpu_ticks: int
    """Of a core that it has had, in ticks."""


def stat_of(pid: int | str) -> Stat:
    """What the kernel says of a process, or of a thread (PID/task/TID); raises `OSError` if nothing."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        text = file.read()
    # "pid (name) state ppid ...": the name may hold blanks and brackets
    begin, end = text.index(b"("), text.rindex(b")")
    fields = text[end + 2 :].split()
    return Stat(
        os.fsdecode(text[begin + 1 : end]),
        fields[0] not in b"ZX",
        int(fields[1]),
        int(fields[19]),
        fields[0].decode(),
        int(fields[11]) + int(fields[12]),
    )


def began(pid: int) -> float | None:
    """When a process was started (seconds since 1970), or None if there is none."""
    try:
        stat = stat_of(pid)
        with open("/proc/uptime", "rb") as file:
            up_s = float(file.read().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        return None
    except OSError:
        return 0.0  # another user's: nothing more is known
    return time.time() - up_s + stat.began_ticks / os.sysconf("SC_CLK_TCK") if stat.lives else None


def made_it(pid: int, made: float) -> bool:
    """Whether process `pid` is alive and may have made a thing at that time; its number may be reused."""
    start = began(pid)
    return start is not None and start <= made + _CLOCK_S


def used(paths: Iterable[str]) -> set[str]:
    """Those of `paths` that a process has mapped, opened or works in; a folder also if a file in it is."""
    wanted = set(paths)
    in_use: set[str] = set()
    if wanted:
        for file in _files():
            in_use |= {path for path in wanted if file == path or file.startswith(path + "/")}
    return in_use


def places_of(library: str) -> set[str]:
    """Folders for temporary files of the processes that have a library of that name mapped."""
    folders = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            with open(f"/proc/{name}/maps", "rb") as lines:
                if library.encode() not in lines.read():
                    continue
            with open(f"/proc/{name}/environ", "rb") as file:
                variables = dict(word.split(b"=", 1) for word in file.read().split(b"\0") if b"=" in word)
            folders |= {
                os.fsdecode(variables[key]) for key in (b"TMPDIR", b"TEMP", b"TMP") if key in variables
            }
            folders.add("/tmp")
    return folders


def _files() -> Iterator[str]:
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        with suppress(OSError), open(f"/proc/{name}/maps", errors="replace") as lines:
            yield from {line[line.index("/") :].rstrip() for line in lines if "/" in line}
        with suppress(OSError):
            yield os.readlink(f"/proc/{name}/cwd")
        with suppress(OSError):
            for each in os.listdir(f"/proc/{name}/fd"):
                with suppress(OSError):
                    yield os.readlink(f"/proc/{name}/fd/{each}")
