"""`Spectrum`: what phase 1 makes of a trace and phase 2 correlates; and its file.

Elements hold it and every rank imports them: this file must never import numpy at the top.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SUFFIX = ".npz"


@dataclass(frozen=True)
class Spectrum:
    """The half spectrum of a prepared trace, padded with zeros.

    Its time begins at `start_s`, wherever the samples began: two spectra of one start can be multiplied.
    """

    values: NDArray[np.complexfloating[Any, Any]]
    """Shape ``(fft_length // 2 + 1,)``; complex128, or complex64 while pairs are made."""
    energy: float
    """Sum of the squares of the samples."""
    name: str
    """SEED id, ``XX.S0001..BHZ``."""
    start_s: int
    """Seconds since 1970 (UTC)."""
    length_s: int
    """Of the trace, in tens of seconds."""
    rate_hz: float
    samples: int
    """Of the trace; what is missing to `fft_length` were zeros."""
    fft_length: int
    units: str
    """``m/s``, or ``counts`` if the response was not known."""

    @property
    def window(self) -> tuple[int, int, float, int]:
        """What spectra must share to be correlated: start, length, samples per second, length of the FFT."""
        return self.start_s, self.length_s, self.rate_hz, self.fft_length

    def __repr__(self) -> str:
        return f"Spectrum({self.name}, {utc(self.start_s)}, {self.rate_hz:g} Hz, {self.samples} samples)"


def utc(seconds: int) -> str:
    """Give a time in seconds since 1970 as ``2020-06-01T06:00:00``."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def save(spectrum: Spectrum, folder: str) -> str:
    """Write a spectrum to a file in `folder`, which is made if need be; give the name of the file.

    The file appears complete or not at all, also if two ranks write it.

    Raises
    ------
    OSError
        The folder or the file cannot be written.
    """
    import numpy as np

    os.makedirs(folder, exist_ok=True)
    name = f"{spectrum.name}_{utc(spectrum.start_s).replace(':', '')}{SUFFIX}"
    path = os.path.join(folder, name)
    aside = f"{path}.{os.getpid()}"
    try:
        with open(aside, "wb") as file:
            np.savez(file, **vars(spectrum))
        os.replace(aside, path)
    except OSError:
        if os.path.exists(aside):
            os.remove(aside)
        raise
    return name


def load(path: str) -> Spectrum:
    """Read a file that `save` wrote.

    Raises
    ------
    ValueError
        It is none of those, or it is damaged.
    """
    from zipfile import BadZipFile

    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as file:
            arrays: dict[str, Any] = {name: file[name] for name in Spectrum.__dataclass_fields__}
    except (BadZipFile, EOFError, KeyError, ValueError) as error:
        raise ValueError(f"{os.path.basename(path)} is no whole file of phase 1: {error}") from error
    values = arrays.pop("values")
    spectrum = Spectrum(values, **{name: value.item() for name, value in arrays.items()})
    if values.dtype != np.complex128 or values.shape != (spectrum.fft_length // 2 + 1,):
        raise ValueError(
            f"{os.path.basename(path)} is no file of phase 1: its array is {values.dtype}{values.shape}"
        )
    return spectrum
