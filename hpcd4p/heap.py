"""The memory that the C library keeps for this process: where elements make many arrays, it should keep more.

By default glibc gives the end of its heap back as soon as 2 MB of it are free, or twice the largest array so
far. A rank frees the arrays of a whole transaction at once; made anew, each of their pages is mapped and
cleared again, which takes longer than what is done with the arrays.
"""

from __future__ import annotations

import sys

KEPT_BYTES = 64 << 20
"""As much as a rank has under way (`control.sealing.WINDOW_BYTES`), a few times."""

LARGEST_BYTES = 32 << 20
"""Arrays up to this size come from the heap; the most that glibc allows."""

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3


def keep() -> None:
    """Have freed memory stay with this process, up to `KEPT_BYTES`; only where numpy is, and with glibc."""
    if "numpy" not in sys.modules:
        return
    import ctypes  # numpy has imported it

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)
        mallopt(_M_MMAP_THRESHOLD, LARGEST_BYTES)
