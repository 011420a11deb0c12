"""Synthetic stations: one noise wavefield that crosses an array, with delays that are known.

A plane wave of ocean microseism noise crosses stations at random places; each records it later or earlier
than the centre of the array, through its own sensor, together with noise of its own. All of it follows from
(seed, station), so any rank can make any record, and no file has to be shared.

Owns what is known of the records: the delays, the responses. It must never read or write the files of a user.
"""

from __future__ import annotations

import io
import os
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

NETWORK = "XX"
"""The code that the FDSN keeps for tests."""

CHANNEL = "BHZ"
"""B: 10 to 80 samples/s of a broadband sensor, H: high gain, Z: vertical."""

RATE_HZ = 50.0
"""Of the traces of the paper."""

START = "2020-06-01T06:00:00"
"""The hour that dispel4py's example asks for."""

RADIUS_KM = 30.0
"""Of the array. With the velocity below, no two stations are more than 20 s apart."""

VELOCITY_KM_S = 3.0
"""Of Rayleigh waves at the periods of microseisms."""

LATITUDE, LONGITUDE, KM_PER_DEGREE = 56.0, -4.0, 111.19
"""Centre of the array, for the StationXML only."""

WAVE_M_S = 1e-6
"""Root mean square of the ground velocity: a quiet day away from the coast."""

OWN_NOISE = 0.7
"""Of each station, as a part of `WAVE_M_S`: strong enough that no coefficient is near 1."""

PERIODS_S = (120.0, 60.0, 20.0)
"""Corner periods of the sensors, in turn: at 0.05 Hz their phases differ by up to 75 degrees, 4 s. None is
shorter, for below its corner a sensor hears less and less, and what is left there of the drift and of the
taper is of one shape at all stations: in records of a few minutes it looks like a signal without delay."""

DAMPING = 0.707
COUNTS_PER_M_S = 6e8
"""1500 V/(m/s) times 400,000 counts/V."""

HIGHEST_HZ = 2.0
"""Of the wave and of the noise of the station; there the spectrum has fallen to 1e-5."""

HISS_COUNTS = 20.0
"""White noise of the electronics, standard deviation; what is left above `HIGHEST_HZ`."""

OFFSET_COUNTS = 5000.0
"""Most that the electronics are off, and drift in the length of a record: more than the signal."""

_PLACES, _WAVE, _OWN, _ELECTRONICS = range(4)
"""What random numbers are for: each use has a sequence of its own, so one can change without the others."""


def station_code(station: int) -> str:
    """Give the code of a station, ``S0007``."""
    return f"S{station:04d}"


def trace_id(station: int) -> str:
    """Give the SEED id of its trace."""
    return f"{NETWORK}.{station_code(station)}..{CHANNEL}"


def position_km(seed: int, station: int) -> tuple[float, float]:
    """Give the place of a station, east and north of the centre of the array, in km."""
    radius, angle = np.random.default_rng([seed, _PLACES, station]).random(2)
    distance, azimuth = RADIUS_KM * np.sqrt(radius), 2 * np.pi * angle
    return float(distance * np.sin(azimuth)), float(distance * np.cos(azimuth))


@lru_cache(maxsize=10_000)  # asked for again with every pair
def delay_s(seed: int, station: int) -> float:
    """Give how much later than the centre of the array a station sees the wave, in seconds."""
    azimuth = 2 * np.pi * np.random.default_rng([seed, _PLACES]).random()
    east, north = position_km(seed, station)
    return float((east * np.sin(azimuth) + north * np.cos(azimuth)) / VELOCITY_KM_S)


def expected_lag_s(seed: int, a: str, b: str) -> float:
    """Give the lag of trace `a` behind trace `b` (SEED ids) in seconds; NaN if one is not synthetic."""
    stations = []
    for name in (a, b):
        code = name.split(".")[1] if name.count(".") == 3 else ""
        if not code[1:].isdecimal() or trace_id(int(code[1:])) != name:
            return float("nan")
        stations.append(int(code[1:]))
    return delay_s(seed, stations[0]) - delay_s(seed, stations[1])


def poles_and_zeros(station: int) -> tuple[list[complex], list[complex], float]:
    """Give poles, zeros (rad/s) and the normalisation factor of a sensor: a damped pendulum.

    ``H(s) = s² / (s² + 2 h w s + w²)``; the factor makes it 1 at 1 Hz.
    """
    w = 2 * np.pi / PERIODS_S[station % len(PERIODS_S)]
    real, imaginary = -w * DAMPING, w * np.sqrt(1 - DAMPING**2)
    poles = [complex(real, imaginary), complex(real, -imaginary)]
    s = 2j * np.pi
    return poles, [0j, 0j], float(abs((s - poles[0]) * (s - poles[1]) / s**2))


