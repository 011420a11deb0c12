"""The steps of phase 1, each a function of an ObsPy trace that gives a new one and leaves the old as it was.

Parameters are those of dispel4py's example (`realtime_prep.py` in rosafilgueira/dispel4py_workflows), which
the paper measured, wherever they mean something; README.md lists where they do not, and what stands here.
Owns the signal processing; it must never know of elements, ranks or options.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

import numpy as np
from obspy import Trace, UTCDateTime
from obspy.signal.invsim import cosine_sac_taper
from obspy.signal.util import next_pow_2, smooth
from scipy.ndimage import uniform_filter1d

from hpcd4p.workflows.seismic.spectrum import Spectrum

TARGET_HZ = 4.0
"""``Decimate(4)`` means to 4 samples/s: the paper's 180,000 samples at 50 Hz become 15,000."""

LARGEST_FACTOR = 16
"""ObsPy refuses more in one step: its anti-alias filter would be unstable."""

PRE_FILTER_HZ = (0.005, 0.006, 30.0, 35.0)
"""Corners of the taper in frequency when the response is removed, before they are fitted to the trace."""

BAND_HZ = (0.01, 1.0)
CORNERS = 4
"""Of the Butterworth filter, as in ObsPy's default."""

WHITEN_HZ = (0.005, 0.01, 1.0, 1.2)
"""Corners of a taper: whitening lifts whatever is there, so it must fade out beyond the filter's band."""

WHITEN_WIDTH_HZ = 0.01
"""Over which the amplitudes are averaged: wide beside the bins of an hour, narrow beside a spectral peak."""

ENVELOPE_SAMPLES = 15
"""The running mean looks at so many samples on either side: 7 s in all, about one period of a microseism."""

SHIFT_SAMPLES = 5000
"""Room for lags beside the trace, so that the circular correlation has none that wrapped around."""

START_GRID_S = 10
"""Starts and lengths are taken to the next multiple of it: digitisers begin an hour at its first sample or a
few off. 10 s, so that the boundary (5 s) is far from the times at which files begin and end."""

SHORTEST_SAMPLES = 4 * ENVELOPE_SAMPLES
"""After decimation. With less, the running mean is most of the trace."""


def checked(trace: Trace) -> Trace:
    """Give `trace` as it is, if it can be worked on.

    Raises
    ------
    ValueError
        It has gaps, values that are no numbers, or no signal.
    """
    data = trace.data
    if np.ma.is_masked(data):
        missing = int(np.ma.getmaskarray(data).sum())
        raise ValueError(f"{trace.id} has gaps: {missing} of {len(data)} samples are missing")
    if not len(data) or np.ptp(data) == 0:
        raise ValueError(f"{trace.id} has no signal: all {len(data)} samples are equal")
    if not np.all(np.isfinite(data)):
        wrong = int(np.count_nonzero(~np.isfinite(data)))
        raise ValueError(f"{trace.id} has values that are no numbers: {wrong} of {len(data)} samples")
    return trace


def decimation(rate_hz: float, target_hz: float = TARGET_HZ) -> list[int]:
    """Give the factors, none above 16, whose product brings `rate_hz` down to `target_hz` or little above.

    Raises
    ------
    ValueError
        The rate is below the target.
    """
    if rate_hz < target_hz * (1 - 1e-6):
        raise ValueError(f"{rate_hz:g} samples/s are fewer than the {target_hz:g} that the filter needs")
    for whole in range(int(rate_hz / target_hz * (1 + 1e-6)), 1, -1):
        factors, rest = [], whole
        while rest > 1:
            largest = next((f for f in range(LARGEST_FACTOR, 1, -1) if rest % f == 0), None)
            if largest is None:
                break  # a prime above 16: the next smaller number will do
            factors.append(largest)
            rest //= largest
        if rest == 1:
            return factors
    return []


def decimate(trace: Trace, target_hz: float = TARGET_HZ) -> Trace:
    """Check a trace, and reduce its rate by a whole factor, with ObsPy's low-pass filter before.

    Raises
    ------
    ValueError
        It cannot be worked on (see `checked`), its rate is below the target, or too little is left.
    """
    checked(trace)
    factors = decimation(trace.stats.sampling_rate, target_hz)
    left = len(trace) // int(np.prod(factors, initial=1))
    if left < SHORTEST_SAMPLES:
        raise ValueError(
            f"{trace.id} is too short: {left} samples after decimation, {SHORTEST_SAMPLES} are needed"
        )
    trace = trace.copy()
    for factor in factors:
        trace.decimate(factor)
    trace.data = np.asarray(trace.data, dtype=np.float64)
    return trace


def detrend(trace: Trace) -> Trace:
    """Subtract the line through the first and the last sample."""
    return trace.copy().detrend("simple")


def demean(trace: Trace) -> Trace:
    """Subtract the mean."""
    return trace.copy().detrend("demean")


def fitted_pre_filter(rate_hz: float) -> tuple[float, float, float, float]:
    """Give `PRE_FILTER_HZ` with its upper corners below the Nyquist frequency; above it they do nothing."""
    low, lower, upper, high = PRE_FILTER_HZ
    nyquist = rate_hz / 2
    return low, lower, min(upper, 0.8 * nyquist), min(high, 0.95 * nyquist)


