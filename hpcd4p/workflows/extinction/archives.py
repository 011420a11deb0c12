"""Where the VOTable of a galaxy comes from: the workflow's own service, one of the user's, or a folder.

Each archive has ``votable(number, ra, dec)`` and holds nothing but its settings: it travels to every rank.
What reads from the network is imported when it is first used.
"""

from __future__ import annotations

import os
import time
from typing import Any, NamedTuple, Protocol

from hpcd4p.workflows.extinction.catalogue import galaxy_name

RADIUS_DEG = 0.001
"""Of a cone search, 3.6 arcsec: positions of the catalogue are good to 2."""

MOST_BYTES = 16 * 1024 * 1024
"""Of one answer. The table of one galaxy has a few thousand; more answers another question."""

CHUNK_BYTES = 64 * 1024
"""Between two looks at the clock."""


class ArchiveError(Exception):
    """An archive did not give the VOTable of a galaxy; the message names the galaxy and the reason."""


class Archive(Protocol):
    """What gives VOTables."""

    def votable(self, number: int, ra: float, dec: float) -> bytes:
        """Give the VOTable of the galaxy of this number, at a position in degrees.

        Raises
        ------
        ArchiveError
            It is not there.
        """


class FolderArchive(NamedTuple):
    """VOTables in files: ``7.xml`` for the galaxy of line 7, or ``10.68458_41.26917.xml`` by position."""

    path: str

    def votable(self, number: int, ra: float, dec: float) -> bytes:
        """See `Archive.votable`."""
        names = (f"{number}.xml", f"{ra:.5f}_{dec:.5f}.xml")
        for name in names:
            try:
                with open(os.path.join(self.path, name), "rb") as file:
                    return file.read()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise ArchiveError(
                    f"{galaxy_name(number, ra, dec)}: {error.filename} cannot be read: {error.strerror}"
                ) from error
        raise ArchiveError(
            f"{galaxy_name(number, ra, dec)}: neither {names[0]} nor {names[1]} is in {self.path}"
        )


class WebArchive(NamedTuple):
    """A service that answers IVOA Simple Cone Searches (version 1.03), such as those of VizieR."""

    url: str
    timeout_s: float

    def votable(self, number: int, ra: float, dec: float) -> bytes:
        """See `Archive.votable`."""
        return _fetch(self.url, f"RA={ra:.5f}&DEC={dec:.5f}&SR={RADIUS_DEG}", self.timeout_s, number, ra, dec)


class GeneratedArchive(NamedTuple):
    """The workflow's own service, in this process; see `service`."""

    seed: int
    time_scale: float
    timeout_s: float

    def votable(self, number: int, ra: float, dec: float) -> bytes:
        """See `Archive.votable`."""
        from hpcd4p.workflows.extinction.service import address_of

        url = address_of(self.seed, self.time_scale)
        query = f"ID={number}&RA={ra:.5f}&DEC={dec:.5f}&SR={RADIUS_DEG}"
        return _fetch(url, query, self.timeout_s, number, ra, dec, direct=True)


def _fetch(
    url: str, query: str, timeout_s: float, number: int, ra: float, dec: float, direct: bool = False
) -> bytes:
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.parse import urlsplit
    from urllib.request import ProxyHandler, Request, build_opener

    # the proxy of a cluster must not be asked for this machine's own loopback interface
    opener = build_opener(ProxyHandler({})) if direct else build_opener()
    joint = "" if url.endswith(("?", "&")) else "&" if urlsplit(url).query else "?"
    request = Request(url + joint + query, headers={"User-Agent": "hpcd4p"})
    who = f"{galaxy_name(number, ra, dec)}: {urlsplit(url).hostname}"  # not the URL: it may hold a password
    try:
        with opener.open(request, timeout=timeout_s) as answer:
            return _read(answer, time.monotonic() + timeout_s)
    except HTTPError as error:
        error.close()
        raise ArchiveError(f"{who} answered {error.code} {error.reason}") from error
    except TimeoutError as error:
        raise ArchiveError(f"{who} did not answer within {timeout_s:g} s") from error
    except URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise ArchiveError(f"{who} did not answer within {timeout_s:g} s") from error
        reason = getattr(error.reason, "strerror", None) or error.reason
        raise ArchiveError(f"{who} could not be reached: {reason}") from error
    except (HTTPException, OSError, _TooLong) as error:
        raise ArchiveError(f"{who} broke off: {error}") from error


class _TooLong(Exception):
    pass


def _read(answer: Any, deadline: float) -> bytes:
    """Read to the end, in time: the time-out of a socket starts anew with each byte that comes."""
    content = bytearray()
    while chunk := answer.read1(CHUNK_BYTES):
        content += chunk
        if time.monotonic() > deadline:
            raise TimeoutError
        if len(content) > MOST_BYTES:
            raise _TooLong(f"its answer is longer than {MOST_BYTES:,} bytes")
    if answer.length:  # what the header has promised and did not come
        raise _TooLong(f"{answer.length:,} bytes of its answer did not come")
    return bytes(content)
