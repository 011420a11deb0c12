"""The internal extinction of a galaxy, from its morphological type and its axis ratio. Pure.

Sources: Bottinelli L., Gouguenheim L., Paturel G., Teerikorpi P. 1995, A&A 296, 64, in the form in which
LEDA publishes its parameter ``ai`` (http://leda.univ-lyon1.fr/leda/param/ai.html); the bulge to disk ratio
after Simien F., de Vaucouleurs G. 1986, ApJ 302, 564; type codes of LEDA (RC2 system). dispel4py's
workflow for the isolated galaxies of AMIGA computes the same.
"""

from __future__ import annotations

from math import log10

CLASSES = {
    -5: "E", -3: "E-S0", -2: "S0", 0: "S0-a", 1: "Sa", 2: "Sab", 3: "Sb",
    4: "Sbc", 6: "Sc", 7: "Scd", 8: "Sd", 9: "Sm", 10: "Irr",
}  # fmt: skip
"""De Vaucouleurs' numerical type T and the Hubble class that LEDA gives it."""

C = 0.04
"""Change of the logarithm of the apparent diameter with that of the axis ratio, dlogD/dlogR."""

MOST_LOGR25 = 2.0
"""An axis ratio of 100. The thinnest galaxies known have about 20."""


def _spellings() -> dict[str, int]:
    types = {name: t for t, name in CLASSES.items()}
    for t, name in CLASSES.items():
        if name.startswith("S") and t >= 0:
            types["SB" + name[1:]] = types["SAB" + name[1:]] = t
    return types | {"S0/a": 0, "S0a": 0, "SB0/a": 0, "SB0a": 0, "SB0": -2, "I": 10, "IB": 10}


TYPES = _spellings()
"""Morphological types as catalogues spell them, and their T. Barred types have the T of their class."""


def type_code(mtype: str) -> int | None:
    """Give T of a morphological type; None where the type is not given or not certain (``S?``).

    Examples
    --------
    >>> type_code("SBbc"), type_code("S?")
    (4, None)
    """
    return TYPES.get(mtype.strip())


def internal_extinction(t: float, logr25: float) -> float:
    """Internal extinction of a galaxy in the B band, relative to its being seen face-on, in magnitudes.

    ``A = -2.5 log10(k + (1 - k) R^(2 C (1 + 0.2 / K) - 1))``, where R is the axis ratio, k the bulge to
    disk ratio ``0.754 * 10^(-0.2 T)`` but at most 1, and K = dlogD/db (D the isophotal diameter at the
    surface brightness b) ``0.12 - 0.007 T`` for T < 0, else 0.094. Nothing is left of it where k is 1: for
    E, E-S0 and S0.

    Parameters
    ----------
    t
        De Vaucouleurs' numerical type, -5 (E) to 10 (Irr).
    logr25
        Decimal logarithm of the ratio of major to minor axis at the isophote of 25 mag/arcsec² in B.

    Raises
    ------
    ValueError
        `logr25` is not between 0 (round) and `MOST_LOGR25`.

    Examples
    --------
    >>> round(internal_extinction(6, 0.5), 2), internal_extinction(-2, 0.5)
    (0.87, 0.0)
    """
    if not 0 <= logr25 <= MOST_LOGR25:  # not true of NaN
        raise ValueError(f"expected logR25 from 0 to {MOST_LOGR25:g}, found {logr25:g}")
    bulge = min(1.0, 0.754 * 10 ** (-0.2 * t))
    slope = 0.12 - 0.007 * t if t < 0 else 0.094
    exponent = 2 * C * (1 + 0.2 / slope) - 1
    seen = bulge + (1 - bulge) * 10 ** (logr25 * exponent)
    return -2.5 * log10(seen) + 0.0  # no -0.0
