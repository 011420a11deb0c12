"""What processes do, as /proc of their host shows it: their share of a core, and what they wait for."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from hpcd4p.processes import stat_of

# parts of the names of functions of the kernel in which a process waits; the first that fits counts
WORDS = (
    (("futex",), "a lock of its own process"),
    (("nanosleep",), "a time to be over (a sleep)"),
    (("locks_lock", "flock", "posix_lock"), "a file lock"),
    (("nfs", "rpc_", "lustre", "ptlrpc", "gpfs", "cxi", "fuse", "ceph", "cifs"), "a file server"),
    (("pipe_", "fifo"), "a pipe"),
    (("sk_", "sock", "unix_", "tcp", "inet", "skb", "wait_woken"), "a socket"),
    (("poll", "select", "epoll"), "a socket, a pipe or a time"),
    (("do_wait", "vfork", "kernel_clone"), "a process that it has started"),
    (("io_schedule", "folio", "bio", "blk", "jbd", "xfs", "ext4", "btrfs", "page", "sync"), "a disk"),
)  # fmt: skip

LOCK = WORDS[2][0]


class Look(NamedTuple):
    """One look at a process or thread."""

    state: str
    """See `processes.Stat`."""
    cpu: float | None
    """Part of a core that it has had since the look before; None: it is the first."""


class Looks:
    """At processes and threads, each named as in `stat_of`, now and then."""

    def __init__(self) -> None:
        self._ticks = os.sysconf("SC_CLK_TCK")
        self._seen: dict[str, tuple[float, int]] = {}

    def look(self, who: str, now: float) -> Look | None:
        """What it does; None: it is gone."""
        try:
            stat = stat_of(who)
        except OSError:
            self._seen.pop(who, None)
            return None
        before, self._seen[who] = self._seen.get(who), (now, stat.cpu_ticks)
        if before is None or now <= before[0]:
            return Look(stat.state, None)
        return Look(stat.state, (stat.cpu_ticks - before[1]) / self._ticks / (now - before[0]))

    def keep(self, names: Iterable[str]) -> None:
        """Forget all others."""
        self._seen = {name: self._seen[name] for name in names if name in self._seen}


def waits_in(who: str) -> str:
    """The function of the kernel in which a process or thread waits; empty: none, or not to be seen."""
    try:
        with open(f"/proc/{who}/wchan", encoding="ascii", errors="replace") as file:
            name = file.read().strip()
    except OSError:
        return ""
    return "" if name == "0" else name


def in_words(function: str) -> str:
    """What somebody waits for who waits in that function of the kernel.

    Examples
    --------
    >>> in_words("hrtimer_nanosleep"), in_words("unix_stream_read_generic"), in_words("what")
    ('a time to be over (a sleep)', 'a socket', 'something outside (what)')
    """
    if not function:
        return ""
    words = (words for parts, words in WORDS if any(part in function for part in parts))
    return next(words, f"something outside ({function})")


def is_file_lock(function: str) -> bool:
    """Whether it is that in which a process waits for a lock on a file."""
    return any(part in function for part in LOCK)


def lock_in_words(pid: int) -> str:
    """The file lock for which a process waits, and who has it, as far as this host can see."""
    try:
        with open("/proc/locks", encoding="ascii", errors="replace") as file:
            found = locked(file.read(), pid)
    except OSError:
        found = None
    if found is None:
        return "a file lock"
    holder, inode = found
    try:
        name = f" ({stat_of(holder).name})"
    except OSError:
        name = ""
    return f"the lock on {_path(pid, inode) or 'a file'}, which process {holder}{name} has"


def locked(text: str, pid: int) -> tuple[int, str] | None:
    """(who has it, DEVICE:INODE) of the lock for which `pid` waits, by the lines of /proc/locks."""
    holders: dict[str, int] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) > 6 and words[1] == "->" and words[5] == str(pid) and words[0] in holders:
            return holders[words[0]], words[6]
        if len(words) > 5 and words[1] != "->" and words[4].isdigit():
            holders[words[0]] = int(words[4])
    return None


def _path(pid: int, inode: str) -> str:
    """Path of an open file of a process, by DEVICE:INODE."""
    number = int(inode.rpartition(":")[2])
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            path = f"/proc/{pid}/fd/{name}"
            if os.stat(path).st_ino == number:
                return os.readlink(path)
    except OSError:
        pass
    return ""
