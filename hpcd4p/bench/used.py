"""What a command takes, as a user starts it: wall time and memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from hpcd4p.bench.trial import TrialError


def used(*words: str) -> tuple[float, int]:
    """Give the wall time in seconds, and the most resident bytes, of ``hpcd4p WORDS``.

    Raises
    ------
    TrialError
        It has failed.
    """
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "hpcd4p", *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, taken = os.wait4(process.pid, 0)
    wall_s = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise TrialError(
            f"{words[0]} ended with {process.returncode}: {errors.decode(errors='replace')[-2000:]}"
        )
    return wall_s, taken.ru_maxrss * 1024
