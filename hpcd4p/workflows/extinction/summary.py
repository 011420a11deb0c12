"""The extinctions of a run by morphological type. Pure.

Computed from the rows at the end, not by an element: an element with a state would have a rank of its own,
which would wait for next to nothing to do while the others wait for the service.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from math import fsum
from typing import Any, NamedTuple

from hpcd4p.workflows.extinction.formula import CLASSES


class TypeRow(NamedTuple):
    """Galaxies of one type; extinctions in magnitudes."""

    t: int
    name: str
    galaxies: int
    mean: float
    low: float
    high: float


def by_type(galaxies: Iterable[dict[str, Any]]) -> list[TypeRow]:
    """Give a row for each T that occurs, in order of T; barred and unbarred galaxies are of one T.

    Parameters
    ----------
    galaxies
        Rows of the output ``galaxies`` of `elements.InternalExtinction`, in any order.

    Examples
    --------
    >>> by_type([{"t": 3, "extinction_mag": 0.25}, {"t": 3, "extinction_mag": 0.75}])
    [TypeRow(t=3, name='Sb', galaxies=2, mean=0.5, low=0.25, high=0.75)]
    """
    magnitudes: dict[int, list[float]] = defaultdict(list)
    for row in galaxies:
        magnitudes[row["t"]].append(row["extinction_mag"])
    # fsum: the order of the rows differs between runs, and must not show in the last digits
    return [
        TypeRow(t, CLASSES[t], len(each), fsum(each) / len(each), min(each), max(each))
        for t, each in sorted(magnitudes.items())
    ]
