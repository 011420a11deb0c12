"""Positions of galaxies: the lines of a file, or generated ones, and how such a line is read.

A line is ``ra,dec``: right ascension and declination (J2000) in decimal degrees. A galaxy has the number of
its line, and keeps it to the end: in names of files, in draws, in messages.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import asin, degrees, radians, sin

from hpcd4p.workflows.extinction.draws import uniforms

SOUTHERNMOST_DEG = -3.0
"""The Catalogue of Isolated Galaxies (CIG, Karachentseva 1973), 1051 galaxies, ends there."""

SHOWN = 60
"""Characters of a wrong line in a message."""


class CoordinateError(ValueError):
    """A line that gives no position on the sky."""


def lines_of(path: str, most: int | None = None) -> Iterator[tuple[int, str]]:
    """Give number and text of each line of a file that is neither empty nor a comment (``#``).

    Parameters
    ----------
    path
        A text file; a byte that is no UTF-8 spoils its line, not the file.
    most
        Lines to give; None for all.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    given = 0
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, 1):
            text = line.strip()
            if given == most:
                return
            if text and not text.startswith("#"):
                given += 1
                yield number, text


def generated_lines(seed: int, many: int) -> Iterator[tuple[int, str]]:
    """Give number and text of `many` generated lines, uniform over the part of the sky of the CIG."""
    low = sin(radians(SOUTHERNMOST_DEG))
    for number in range(1, many + 1):
        u, v = uniforms(seed, number, "position", 2)
        yield number, f"{360 * u:.5f},{degrees(asin(low + (1 - low) * v)):.5f}"


def position_of(number: int, text: str) -> tuple[float, float]:
    """Give right ascension and declination of line `number`, in degrees.

    Raises
    ------
    CoordinateError
        Not two numbers, or not on the sky; the message names the line.

    Examples
    --------
    >>> position_of(1, "0.77345, -1.9143")
    (0.77345, -1.9143)
    """
    try:
        ra, dec = map(float, text.split(","))
    except ValueError:
        raise CoordinateError(
            f"line {number}: expected right ascension and declination in degrees, such as 10.68458,41.26917; "
            f"found {_shown(text)}"
        ) from None
    if not 0 <= ra <= 360:  # not true of NaN
        raise CoordinateError(f"line {number}: right ascension must be from 0 to 360 degrees: {_shown(text)}")
    if not -90 <= dec <= 90:
        raise CoordinateError(f"line {number}: declination must be from -90 to 90 degrees: {_shown(text)}")
    return ra, dec


def galaxy_name(number: int, ra: float, dec: float) -> str:
    """Name a galaxy in a message.

    Examples
    --------
    >>> galaxy_name(7, 10.68458, 41.26917)
    'galaxy 7 (RA 10.68458, Dec +41.26917)'
    """
    return f"galaxy {number} (RA {ra:.5f}, Dec {dec:+.5f})"


def _shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "...")
