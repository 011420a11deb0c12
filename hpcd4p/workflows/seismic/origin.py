"""Where traces come from: synthetic stations, a folder of MiniSEED files, or ObsPy's example.

An origin has names, which the source hands out, and traces by name, which any rank of the pool reads or
makes: nothing is shared between ranks but the folder that the user names. Every rank imports this file with
the elements: it must never import ObsPy or numpy at the top.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

Labelled = tuple[str, Any]
"""A text that says which trace it is, for people, and the ObsPy trace."""


@dataclass(frozen=True)
class Synthetic:
    """Stations that cross-correlation finds the known delays of; see `synthetic`."""

    stations: int
    minutes: float
    seed: int
    keep: str | None = None
    """Folder that gets the MiniSEED and StationXML files, too."""

    def names(self) -> list[str]:
        """Numbers of the stations."""
        return [str(station) for station in range(self.stations)]

    def traces(self, name: str) -> list[Labelled]:
        """Make the MiniSEED file of a station, and read it; the trace carries its response."""
        from io import BytesIO

        from hpcd4p.workflows.seismic import reading, synthetic

        station = int(name)
        record = synthetic.miniseed(self.seed, station, self.minutes)
        if self.keep is not None:
            synthetic.keep(self.keep, self.seed, station, record)
        (trace,) = reading.read_miniseed(BytesIO(record))
        trace.stats.response = synthetic.response(station)
        return [(trace.id, trace)]


@dataclass(frozen=True)
class Folder:
    """The files of a folder and of those below it, but not hidden ones nor StationXML."""

    path: str

    def names(self) -> list[str]:
        """Paths relative to the folder, in order."""
        return files_below(self.path, lambda name: not name.lower().endswith(".xml"))

    def traces(self, name: str) -> list[Labelled]:
        """Read a file; the traces of a station that belong together are one, with gaps if there are."""
        from hpcd4p.workflows.seismic import reading

        traces = reading.read_miniseed(os.path.join(self.path, name))
        return [(f"{trace.id} in {name}", trace) for trace in traces]


@dataclass(frozen=True)
class Example:
    """The example that comes with ObsPy: 30 s of station BW.RJOB, three components, with their responses."""

    def names(self) -> list[str]:
        """One name."""
        return ["example"]

    def traces(self, name: str) -> list[Labelled]:
        """What ``obspy.read()`` gives."""
        import obspy

        return [(trace.id, trace) for trace in obspy.read()]


Origin = Synthetic | Folder | Example


def files_below(folder: str, wanted: Any) -> list[str]:
    """Give the paths of files below `folder`, relative to it and in order, whose name is `wanted`."""
    paths = []
    for here, folders, files in os.walk(folder):
        folders[:] = [each for each in folders if not each.startswith(".")]
        paths += [
            os.path.relpath(os.path.join(here, name), folder)
            for name in files
            if not name.startswith(".") and wanted(name)
        ]
    return sorted(paths)
