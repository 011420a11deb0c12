"""Hides passwords in the command line of this process, where everybody can read them with ``ps``."""

from __future__ import annotations

import re
from contextlib import suppress

_PASSWORD = re.compile(rb"(?<=://)[^\0]*(?=@)")

_ARG_START = 45
"""The field of /proc/self/stat (after the name) with the begin of the command line; the next has its end."""


def hide_passwords() -> None:
    """Overwrite the part before the @ of an address with asterisks; Python has its own copy of the words.

    If the kernel does not let a process write its own memory in this way, nothing is changed.
    """
    with suppress(OSError, ValueError, IndexError):
        with open("/proc/self/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
        start, end = map(int, fields[_ARG_START : _ARG_START + 2])
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(start)
            words = memory.read(end - start)
            memory.seek(start)
            memory.write(_PASSWORD.sub(lambda match: b"*" * len(match[0]), words))
