"""Generated galaxies, and the VOTables that the workflow's own service gives for them.

They are plausible, not real: shares of the types as among the isolated galaxies of AMIGA (Sulentic et al.
2006, A&A 449, 937: 14 % E to S0, 82 % Sa to Sd, 63 % Sb to Sc), inclined at random, and as thick as LEDA
takes their type to be. The columns are those of the catalogue of HyperLEDA, VII/237 at VizieR (Paturel et al.
2003, A&A 412, 45). As there, some galaxies have no type, or an uncertain one, or no axis ratio.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from math import log10
from typing import NamedTuple

from hpcd4p.workflows.extinction.draws import uniforms
from hpcd4p.workflows.extinction.formula import TYPES

SHARES = {
    "E": 5, "E-S0": 2, "S0": 6, "S0-a": 1, "Sa": 3, "Sab": 5, "Sb": 16,
    "Sbc": 20, "Sc": 27, "Scd": 7, "Sd": 4, "Sm": 2, "Irr": 2,
}  # fmt: skip
"""Galaxies of each type, in per cent of those that have one."""

BARRED = 0.4
"""Of the spirals."""

NO_TYPE, UNCERTAIN_TYPE, NO_AXES = 0.02, 0.02, 0.02
"""Parts of the galaxies without a type, with type ``S?``, and without an axis ratio."""


class Entry(NamedTuple):
    """What the catalogue says of a galaxy; None where it says nothing."""

    mtype: str | None
    logr25: float | None
    logd25: float  # of the apparent diameter in 0.1 arcmin
    angle_deg: int  # position angle of the major axis


def entry_of(seed: int, item: int) -> Entry:
    """Give galaxy `item` of the catalogue generated from `seed`."""
    kind, barred, tilt, size, angle, no_type, no_axes = uniforms(seed, item, "galaxy", 7)
    mtype = _type_at(kind)
    logr25 = round(_logr25(TYPES[mtype], cos_i=tilt), 2)
    if mtype[0] == "S" and TYPES[mtype] > 0 and barred < BARRED:
        mtype = "SB" + mtype[1:]
    listed_type = "S?" if no_type < UNCERTAIN_TYPE else None if no_type < UNCERTAIN_TYPE + NO_TYPE else mtype
    return Entry(
        listed_type, None if no_axes < NO_AXES else logr25, round(0.8 + 0.8 * size, 2), int(180 * angle)
    )


def _type_at(u: float) -> str:
    borders = list(accumulate(SHARES.values()))
    return list(SHARES)[bisect_right(borders, u * borders[-1])]


def _logr25(t: int, cos_i: float) -> float:
    """Apparent flattening of a spheroid seen at an inclination: the Hubble formula, as LEDA uses it."""
    thinnest = 0.43 + 0.053 * t if t <= 7 else 0.38
    square = 10 ** (-2 * thinnest)
    return -0.5 * log10(square + (1 - square) * cos_i**2)


def votable_of(seed: int, item: int, ra: float, dec: float) -> bytes:
    """Give the VOTable that the service answers for galaxy `item` at a position in degrees."""
    entry = entry_of(seed, item)
    cells = (
        item, f"{ra:.5f}", f"{dec:.5f}", "G", entry.mtype or "", f"{entry.logd25:.2f}", "0.05",
        "" if entry.logr25 is None else f"{entry.logr25:.2f}", "" if entry.logr25 is None else "0.03",
        entry.angle_deg,
    )  # fmt: skip
    row = "".join(f"<TD>{cell}</TD>" for cell in cells)
    return _DOCUMENT.replace("ROW", row).encode()


_DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">
 <RESOURCE ID="generated" type="results">
  <DESCRIPTION>Generated galaxies in the columns of VII/237 (Paturel et al. 2003); not measured</DESCRIPTION>
  <INFO name="QUERY_STATUS" value="OK"/>
  <COOSYS ID="J2000" system="eq_FK5" equinox="J2000"/>
  <TABLE ID="pgc" name="pgc">
   <FIELD name="PGC" ucd="meta.id;meta.main" datatype="int"><DESCRIPTION>Number</DESCRIPTION></FIELD>
   <FIELD name="RAJ2000" ucd="pos.eq.ra;meta.main" ref="J2000" datatype="double" unit="deg"/>
   <FIELD name="DEJ2000" ucd="pos.eq.dec;meta.main" ref="J2000" datatype="double" unit="deg"/>
   <FIELD name="OType" ucd="src.class" datatype="char" arraysize="2*"/>
   <FIELD name="MType" ucd="src.morph.type" datatype="char" arraysize="5*">
    <DESCRIPTION>Morphological type according to the RC2 code</DESCRIPTION></FIELD>
   <FIELD name="logD25" ucd="phys.angSize" datatype="float">
    <DESCRIPTION>Log of the apparent diameter in 0.1 arcmin</DESCRIPTION></FIELD>
   <FIELD name="e_logD25" ucd="stat.error;phys.angSize" datatype="float"/>
   <FIELD name="logR25" ucd="phys.size.axisRatio" datatype="float">
    <DESCRIPTION>Axis ratio in log scale (log of major axis to minor axis)</DESCRIPTION></FIELD>
   <FIELD name="e_logR25" ucd="stat.error;phys.size.axisRatio" datatype="float"/>
   <FIELD name="PA" ucd="pos.posAng" datatype="short" unit="deg"/>
   <DATA><TABLEDATA>
    <TR>ROW</TR>
   </TABLEDATA></DATA>
  </TABLE>
 </RESOURCE>
</VOTABLE>
"""
