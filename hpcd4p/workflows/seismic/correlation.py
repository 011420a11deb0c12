"""Correlations of pairs of spectra, and what is read from them: lag, coefficient, signal to noise.

A correlation is a float64 array of odd length with lag 0 in the middle; a positive lag means that the first
trace is later than the second. Pure functions of arrays; this file must never import ObsPy.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpcd4p.workflows.seismic.spectrum import Spectrum

SIGNAL_S = 15.0
"""What is this near to the peak is signal, the rest noise: longer than the pulse that the band from 0.01 to
1 Hz leaves."""


class Peak(NamedTuple):
    """The best lag of a correlation."""

    lag_s: float
    """Positive: the first trace is later."""
    coefficient: float
    """Value at the sample of the peak, -1 to 1; negative if the traces have opposite signs."""
    snr: float
    """Its size over the root mean square beyond `SIGNAL_S` of it; NaN where there is nothing beyond."""


def single(spectrum: Spectrum) -> Spectrum:
    """Give a spectrum in single precision (complex64).

    Half the memory, half the bytes on the way to other ranks and half the time to correlate, for an error of
    1e-7 in a coefficient whose own scatter is 1e-2 for an hour of noise.
    """
    return replace(spectrum, values=spectrum.values.astype(np.complex64))


def most_lags(a: Spectrum, b: Spectrum, max_lag_s: float) -> int:
    """Give the largest lag in samples that is asked for, that the traces have, and that did not wrap."""
    longer, shorter = max(a.samples, b.samples), min(a.samples, b.samples)
    return min(int(max_lag_s * a.rate_hz + 1e-6), shorter - 1, a.fft_length - longer)


def correlate(a: Spectrum, b: Spectrum, max_lag_s: float) -> NDArray[np.float64]:
    """Give the normalised cross-correlation of two traces of one window.

    ``c[k] = sum of a[n + k] * b[n] / sqrt(sum of a² * sum of b²)`` for k = -m ... m: what
    `obspy.signal.cross_correlation.correlate` gives for the traces (``demean=False``).

    Parameters
    ----------
    max_lag_s
        Seconds to either side; less is given where the traces are shorter (`most_lags`).

    Raises
    ------
    ValueError
        The two do not belong to one window.
    """
    if a.window != b.window:
        raise ValueError(f"{a} and {b} are not of one window")
    lags = most_lags(a, b, max_lag_s)
    circular = np.fft.irfft(a.values * b.values.conj(), a.fft_length)
    linear = np.concatenate((circular[-lags:], circular[: lags + 1])) if lags else circular[:1]
    return np.asarray(linear / np.sqrt(a.energy * b.energy), dtype=np.float64)


def best_lag(correlation: NDArray[np.float64], rate_hz: float) -> Peak:
    """Find the peak, by absolute value; between two samples where a parabola through three has its top.

    Raises
    ------
    ValueError
        There are values that are no numbers.
    """
    size = np.abs(correlation)
    at = int(np.argmax(size))
    if not np.isfinite(size[at]):
        raise ValueError("the correlation has values that are no numbers")
    middle = len(correlation) // 2
    beyond = size[np.abs(np.arange(len(size)) - at) > SIGNAL_S * rate_hz]
    noise = float(np.sqrt(np.mean(beyond * beyond))) if len(beyond) else float("nan")
    snr = float(size[at]) / noise if noise else float("nan")
    return Peak((at + _top(size, at) - middle) / rate_hz, float(correlation[at]), snr)


def _top(size: NDArray[np.float64], at: int) -> float:
    """Where the parabola through a peak and its neighbours is highest, in samples from the peak."""
    if not 0 < at < len(size) - 1:
        return 0.0
    left, peak, right = (float(value) for value in size[at - 1 : at + 2])
    bend = left - 2 * peak + right
    return 0.5 * (left - right) / bend if bend else 0.0
