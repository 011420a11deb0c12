"""When the elements of another system began and ended: a line in a file, by whatever process runs them.

Those systems do not tell how long they were active, and their start-up must not be counted.
"""

from __future__ import annotations

import os
import time

STAMPS = "HPCD4P_BENCH_STAMPS"
"""Names the file."""


def stamp(text: str = "") -> None:
    """Note this moment, and `text` (one line).

    One short write to a file opened for appending: lines of processes do not mix.
    """
    moment = time.clock_gettime(time.CLOCK_MONOTONIC)
    file = os.open(os.environ[STAMPS], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, f"{moment!r} {text}\n".encode())
    os.close(file)


def active_s(path: str) -> float:
    """Seconds from the first to the last moment.

    Raises
    ------
    ValueError
        There are not two of them.
    """
    moments = [float(moment) for moment, _ in _read(path)]
    if len(moments) < 2:
        raise ValueError("its elements have not said when they began and ended")
    return max(moments) - min(moments)


def texts(path: str) -> list[str]:
    """Texts that were noted, in the order in which they came."""
    return [text for _, text in _read(path) if text]


def moments(path: str) -> list[tuple[float, float]]:
    """(moment, number) of those that have noted a number; a line that is being written is left out."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = [line.split() for line in file if line.endswith("\n")]
    except OSError:
        return []
    return [(float(moment), float(number)) for moment, number in lines]


def _read(path: str) -> list[tuple[str, str]]:
    try:
        with open(path, encoding="utf-8") as file:
            lines = [line.rstrip("\n").partition(" ") for line in file]
    except OSError:
        return []
    return [(moment, text) for moment, _, text in lines]
