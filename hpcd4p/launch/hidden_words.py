"""Passwords in the words that started this process, where everybody who calls ``ps`` reads them."""

from __future__ import annotations

import re
from contextlib import suppress

_PASSWORD = re.compile(rb"(?<=://)[^\0]*(?=@)")

_ARG_START = 45
"""Of the fields of /proc/self/stat after the name: where the words begin; the next one is where they end."""


def hide_passwords() -> None:
    """Overwrite with asterisks what stands before the @ of an address; Python has its own copy of the words.

    Where the kernel does not let a process write its own memory so, the words stay as they are.
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
