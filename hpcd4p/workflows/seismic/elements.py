"""The elements of phase 1: from a name to a spectrum. Every rank imports this file: it must import little."""

from __future__ import annotations

import os
from typing import Any

from hpcd4p import ConsumerPE, GenericPE, IterativePE, ProducerPE
from hpcd4p.workflows.seismic.origin import Labelled, Origin
from hpcd4p.workflows.seismic.spectrum import Spectrum

Windowed = tuple[tuple[int, int, float, int], Spectrum]
"""A spectrum behind the window that it belongs to."""

STEPS = ("decimate", "detrend", "demean", "remove_response", "bandpass", "normalise", "whiten")
"""Functions of `steps` between reading and the FFT, in order."""


class Names(ProducerPE):
    """Writes the names of an origin (or of files): the only work that is done in one place."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self.name = "names"
        self.names = names

    def _process(self, inputs: dict[str, Any]) -> None:
        for name in self.names:
            self.write(self.OUTPUT_NAME, name)


class StreamRead(GenericPE):
    """Reads or makes the traces of a name, cut into windows if asked for.

    On `skipped` it writes ``(trace, seconds, why)`` for each part that fills no window.
    """

    def __init__(self, origin: Origin, window_minutes: float | None = None) -> None:
        super().__init__()
        self.name = "stream_read"
        self.origin = origin
        self.window_minutes = window_minutes
        self._add_input("input")
        self._add_output("output")
        self._add_output("skipped")

    def process(self, inputs: dict[str, Any]) -> None:
        """Read one name."""
        from hpcd4p.workflows.seismic import reading

        for label, trace in self.origin.traces(inputs["input"]):
            for part in reading.windows(trace, self.window_minutes):
                if reading.is_full(part, self.window_minutes):
                    self.write("output", (label, part))
                else:
                    seconds = float(len(part) * part.stats.delta)
                    self.write("skipped", (label, seconds, f"does not fill {self.window_minutes:g} minutes"))


class Step(IterativePE):
    """One step of `steps` on a labelled trace."""

    def __init__(self, step: str, **given: Any) -> None:
        super().__init__()
        self.name = step
        self.step = step
        self.given = given

    def _process(self, labelled: Labelled) -> Labelled:
        from hpcd4p.workflows.seismic import steps

        label, trace = labelled
        return label, getattr(steps, self.step)(trace, **self.given)


class Fft(IterativePE):
    """Labelled trace → ``(window, spectrum)``."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "fft"

    def _process(self, labelled: Labelled) -> Windowed:
        from hpcd4p.workflows.seismic import steps

        spectrum = steps.fft(labelled[1])
        return spectrum.window, spectrum


class WriteFile(ConsumerPE):
    """Writes a spectrum to a file, which phase 2 can read; on `files` ``(trace, start, file)``."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.name = "write_file"
        self.folder = folder
        self._add_output("files")

    def _process(self, windowed: Windowed) -> None:
        from hpcd4p.workflows.seismic.spectrum import save, utc

        spectrum = windowed[1]
        self.write("files", (spectrum.name, utc(spectrum.start_s), save(spectrum, self.folder)))


class ReadFile(IterativePE):
    """Name of a file of phase 1 → ``(window, spectrum)``."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.name = "read_file"
        self.folder = folder

    def _process(self, name: str) -> Windowed:
        from hpcd4p.workflows.seismic.spectrum import load

        spectrum = load(os.path.join(self.folder, name))
        return spectrum.window, spectrum
