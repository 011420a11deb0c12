"""What ranks report to the head, sealed. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from hpcd4p.wire.codec import REPORT, Codec, about

if TYPE_CHECKING:
    from array import array


class Reason(StrEnum):
    """Why a rank cannot go on."""

    ELEMENT = "element"
    """An element cannot be made, or has ended its process."""
    FOREIGN = "foreign"
    """A key of the run holds what the run has not written."""
    ENGINE = "engine"
    """A bug."""


class Claimed(NamedTuple):
    """An element that was taken for stateless has changed; `rank` does all its work."""

    rank: int
    element: int
    changed: str
    """What of it, in words."""


class Doubted(NamedTuple):
    """An element that was taken for stateless has changed on `rank`, and others have worked on it, too."""

    rank: int
    element: int
    changed: str


class Judged(NamedTuple):
    """A task that ranks had died with has run apart."""

    rank: int
    element: int
    guilty: bool
    """Whether a tuple of it has ended the process."""


class Bins(NamedTuple):
    """What a rank did over its time, in bins of equal width; bins that are missing at the end are 0."""

    began: float
    """When the first begins: seconds since 1970."""
    width_s: float
    busy_s: array[float]
    parked_s: array[float]


class Figures(NamedTuple):
    """The last word of a rank that was told to stop."""

    rank: int
    fields: dict[str, Any]
    """Of `record.summary.RankFigures`."""
    bins: Bins
    doubted: list[Doubted]
    """Elements of which it had not looked at the last tuples before."""


class Failed(NamedTuple):
    """The last word of a rank that cannot go on."""

    rank: int
    reason: Reason
    text: str


Report = Claimed | Doubted | Judged | Figures | Failed


def seal(codec: Codec, report: Report) -> bytes:
    """The report as it is left for the head."""
    return codec.seal(report, about(REPORT))


def unseal(codec: Codec, sealed: bytes) -> Report:
    """Inverse of `seal`.

    Raises
    ------
    ForeignBytesError
        No rank of this run has sealed it.
    """
    report: Report = codec.open(sealed, about(REPORT))
    return report
