"""Which tasks a rank may begin while an earlier commit of its is outstanding. Pure.

A commit waits until its messages are matched, and no rank commits in the middle of a tuple. So a slow tuple
that is begun too early keeps the results of the task before it back, and those who wait for them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

SLOW_S = 0.05
"""A task that may hold a tuple this slow is not begun while an earlier commit is outstanding."""

SETTLE_S = 1.0
"""... but after this time it is: a stateful rank may be in the middle of a slow tuple."""


def takeable(wanted: Sequence[int], slow: Collection[int], waiting: Mapping[int, int]) -> list[int]:
    """Elements to ask for a task while a commit is outstanding.

    Parameters
    ----------
    wanted
        What the rank would run, the most wanted first.
    slow
        Those whose tuples may be slow. One that has never had a tuple may be, and may never have one: so
        only what waits matters.
    waiting
        Tasks that wait, by element, as far as is known.

    Returns
    -------
    list of int
        Quick ones, up to the first slow one whose turn it is: its task begins when the commit is through.
    """
    found = []
    for element in wanted:
        if element not in slow:
            found.append(element)
        elif waiting.get(element):
            break
    return found
