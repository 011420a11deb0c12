"""Whether a rank has more work for its partitions than it can do, and when it says so. Pure."""

from __future__ import annotations

WINDOW_S = 0.5
"""A rank is measured for so long: what is over sooner is over before a hand-over would help."""

BEHIND = 0.9
"""Busy for more than this part of a window, a rank may be behind."""

LINE_S = 0.5
"""... if more seconds of work than this are in line: less is done before others have taken over."""

TELL_BUSY = 0.25
"""A rank that is busy for less than this says nothing: it has room."""

TELL_EVERY_S = 2.0
"""A rank that is not behind tells so at most this often."""


def tells(busy: float, line_s: float, since_s: float) -> bool:
    """Whether a rank tells the head how busy it is, at the end of a window.

    Parameters
    ----------
    since_s
        Seconds since it last did.

    ======================================  =================================
    of the rank                             tells
    ======================================  =================================
    it is behind (`is_behind`)              always
    busy for `TELL_BUSY` or more            `TELL_EVERY_S` after the last time
    busy for less                           never
    ======================================  =================================
    """
    return is_behind(busy, line_s) or (busy >= TELL_BUSY and since_s >= TELL_EVERY_S)


def is_behind(busy: float, line_s: float) -> bool:
    """Whether a rank has more work for its partitions than it can do, as far as one window shows."""
    return busy >= BEHIND and line_s >= LINE_S
