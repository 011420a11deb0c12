"""The elements of the workflow, in the order of the stream.

Each says what it does with one tuple; how, is in `catalogue`, `archives`, `votables` and `formula`, which
know nothing of any engine. None has a state, so every rank but the head can take any galaxy. Every rank
imports this file: it must import nothing heavy.
"""

from __future__ import annotations

import time
from typing import Any

from hpcd4p import GenericPE, IterativePE, ProducerPE
from hpcd4p.workflows.extinction.archives import Archive
from hpcd4p.workflows.extinction.catalogue import galaxy_name, generated_lines, lines_of, position_of
from hpcd4p.workflows.extinction.draws import heavy_delays_of
from hpcd4p.workflows.extinction.formula import internal_extinction, type_code
from hpcd4p.workflows.extinction.votables import VOTableError, first_row

NOT_GIVEN_LOGR25 = 9.99
"""What HyperLEDA's catalogue has in place of an axis ratio that it does not know."""


class ReadRaDec(ProducerPE):
    """Writes ``(number, "ra,dec")`` for each line of a file, or of a generated catalogue.

    Lines are not judged here: one that makes no sense fails in `GetVOTable`, and the others go on.

    Parameters
    ----------
    path
        File of ``ra,dec`` lines, in degrees; None for a generated catalogue.
    galaxies
        Lines to take; None for all of the file.
    seed
        Of the generated catalogue.
    """

    def __init__(self, path: str | None, galaxies: int | None, seed: int) -> None:
        super().__init__()
        self.name = "read"
        self.path = path
        self.galaxies = galaxies
        self.seed = seed

    def _process(self, inputs: dict[str, Any]) -> None:
        if self.path is not None:
            lines = lines_of(self.path, self.galaxies)
        else:
            lines = generated_lines(self.seed, self.galaxies or 0)
        for line in lines:
            self.write(self.OUTPUT_NAME, line)


class GetVOTable(IterativePE):
    """``(number, "ra,dec")`` → ``(number, ra, dec, VOTable as bytes)``: one request per galaxy.

    Parameters
    ----------
    archive
        What gives the tables.
    delays
        Seed and time scale of the delays of the heavy variant; None for none.

    Raises
    ------
    CoordinateError, ArchiveError
    """

    def __init__(self, archive: Archive, delays: tuple[int, float] | None = None) -> None:
        super().__init__()
        self.name = "get_votable"
        self.archive = archive
        self.delays = delays

    def _process(self, line: Any) -> Any:
        number, text = line
        ra, dec = position_of(number, text)
        if self.delays is not None:
            seed, scale = self.delays
            time.sleep(heavy_delays_of(seed, number)[0] * scale)
        return number, ra, dec, self.archive.votable(number, ra, dec)


class FilterColumns(IterativePE):
    """``(number, ra, dec, VOTable)`` → ``(number, ra, dec, type, log r25)``; None for what is not given.

    Raises
    ------
    VOTableError
    """

    columns = ("MType", "logR25")

    def __init__(self, delays: tuple[int, float] | None = None) -> None:
        super().__init__()
        self.name = "filter_columns"
        self.delays = delays

    def _preprocess(self) -> None:
        import astropy.io.votable  # noqa: F401 - a third of a second, before the first galaxy and not in it

    def _process(self, fetched: Any) -> Any:
        number, ra, dec, xml = fetched
        if self.delays is not None:
            seed, scale = self.delays
            time.sleep(heavy_delays_of(seed, number)[1] * scale)
        try:
            mtype, logr25 = first_row(xml, self.columns)
        except VOTableError as error:
            raise VOTableError(f"{galaxy_name(number, ra, dec)}: {error}") from error
        if isinstance(logr25, str) or not isinstance(mtype, (str, type(None))):
            raise VOTableError(
                f"{galaxy_name(number, ra, dec)}: expected text and a number in "
                f"{' and '.join(self.columns)}, found {mtype!r} and {logr25!r}"
            )
        return number, ra, dec, mtype, None if logr25 == NOT_GIVEN_LOGR25 else logr25


class InternalExtinction(GenericPE):
    """Computes the extinction of a galaxy, where its type and axis ratio are known.

    A row of ``galaxies`` has the number of the line, the position in degrees, the type as the catalogue
    spells it, its code T, log r25, and the extinction in magnitudes (B). A row of ``undetermined`` has the
    reason why there is none.

    Raises
    ------
    ValueError
        An axis ratio that no galaxy has.
    """

    def __init__(self) -> None:
        super().__init__()
        self.name = "internal_extinction"
        self._add_input("input")
        self._add_output("galaxies")
        self._add_output("undetermined")

    def process(self, inputs: dict[str, Any]) -> None:
        """Take one galaxy."""
        number, ra, dec, mtype, logr25 = inputs["input"]
        place = {"galaxy": number, "ra_deg": ra, "dec_deg": dec, "type": mtype or ""}
        t = type_code(mtype or "")
        if t is None or logr25 is None:
            reason = "no axis ratio" if t is not None else f"type {mtype} has no T" if mtype else "no type"
            self.write("undetermined", {**place, "reason": reason})
            return
        try:
            extinction = internal_extinction(t, logr25)
        except ValueError as error:
            raise ValueError(f"{galaxy_name(number, ra, dec)}: {error}") from error
        self.write("galaxies", {**place, "t": t, "logr25": logr25, "extinction_mag": extinction})