def transfer(station: int, frequencies: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Give the counts per m/s of a sensor at `frequencies` (Hz)."""
    poles, _, factor = poles_and_zeros(station)
    s = 2j * np.pi * frequencies
    return np.asarray(COUNTS_PER_M_S * factor * s**2 / ((s - poles[0]) * (s - poles[1])))


def counts(seed: int, station: int, minutes: float) -> NDArray[np.int32]:
    """Give the record of a station, as int32 counts at `RATE_HZ`; shape ``(minutes * 60 * RATE_HZ,)``."""
    samples = round(minutes * 60 * RATE_HZ)
    # a power of two is quick; the rest is cut off, so that nobody sees that the noise repeats
    size = 1 << samples.bit_length()
    frequencies = np.arange(round(HIGHEST_HZ / RATE_HZ * size), dtype=np.float64) * (RATE_HZ / size)
    shape = _microseism(frequencies)
    # each bin has a real and an imaginary part of variance 1; make the samples have the variance WAVE_M_S²
    shape *= WAVE_M_S * size / 2 / float(np.sqrt(np.sum(shape**2)))
    wave = _noise([seed, _WAVE], len(shape)) * np.exp(-2j * np.pi * delay_s(seed, station) * frequencies)
    own = OWN_NOISE * _noise([seed, _OWN, station], len(shape))
    record = np.fft.irfft(shape * (wave + own) * transfer(station, frequencies), size)[:samples]
    rng = np.random.default_rng([seed, _ELECTRONICS, station])
    record += rng.normal(0.0, HISS_COUNTS, samples)
    offset, drift = rng.uniform(-OFFSET_COUNTS, OFFSET_COUNTS, 2)
    record += offset + drift * np.linspace(0, 1, samples)
    return np.rint(record).astype(np.int32)


def _microseism(frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Amplitude of ocean noise: a peak at 5 s, a lower one at 14 s (Peterson, USGS 93-322)."""
    logarithm = np.log(np.maximum(frequencies, frequencies[1]))
    high = np.exp(-0.5 * ((logarithm - np.log(0.2)) / 0.5) ** 2)
    low = np.exp(-0.5 * ((logarithm - np.log(0.07)) / 0.3) ** 2)
    amplitude = high + 0.3 * low
    amplitude[0] = 0.0
    return np.asarray(amplitude)


def _noise(key: list[int], bins: int) -> NDArray[np.complex128]:
    """White Gaussian noise as the first bins of a half spectrum."""
    return np.random.default_rng(key).standard_normal(2 * bins).view(np.complex128)


def response(station: int) -> Any:
    """Give the ObsPy response of a sensor, from m/s to counts."""
    from obspy.core.inventory.response import Response

    poles, zeros, factor = poles_and_zeros(station)
    return Response.from_paz(
        zeros, poles, COUNTS_PER_M_S, stage_gain_frequency=1.0, input_units="M/S", output_units="COUNTS",
        normalization_frequency=1.0, pz_transfer_function_type="LAPLACE (RADIANS/SECOND)",
        normalization_factor=factor,
    )  # fmt: skip


def miniseed(seed: int, station: int, minutes: float) -> bytes:
    """Give the record of a station as a MiniSEED file (Steim-2, records of 4096 bytes)."""
    from obspy import Trace, UTCDateTime

    header = {
        "network": NETWORK, "station": station_code(station), "channel": CHANNEL,
        "sampling_rate": RATE_HZ, "starttime": UTCDateTime(START),
    }  # fmt: skip
    file = io.BytesIO()
    Trace(counts(seed, station, minutes), header).write(file, format="MSEED", encoding="STEIM2", reclen=4096)
    return file.getvalue()


def inventory(seed: int, station: int) -> Any:
    """Give the ObsPy inventory of a station: its place and its response."""
    from obspy import UTCDateTime
    from obspy.core.inventory import Channel, Inventory, Network, Station

    east, north = position_km(seed, station)
    latitude = LATITUDE + north / KM_PER_DEGREE
    longitude = LONGITUDE + east / (KM_PER_DEGREE * np.cos(np.radians(LATITUDE)))
    place = {"latitude": latitude, "longitude": longitude, "elevation": 0.0}
    channel = Channel(
        CHANNEL, "", **place, depth=0.0, sample_rate=RATE_HZ, azimuth=0.0, dip=-90.0,
        start_date=UTCDateTime(2020, 1, 1), response=response(station),
    )  # fmt: skip
    code = station_code(station)
    return Inventory(
        networks=[Network(NETWORK, stations=[Station(code, **place, channels=[channel])])], source="synthetic"
    )


def keep(folder: str, seed: int, station: int, record: bytes) -> None:
    """Write the record of a station and its StationXML to `folder`, which is made if need be."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, trace_id(station))
    with open(path + ".mseed", "wb") as file:
        file.write(record)
    inventory(seed, station).write(path + ".xml", format="STATIONXML")
