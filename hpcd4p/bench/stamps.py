"""When the elements of another system began and ended: a line in a file, by whatever process runs them.

Those systems do not tell how long they were active, and their start-up must not be counted.
"""

from __future__ import annotations

import os
import time

STAMPS = "HPCD4P_BENCH_STAMPS"
"""Names the file."""


def stamp() -> None:
    """Note this moment. One short write to a file opened for appending: lines of processes do not mix."""
    moment = time.clock_gettime(time.CLOCK_MONOTONIC)
    file = os.open(os.environ[STAMPS], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, f"{moment!r}\n".encode())
    os.close(file)


def active_s(path: str) -> float:
    """Seconds from the first to the last moment.

    Raises
    ------
    ValueError
        There are not two of them.
    """
    try:
        with open(path, encoding="ascii") as file:
            moments = [float(line) for line in file]
    except OSError:
        moments = []
    if len(moments) < 2:
        raise ValueError("its elements have not said when they began and ended")
    return max(moments) - min(moments)
