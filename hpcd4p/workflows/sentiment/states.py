"""The states of the USA, and which of them a place names. Pure; must never read the text of an article.

Abbreviations: the postal ones, also with dots (USPS Publication 28, appendix B), and those of newspaper
datelines (Associated Press Stylebook).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple


class State(NamedTuple):
    """A state: its name, its postal abbreviation, and the one of datelines (empty if it has none)."""

    name: str
    postal: str
    dateline: str


STATES = tuple(
    State(*(part.strip() for part in line.split("|")))
    for line in """\
        Alabama|AL|Ala.
        Alaska|AK|
        Arizona|AZ|Ariz.
        Arkansas|AR|Ark.
        California|CA|Calif.
        Colorado|CO|Colo.
        Connecticut|CT|Conn.
        Delaware|DE|Del.
        District of Columbia|DC|
        Florida|FL|Fla.
        Georgia|GA|Ga.
        Hawaii|HI|
        Idaho|ID|
        Illinois|IL|Ill.
        Indiana|IN|Ind.
        Iowa|IA|
        Kansas|KS|Kan.
        Kentucky|KY|Ky.
        Louisiana|LA|La.
        Maine|ME|
        Maryland|MD|Md.
        Massachusetts|MA|Mass.
        Michigan|MI|Mich.
        Minnesota|MN|Minn.
        Mississippi|MS|Miss.
        Missouri|MO|Mo.
        Montana|MT|Mont.
        Nebraska|NE|Neb.
        Nevada|NV|Nev.
        New Hampshire|NH|
        New Jersey|NJ|
        New Mexico|NM|
        New York|NY|
        North Carolina|NC|
        North Dakota|ND|
        Ohio|OH|
        Oklahoma|OK|Okla.
        Oregon|OR|Ore.
        Pennsylvania|PA|Pa.
        Rhode Island|RI|
        South Carolina|SC|
        South Dakota|SD|
        Tennessee|TN|Tenn.
        Texas|TX|
        Utah|UT|
        Vermont|VT|Vt.
        Virginia|VA|Va.
        Washington|WA|Wash.
        West Virginia|WV|W.Va.
        Wisconsin|WI|Wis.
        Wyoming|WY|Wyo.""".splitlines()
)

UNKNOWN = "unknown"
"""What stands for the state of a place that names none."""


def find_state(place: str) -> str:
    """Name of the state that `place` names, or `UNKNOWN`.

    Names count in upper and lower case; abbreviations only as they are printed, for ``in``, ``or`` and ``me``
    are words. Of several the last one counts: *Kansas City, Missouri*; *Washington, D.C.*

    Examples
    --------
    >>> find_state("Austin, TX"), find_state("ALBANY, N.Y."), find_state("Kansas City, Missouri")
    ('Texas', 'New York', 'Missouri')
    >>> find_state("Paris, or anywhere in Europe")
    'unknown'
    """
    pattern, names = _search()
    names_in = pattern.findall(place)
    return names[_plain(names_in[-1])] if names_in else UNKNOWN


@lru_cache(1)
def _search() -> tuple[re.Pattern[str], dict[str, str]]:
    """What to look for, and the state by what was found, as `_plain` gives it."""
    names = [re.escape(s.name).replace(r"\ ", r"\s+") for s in STATES]
    names.sort(key=len, reverse=True)
    postal = [rf"{s.postal[0]}(?:{s.postal[1]}\b|\.\s?{s.postal[1]}(?:\.|\b))" for s in STATES]
    datelines = [re.escape(s.dateline) for s in STATES if s.dateline]
    pattern = re.compile(rf"\b(?:(?i:{'|'.join(names)})\b|{'|'.join(postal)}|{'|'.join(datelines)})")
    known = {}
    for state in STATES:
        for text in filter(None, state):
            known[_plain(text)] = state.name
    return pattern, known


def _plain(text: str) -> str:
    return re.sub(r"[\s.]", "", text).lower()
