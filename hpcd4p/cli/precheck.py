"""Tries a workflow with ``hpcd4p plan`` before its run waits in a queue or is one of hundreds.

In a process of its own, so that the workflow's imports stay out of this one.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence

PLAN_S = 300.0
"""Deadline for a workflow that loads slowly."""

_WITH_VALUE = ("-i", "--iterations", "-d", "--data", "-f", "--file")
"""Options of `run` that `plan` does not have: they do not change which rank does what."""

_JOINED = re.compile(r"-[idf][=\d]|--(iterations|data|file)=")


def refusal(words: Sequence[str]) -> str:
    """Give why ``hpcd4p run WORDS`` could not begin; empty if it could."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "hpcd4p", "plan", *for_plan(words)],
            capture_output=True, text=True, timeout=PLAN_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"it did not load within {PLAN_S:.0f} s; try python -m hpcd4p plan {' '.join(for_plan(words))}"
    return done.stderr.strip().removeprefix("hpcd4p: error: ") if done.returncode else ""


def for_plan(words: Sequence[str]) -> list[str]:
    """Give the words that `plan` takes, too.

    Examples
    --------
    >>> for_plan(["-n=4", "-i", "5", "--file=in.json", "flow.py", "--", "-i", "3"])
    ['-n=4', 'flow.py', '--', '-i', '3']
    """
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            return [*kept, word, *rest]
        if word in _WITH_VALUE:
            next(rest, None)
        elif not _JOINED.match(word):
            kept.append(word)
    return kept
