"""MiniSEED files to ObsPy traces, and those to windows. It must never give part of a damaged file."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import obspy
from obspy.io.mseed import InternalMSEEDError, ObsPyMSEEDError
from obspy.io.mseed.util import get_record_information


def read_miniseed(file: str | BytesIO) -> list[Any]:
    """Read the traces of a MiniSEED file, one for each SEED id, in order of id.

    Pieces of one id are joined; samples that lie between them are masked, and so are those where two pieces
    overlap and differ.

    Raises
    ------
    ValueError
        It is no MiniSEED file; or it is cut off or damaged: ObsPy warned, or bytes are left at its end; or
        pieces of one id differ in sampling rate.
    OSError
        It cannot be opened.
    """
    name = os.path.basename(file) if isinstance(file, str) else "the file"
    if isinstance(file, str):
        with open(file, "rb") as opened:
            file = BytesIO(opened.read())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # ObsPy warns of bad records and gives the others
            stream = obspy.read(file, format="MSEED")
        file.seek(0)
        left = get_record_information(file)["excess_bytes"]
    except (InternalMSEEDError, ObsPyMSEEDError, Warning, ValueError, TypeError) as error:
        raise ValueError(f"{name} is no whole MiniSEED file: {_one_line(error)}") from error
    if left:
        raise ValueError(f"{name} is cut off: its last {left} bytes are no whole record")
    try:
        stream.merge(method=0)
    except Exception as error:  # ObsPy raises it bare where rates or types differ
        raise ValueError(f"{name} has traces that cannot be joined: {_one_line(error)}") from error
    stream.sort()
    return list(stream)


def windows(trace: Any, minutes: float | None) -> Iterator[Any]:
    """Cut a trace at multiples of `minutes` since midnight UTC 1970-01-01; None leaves it whole.

    The parts at its ends that do not fill a window come as they are; `is_full` tells them.
    """
    if minutes is None:
        yield trace
        return
    length = minutes * 60
    stats = trace.stats
    # half a sample of grace: a window must not lose its first sample to rounding
    first = int((stats.starttime.timestamp + stats.delta / 2) // length)
    last = int((stats.endtime.timestamp + stats.delta / 2) // length)
    for window in range(first, last + 1):
        begin = obspy.UTCDateTime(window * length)
        part = trace.slice(begin, begin + length - stats.delta, nearest_sample=True)
        if len(part):
            yield part


def is_full(part: Any, minutes: float | None) -> bool:
    """Whether a part of `windows` fills its window, to one sample."""
    return minutes is None or len(part) >= round(minutes * 60 * part.stats.sampling_rate) - 1


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