def remove_response(trace: Trace, inventory: str | None = None) -> Trace:
    """Turn counts to ground velocity in m/s; a trace without a known response stays in counts.

    ``stats.units`` of the result says which.

    Parameters
    ----------
    inventory
        A StationXML file, or a folder of them. The response that a trace carries comes first.

    Raises
    ------
    ValueError
        There is an inventory, and it has no response for this trace and time.
    """
    trace = trace.copy()
    trace.stats.units = "counts"
    if "response" not in trace.stats:
        if inventory is None:
            return trace
        trace.stats.response = _response(trace, inventory)
    trace.remove_response(output="VEL", pre_filt=fitted_pre_filter(trace.stats.sampling_rate))
    del trace.stats.response  # it has done its work, and need not travel
    trace.stats.units = "m/s"
    return trace


def _response(trace: Trace, inventory: str) -> Any:
    try:
        return _read_inventory(inventory).get_response(trace.id, trace.stats.starttime)
    except Exception as error:
        # get_response says "No matching response information found." as a bare Exception
        raise ValueError(f"{trace.id} at {trace.stats.starttime}: {error} ({inventory})") from error


@lru_cache(maxsize=2)
def _read_inventory(path: str) -> Any:
    from obspy import read_inventory

    return read_inventory(os.path.join(path, "*.xml") if os.path.isdir(path) else path, format="STATIONXML")


def bandpass(trace: Trace) -> Trace:
    """Keep what is in `BAND_HZ`; causal, and so the same delay for all traces of one rate."""
    low, high = BAND_HZ
    return trace.copy().filter("bandpass", freqmin=low, freqmax=high, corners=CORNERS, zerophase=False)


def normalise(trace: Trace, half_width: int = ENVELOPE_SAMPLES) -> Trace:
    """Divide by the running mean of the absolute values, so that an earthquake counts no more than the rest.

    Running-absolute-mean normalisation of Bensen et al. (2007), doi:10.1111/j.1365-246X.2007.03374.x.
    """
    trace = trace.copy()
    envelope = smooth(np.abs(trace.data), half_width)
    trace.data = np.divide(trace.data, envelope, out=np.zeros_like(trace.data), where=envelope > 0)
    return trace


def whiten(trace: Trace) -> Trace:
    """Make the amplitudes of all frequencies in the band alike and leave the phases (Bensen et al. 2007)."""
    trace = trace.copy()
    samples = len(trace)
    size = next_pow_2(samples)
    spectrum = np.fft.rfft(trace.data, size)
    frequencies = np.fft.rfftfreq(size, trace.stats.delta)
    bins = 2 * max(1, round(WHITEN_WIDTH_HZ / 2 / frequencies[1])) + 1
    amplitude = uniform_filter1d(np.abs(spectrum), bins, mode="nearest")
    taper = cosine_sac_taper(frequencies, WHITEN_HZ)
    spectrum *= np.divide(taper, amplitude, out=np.zeros_like(taper), where=amplitude > 0)
    trace.data = np.fft.irfft(spectrum, size)[:samples]
    return trace


def fft(trace: Trace, shift: int = SHIFT_SAMPLES) -> Spectrum:
    """Give the spectrum of a trace, with room for lags of up to `shift` samples.

    The length is a power of two: 32,768 for the 15,000 samples of an hour. Where the trace does not begin at
    a multiple of `START_GRID_S`, the phases are turned as if its time had.

    Raises
    ------
    ValueError
        Nothing is left of the signal.
    """
    data = trace.data.astype(np.float64)
    energy = float(np.sum(data * data))
    if not 0 < energy < np.inf:
        raise ValueError(f"{trace.id} has no signal between {BAND_HZ[0]:g} and {BAND_HZ[1]:g} Hz")
    start: UTCDateTime = trace.stats.starttime
    nominal = START_GRID_S * round(start.timestamp / START_GRID_S)
    rate = trace.stats.sampling_rate
    length_s = START_GRID_S * round(len(data) / rate / START_GRID_S)
    length = fft_length(length_s, rate, shift)
    values = np.fft.rfft(data, length)
    offset = start - UTCDateTime(nominal)
    if offset:
        values *= np.exp(-2j * np.pi * offset * np.fft.rfftfreq(length, 1 / rate))
    units = trace.stats.get("units", "counts")
    return Spectrum(values, energy, trace.id, nominal, length_s, round(rate, 6), len(data), length, units)


def fft_length(length_s: int, rate_hz: float, shift: int = SHIFT_SAMPLES) -> int:
    """Give the power of two that holds every trace of about `length_s` (seconds) and lags of `shift` samples.

    Starts may be a grid apart within one window, and lengths half a grid more.
    """
    longest = int(np.ceil((length_s + START_GRID_S / 2) * rate_hz))
    apart = int(np.ceil(START_GRID_S * rate_hz))
    return int(next_pow_2(max(2 * shift + 1, longest + apart + shift)))
