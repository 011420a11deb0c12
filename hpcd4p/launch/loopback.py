"""Keeps the launcher of a run on one node from being reached over a network.

Open MPI's mpirun and MPICH's listen on all interfaces, and no option of theirs says otherwise. So the process
that has started the launcher takes a second descriptor of each such socket and binds it to the loopback
device: the kernel then refuses what comes in by any other. Owns that; must never touch a socket of a rank.
"""

from __future__ import annotations

import ctypes
import os
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

from hpcd4p.logs import module_log

LOOKS_S = 2.0
"""A launcher listens before it starts its ranks; on a slow file system that takes a while."""

PAUSE_S = 0.01
"""Between two looks, each of which takes 0.2 ms."""

_PIDFD_GETFD = 438
"""The number of the system call, the same on all architectures (Linux 5.6)."""

_LISTEN = "0A"
_LOOPBACK = ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F")

_log = module_log(__name__)


def keep_local(launcher: int) -> None:
    """Bind what the process `launcher`, a child of this one, listens on to this node; in a thread."""
    threading.Thread(target=_look, args=(launcher,), daemon=True).start()


def _look(launcher: int) -> None:
    bound: set[str] = set()
    end = time.monotonic() + LOOKS_S
    with suppress(FileNotFoundError, ProcessLookupError):  # the launcher has ended
        while time.monotonic() < end:
            for inode, descriptor in open_listeners(launcher).items():
                if inode not in bound:
                    bound.add(inode)
                    try:
                        _bind(launcher, descriptor)
                    except OSError as error:  # an older kernel, or a container that forbids it
                        _log.info("the launcher can be reached from other nodes: %s", error)
                        return
            time.sleep(PAUSE_S)


def open_listeners(process: int) -> dict[str, int]:
    """Listening sockets of `process` that are not on a loopback address: inode -> descriptor."""
    listening = set()
    for table in ("tcp", "tcp6"):
        with suppress(FileNotFoundError):  # a kernel without IPv6
            for line in Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == _LISTEN and words[1].split(":")[0] not in _LOOPBACK:
                    listening.add(words[9])
    listeners = {}
    for name in os.listdir(f"/proc/{process}/fd"):
        with suppress(FileNotFoundError):  # closed meanwhile
            target = os.readlink(f"/proc/{process}/fd/{name}")
            inode = target.removeprefix("socket:[").removesuffix("]")
            if inode in listening:
                listeners[inode] = int(name)
    return listeners


def _bind(process: int, descriptor: int) -> None:
    with _taken(process, descriptor) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")


def _taken(process: int, descriptor: int) -> socket.socket:
    """A second descriptor, in this process, of a socket of another one."""
    handle = os.pidfd_open(process)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        mine = libc.syscall(_PIDFD_GETFD, handle, descriptor, 0)
        if mine < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return socket.socket(fileno=mine)
    finally:
        os.close(handle)
