"""Seismic noise correlation: each step agrees with ObsPy, scipy or an independent computation."""

from __future__ import annotations

import argparse
import itertools
import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import obspy
import pytest
import scipy.fft
import scipy.signal
from obspy import Stream, Trace, UTCDateTime
from obspy.signal.cross_correlation import correlate as obspy_correlate
from obspy.signal.cross_correlation import xcorr_max

from hpcd4p import WorkflowError
from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.model import Role
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.memory import MemorySink
from hpcd4p.runtime import sequential
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.workflows import seismic
from hpcd4p.workflows.seismic import correlation, pairs, reading, spectrum, steps, synthetic

RATE = 50 / 12
MINUTES = 10
SMALL = ("--stations", 4, "--minutes", MINUTES)


def options_for(*words):
    parser = argparse.ArgumentParser(exit_on_error=False)
    seismic.add_options(parser)
    return parser.parse_args([str(word) for word in words])


def run(*words):
    options = options_for(*words)
    plan, pes = make_plan(seismic.build(options), 1, EngineSettings())
    sink = MemorySink()
    summary = sequential.run(RunSpec(plan, pes, resolve_inputs(plan, pes), EngineSettings()), sink)
    return summary, sink, seismic.present(summary, sink.results, options)


def output(sink, name):
    return next((values for key, values in sink.results.items() if key.endswith("." + name)), [])


def lags_of(sink):
    return {(row["a"], row["b"], row["start"]): row for row in output(sink, "pairs")}


def assert_same_rows(one, other):
    assert one.keys() == other.keys()
    for key, row in one.items():
        for name, value in row.items():
            np.testing.assert_array_equal(value, other[key][name], err_msg=f"{key} {name}")


def trace_of(data, rate=RATE, station="AAA", start="2020-06-01T06:00:00"):
    header = {"network": "XX", "station": station, "channel": "BHZ", "sampling_rate": rate}
    return Trace(np.asarray(data), header | {"starttime": UTCDateTime(start)})


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(5).standard_normal(2500)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """MiniSEED and StationXML of four stations, as ``--keep`` leaves them, and the run that did."""
    folder = tmp_path_factory.mktemp("kept")
    return folder, run(*SMALL, "--keep", folder)[1]


@pytest.fixture
def folder(kept, tmp_path):
    """A copy of the MiniSEED files of three stations."""
    for station in range(3):
        name = f"{synthetic.trace_id(station)}.mseed"
        (tmp_path / name).write_bytes((kept[0] / name).read_bytes())
    return tmp_path


# ---- the steps of phase 1


@pytest.mark.parametrize(
    ("rate", "factors"),
    [(50, [12]), (100, [5, 5]), (200, [10, 5]), (125, [15, 2]), (20, [5]), (4, []), (7.9, [])],
)
def test_rates_come_down_to_4_hz_or_little_above(rate, factors):
    assert steps.decimation(rate) == factors
    assert 4 <= rate / np.prod(factors, initial=1) < 8


def test_a_rate_below_4_hz_is_refused():
    with pytest.raises(ValueError, match="1 samples/s are fewer than the 4"):
        steps.decimate(trace_of(np.random.default_rng(1).standard_normal(1000), rate=1.0))


def test_decimation_filters_and_picks(noise):
    trace = trace_of(np.tile(noise, 10), rate=50.0)
    before = trace.data.copy()
    found = steps.decimate(trace)
    filtered = trace.copy().filter("lowpass_cheby_2", freq=50 / 24, maxorder=12).data
    np.testing.assert_array_equal(found.data, filtered[::12])
    assert found.stats.sampling_rate == pytest.approx(RATE)
    np.testing.assert_array_equal(trace.data, before)


def test_an_hour_of_the_paper_has_15000_samples_and_an_fft_of_32768():
    trace = steps.decimate(trace_of(synthetic.counts(1, 0, 60), rate=50.0))
    assert len(trace) == 15_000
    found = steps.fft(trace)
    assert (found.samples, found.fft_length, found.values.shape) == (15_000, 32_768, (16_385,))
    assert found.values.dtype == np.complex128


def test_trend_and_mean_go(noise):
    trend = trace_of(noise + 5 + 0.3 * np.arange(len(noise)))
    found = steps.detrend(trend).data
    line = np.linspace(trend.data[0], trend.data[-1], len(noise))
    np.testing.assert_allclose(found, trend.data - line, atol=1e-9)
    np.testing.assert_allclose(steps.demean(trend).data, trend.data - trend.data.mean(), atol=1e-9)


def test_removing_the_response_gives_ground_velocity_in_phase():
    frequency, times = 0.05, np.arange(6000) / RATE
    ground = 1e-6 * np.sin(2 * np.pi * frequency * times)
    gain = synthetic.transfer(2, np.array([frequency]))[0]  # the 20 s sensor: a quarter of a period off
    assert abs(np.angle(gain, deg=True)) > 60
    recorded = abs(gain) * 1e-6 * np.sin(2 * np.pi * frequency * times + np.angle(gain))
    trace = trace_of(recorded)
    trace.stats.response = synthetic.response(2)
    found = steps.remove_response(trace)
    assert found.stats.units == "m/s"
    np.testing.assert_allclose(found.data[1500:-1500], ground[1500:-1500], atol=2e-8)


def test_removing_the_response_is_obspys_with_corners_below_nyquist(noise):
    trace = trace_of(noise)
    trace.stats.response = synthetic.response(0)
    found = steps.remove_response(trace)
    corners = (0.005, 0.006, 0.8 * RATE / 2, 0.95 * RATE / 2)
    expected = trace.copy().remove_response(output="VEL", pre_filt=corners)
    np.testing.assert_array_equal(found.data, expected.data)
    assert steps.fitted_pre_filter(100.0) == (0.005, 0.006, 30.0, 35.0)


def test_a_trace_without_a_response_stays_in_counts(noise):
    found = steps.remove_response(trace_of(noise))
    assert found.stats.units == "counts"
    np.testing.assert_array_equal(found.data, noise)


def test_the_filter_is_a_causal_butterworth(noise):
    sos = scipy.signal.butter(4, (0.01, 1.0), "bandpass", fs=RATE, output="sos")
    found = steps.bandpass(trace_of(noise)).data
    np.testing.assert_allclose(found, scipy.signal.sosfilt(sos, noise), atol=1e-10)


def test_normalising_divides_by_the_mean_of_the_neighbours(noise):
    found = steps.normalise(trace_of(noise * 1e-6), 15).data
    for at in (15, 16, 1000, len(noise) - 17):
        neighbours = np.r_[noise[at - 15 : at], noise[at + 1 : at + 16]]
        assert found[at] == pytest.approx(noise[at] / np.abs(neighbours).mean(), rel=1e-6)


def test_normalising_leaves_zeros(noise):
    quiet = noise.copy()
    quiet[500:1500] = 0
    found = steps.normalise(trace_of(quiet)).data
    assert np.all(np.isfinite(found))
    assert np.all(found[520:1480] == 0)


def test_whitening_makes_amplitudes_alike_and_leaves_phases():
    data = np.random.default_rng(3).standard_normal(16_384)  # a power of two: nothing is padded or cut
    coloured = scipy.signal.lfilter([1.0], [1.0, -0.9], data)
    frequencies = np.fft.rfftfreq(len(data), 1 / RATE)
    before, after = np.fft.rfft(coloured), np.fft.rfft(steps.whiten(trace_of(coloured)).data)
    band = (frequencies > 0.02) & (frequencies < 0.99)
    np.testing.assert_allclose(np.angle(after[band]), np.angle(before[band]), atol=1e-6)
    low, high = band & (frequencies < 0.1), band & (frequencies > 0.8)
    assert np.abs(before[low]).mean() > 5 * np.abs(before[high]).mean()
    assert np.abs(after[low]).mean() == pytest.approx(np.abs(after[high]).mean(), rel=0.05)
    assert np.abs(after[frequencies > 1.21]).max() < 1e-9 * np.abs(after[band]).max()


def test_the_fft_is_that_of_the_padded_trace(noise):
    found = steps.fft(trace_of(noise))
    np.testing.assert_allclose(found.values, scipy.fft.rfft(noise, found.fft_length), atol=1e-9)
    assert found.energy == pytest.approx(float(noise @ noise))
    assert found.start_s == UTCDateTime("2020-06-01T06:00:00").timestamp
    assert found.fft_length >= len(noise) + 5000


def test_traces_that_begin_a_few_samples_apart_are_compared_at_their_own_times(noise):
    offset = 7 / RATE
    a = steps.fft(trace_of(noise[:-7]))
    b = steps.fft(trace_of(noise[7:], start=UTCDateTime("2020-06-01T06:00:00") + offset))
    assert a.window == b.window
    peak = correlation.best_lag(correlation.correlate(a, b, 60), RATE)
    assert peak.lag_s == pytest.approx(0, abs=0.01)
    assert peak.coefficient > 0.98


@pytest.mark.parametrize("at", ["samples", "minutes"])
def test_traces_of_other_lengths_are_of_other_windows(noise, at):
    longer = trace_of(np.tile(noise, 2)[: 2501 if at == "samples" else 3000])
    same = steps.fft(longer).window == steps.fft(trace_of(noise)).window
    assert same == (at == "samples")


# ---- correlation


@pytest.mark.parametrize("precise", [True, False])
def test_correlation_is_that_of_obspy_and_scipy(noise, precise):
    other = np.roll(noise, 30) + np.random.default_rng(6).standard_normal(len(noise))
    a, b = (steps.fft(trace_of(data)) for data in (other, noise))
    if not precise:
        a, b = correlation.single(a), correlation.single(b)
    found = correlation.correlate(a, b, 60)
    most = int(60 * RATE)
    assert found.dtype == np.float64
    atol = 1e-12 if precise else 1e-6
    np.testing.assert_allclose(found, obspy_correlate(other, noise, most, demean=False), atol=atol)
    full = scipy.signal.correlate(other, noise) / np.sqrt(np.sum(other**2) * np.sum(noise**2))
    middle = len(full) // 2
    np.testing.assert_allclose(found, full[middle - most : middle + most + 1], atol=atol)
    assert xcorr_max(found)[0] == 30
    assert correlation.best_lag(found, RATE).lag_s * RATE == pytest.approx(30, abs=0.5)


def test_lags_end_where_the_traces_do(noise):
    a = steps.fft(trace_of(noise[:100]))
    found = correlation.correlate(a, a, 600)
    assert len(found) == 2 * 99 + 1
    np.testing.assert_allclose(found, obspy_correlate(noise[:100], noise[:100], 99, demean=False), atol=1e-12)


def test_spectra_of_two_windows_are_refused(noise):
    a, b = steps.fft(trace_of(noise)), steps.fft(trace_of(noise, start="2020-06-01T07:00:00"))
    with pytest.raises(ValueError, match="are not of one window"):
        correlation.correlate(a, b, 60)


@pytest.mark.parametrize("delay", [-20.25, 0.0, 7.4, 33.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_best_lag_lies_between_samples(delay, sign):
    lags = np.arange(-100, 101)
    found = correlation.best_lag(sign * np.exp(-(((lags - delay) / 4) ** 2)), RATE)
    assert found.lag_s * RATE == pytest.approx(delay, abs=0.02)
    assert np.sign(found.coefficient) == sign


def test_signal_to_noise_is_the_peak_over_the_rest():
    found = np.full(1001, 0.01)
    found[::2] = -0.01
    found[700] = 0.5
    assert correlation.best_lag(found, RATE).snr == pytest.approx(50)
    assert np.isnan(correlation.best_lag(found[690:710], RATE).snr)


def test_a_peak_at_the_end_stays_there():
    assert correlation.best_lag(np.array([0.9, 0.1, 0.2]), 4.0) == (
        -0.25,
        0.9,
        pytest.approx(np.nan, nan_ok=True),
    )


def test_a_correlation_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="no numbers"):
        correlation.best_lag(np.array([0.1, np.nan, 0.2]), 4.0)


# ---- synthetic stations


def test_records_follow_from_seed_and_station():
    found = synthetic.counts(1, 3, 5)
    np.testing.assert_array_equal(found, synthetic.counts(1, 3, 5))
    assert (found.dtype, found.shape) == (np.int32, (15_000,))
    assert not np.array_equal(found, synthetic.counts(2, 3, 5))
    assert not np.array_equal(found, synthetic.counts(1, 6, 5))
    (trace,) = reading.read_miniseed(BytesIO(synthetic.miniseed(1, 3, 5)))
    np.testing.assert_array_equal(trace.data, found)
    assert (trace.id, trace.stats.sampling_rate) == (synthetic.trace_id(3), 50.0)


def test_ground_velocity_has_the_size_it_should():
    trace = trace_of(synthetic.counts(1, 0, 60), rate=50.0)
    trace.stats.response = synthetic.response(0)
    ground = steps.remove_response(steps.demean(steps.detrend(steps.decimate(trace)))).data
    assert np.std(ground[1500:-1500]) == pytest.approx(1e-6 * np.hypot(1, 0.7), rel=0.1)


@pytest.mark.parametrize("station", [0, 1, 2])
def test_the_sensor_is_the_one_that_obspy_describes(station):
    frequencies = np.array([0.01, 0.1, 0.5, 1.0])
    expected = synthetic.response(station).get_evalresp_response_for_frequencies(frequencies, output="VEL")
    np.testing.assert_allclose(synthetic.transfer(station, frequencies), expected, rtol=1e-6)


def test_expected_lags_are_differences_of_delays():
    a, b = synthetic.trace_id(0), synthetic.trace_id(12)
    assert synthetic.expected_lag_s(1, a, b) == synthetic.delay_s(1, 0) - synthetic.delay_s(1, 12)
    assert np.isnan(synthetic.expected_lag_s(1, a, "GR.FUR..BHZ"))
    assert np.isnan(synthetic.expected_lag_s(1, "XX.S12..BHZ", a))
    assert max(abs(synthetic.delay_s(1, i)) for i in range(50)) <= 10


# ---- the whole


def test_delays_are_recovered_within_a_sample():
    summary, sink, text = run("--stations", 6, "--minutes", 20, "--seed", 7)
    assert summary.status == 0
    found = lags_of(sink)
    assert len(found) == 15
    for (a, b, _), row in found.items():
        assert abs(row["lag_s"] - synthetic.expected_lag_s(7, a, b)) < 1 / RATE
        assert row["units"] == "m/s"
        assert row["coefficient"] > 0.3
        assert row["snr"] > 10
        assert len(row["correlation"]) == 2 * 500 + 1
    assert output(sink, "overview")[0]["within_a_sample"] == 15
    assert "15 of 15 lags are within one sample" in text


def test_the_same_seed_gives_the_same_bits(kept):
    assert_same_rows(lags_of(kept[1]), lags_of(run(*SMALL)[1]))


def test_kept_files_give_the_same_lags_with_their_inventory_only(kept):
    here, sink = kept
    _, with_responses, _ = run("--input", here, "--inventory", here)
    for key, row in lags_of(with_responses).items():
        assert row["lag_s"] == pytest.approx(lags_of(sink)[key]["lag_s"], abs=1e-6)
        assert np.isnan(row["expected_s"])
    summary, without, text = run("--input", here)
    assert summary.status == 0
    assert {row["units"] for row in lags_of(without).values()} == {"counts"}
    assert "6 pairs have a trace whose response is not known" in text
    # the sensors of these two differ, and so do the low frequencies of what they record
    pair = (synthetic.trace_id(0), synthetic.trace_id(2), "2020-06-01T06:00:00")
    assert np.abs(lags_of(without)[pair]["correlation"] - lags_of(sink)[pair]["correlation"]).max() > 0.02


def test_two_phases_give_what_one_stream_gives(kept, tmp_path):
    summary, sink, text = run(*SMALL, "--phase", 1, "--output", tmp_path / "spectra")
    assert summary.status == 0
    assert {row[0] for row in output(sink, "files")} == {synthetic.trace_id(i) for i in range(4)}
    assert f"4 spectra in {tmp_path / 'spectra'}" in text
    summary, sink, text = run("--input", tmp_path / "spectra", "--phase", 2)
    assert summary.status == 0
    both, two = lags_of(kept[1]), lags_of(sink)
    assert both.keys() == two.keys()
    for key, row in two.items():
        np.testing.assert_array_equal(row["correlation"], both[key]["correlation"])
    assert text.startswith("6 pairs;")


def test_windows_are_cut_and_their_correlations_averaged():
    _, cut, text = run(*SMALL, "--stations", 3, "--minutes", 13, "--cut", 5)
    starts = {key[2] for key in lags_of(cut)}
    assert starts == {"2020-06-01T06:00:00", "2020-06-01T06:05:00"}
    assert "3 parts of traces (9.0 min) fill no window" in text
    _, stacked, text = run(*SMALL, "--stations", 3, "--minutes", 13, "--cut", 5, "--stack")
    for (a, b, start), row in lags_of(stacked).items():
        assert (row["windows"], start) == (2, "2020-06-01T06:00:00")
        of_windows = [lags_of(cut)[a, b, each]["correlation"] for each in starts]
        np.testing.assert_allclose(row["correlation"], np.mean(of_windows, axis=0), atol=1e-7)
    assert "windows" in text


def test_the_stack_does_not_depend_on_the_order_of_windows():
    stack = pairs.Stack()
    values = np.random.default_rng(8).standard_normal((5, 101)) / 3
    found = [pairs.Correlation(v, ("a", "b"), 4.0, 60 * i, 1, "m/s") for i, v in enumerate(values)]
    sums = set()
    for order in itertools.permutations(found):
        state = None
        for each in order:
            state = stack.process_key(each.key, each, state)
        sums.add((state.values.tobytes(), state.start_s, state.windows))
    assert len(sums) == 1
    mean = np.frombuffer(next(iter(sums))[0], dtype=np.int64) / pairs.FIXED_POINT / 5
    np.testing.assert_allclose(mean, values.mean(axis=0), atol=1e-12)


@pytest.mark.parametrize("count", [2, 3, 8, 9, 50, 51])
@pytest.mark.parametrize("expected", [2, 50, 1000])
def test_each_pair_meets_once(count, expected):
    pair_up = pairs.PairUp(expected)
    met = []

    def meet(_, blocks):
        block, other = blocks
        names = [[s.name for s in b] for b in (block, other or [])]
        met.extend(itertools.combinations(names[0], 2) if other is None else itertools.product(*names))

    pair_up._sink = meet
    values, state = np.zeros(5, dtype=np.complex128), None
    for i in range(count):
        each = spectrum.Spectrum(values, 1.0, f"S{i:02d}", 0, 60, 4.0, 4, 8, "m/s")
        state = pair_up.process_key(each.window, each, state)
    pair_up.end_key(each.window, state)
    assert sorted(tuple(sorted(pair)) for pair in met) == sorted(
        itertools.combinations([f"S{i:02d}" for i in range(count)], 2)
    )


def test_the_example_of_obspy_runs():
    summary, sink, text = run("--input", "example")
    assert summary.status == 0
    assert {key[:2] for key in lags_of(sink)} == {
        (f"BW.RJOB..EH{a}", f"BW.RJOB..EH{b}") for a, b in ("EN", "EZ", "NZ")
    }
    assert text.startswith("3 pairs;")


def test_the_best_pairs_are_shown_in_a_table(kept):
    lines = seismic.present(None, kept[1].results, options_for(*SMALL)).splitlines()
    assert lines[0].startswith("6 pairs;")
    assert lines[1].split() == ["pair", "lag", "s", "expected", "s", "coefficient", "SNR"]
    sizes = [float(line.split()[-2]) for line in lines[2:8]]
    assert sizes == sorted(sizes, reverse=True)
    assert seismic.present(None, {}, options_for()) == ""


def test_a_picture_is_drawn(kept, tmp_path):
    options = options_for(*SMALL, "--plot", tmp_path / "section.png")
    assert seismic.present(None, kept[1].results, options).endswith(f"Picture: {tmp_path / 'section.png'}")
    assert (tmp_path / "section.png").read_bytes()[:4] == b"\x89PNG"
    assert "No picture" in seismic.present(None, {}, options)


def test_plan_has_the_promised_roles():
    plan, _ = make_plan(seismic.build(options_for("--stack")), 8, EngineSettings())
    roles = {e.name.rstrip("0123456789"): e.role for e in plan.elements}
    pool = {"stream_read", *seismic.STEPS, "fft", "correlate", "measure"}
    assert plan.name == "seismic"
    assert {name for name, role in roles.items() if role is Role.POOL} == pool
    assert roles["pair_up"] == roles["stack"] == roles["overview"] == Role.STATE


# ---- what goes wrong


def write(folder, data, rate=50.0, name="bad.mseed", start="2020-06-01T06:00:00"):
    traces = data if isinstance(data, list) else [trace_of(data, rate, "BAD", start)]
    Stream(traces).write(str(folder / name), format="MSEED")


def cut_in_half(folder):
    path = folder / f"{synthetic.trace_id(0)}.mseed"
    record = path.read_bytes()
    (folder / "bad.mseed").write_bytes(record[: len(record) // 2 + 100])
    path.rename(folder / "hidden.xml")
    (folder / f"{synthetic.trace_id(0)}.mseed").write_bytes(record)


def with_gap(folder):
    data = synthetic.counts(1, 9, MINUTES)
    later = UTCDateTime("2020-06-01T06:00:00") + 12_000 / 50
    write(folder, [trace_of(data[:10_000], 50.0, "BAD"), trace_of(data[12_000:], 50.0, "BAD", later)])


def with_nan(folder):
    data = synthetic.counts(1, 9, MINUTES).astype(np.float32)
    data[[5, 600]] = np.nan
    write(folder, data)


def of_two_rates(folder):
    data = synthetic.counts(1, 9, MINUTES)
    later = UTCDateTime("2020-06-01T06:05:00")
    write(folder, [trace_of(data[:15_000], 50.0, "BAD"), trace_of(data[:15_000], 100.0, "BAD", later)])


@pytest.mark.parametrize(
    ("spoil", "element", "reason"),
    [
        (cut_in_half, "stream_read", "bad.mseed is no whole MiniSEED file: .*record"),
        (lambda f: (f / "bad.txt").write_text("no data"), "stream_read", "bad.txt is no whole MiniSEED file"),
        (lambda f: (f / "bad.dat").write_bytes(b"\0" * 9000), "stream_read", "bad.dat is no whole MiniSEED"),
        (lambda f: (f / "bad.mseed").write_bytes(b""), "stream_read", "bad.mseed is no whole MiniSEED file"),
        (lambda f: (f / "bad.mseed").symlink_to("gone"), "stream_read", "FileNotFoundError.*bad.mseed"),
        (of_two_rates, "stream_read", "bad.mseed has traces that cannot be joined: Sampling rate"),
        (with_gap, "decimate", "XX.BAD..BHZ has gaps: 2000 of 30000 samples are missing"),
        (with_nan, "decimate", "XX.BAD..BHZ has values that are no numbers: 2 of 30000 samples"),
        (lambda f: write(f, np.full(30_000, 7)), "decimate", "has no signal: all 30000 samples are equal"),
        (lambda f: write(f, np.arange(400)), "decimate", "is too short: 33 samples after decimation, 60"),
        (lambda f: write(f, np.arange(600) % 7, rate=1.0), "decimate", "1 samples/s are fewer than the 4"),
        (
            lambda f: write(f, synthetic.counts(1, 9, MINUTES)[:20_000]),
            "pair_up",
            "no partner: .*lasts 400 s",
        ),
        (lambda f: write(f, synthetic.counts(1, 9, 20), rate=100.0), "pair_up", "no partner: .*4 samples/s"),
        (
            lambda f: write(f, synthetic.counts(1, 9, MINUTES), start="2020-06-02T06:00:00"),
            "pair_up",
            "no partner: no other trace begins at 2020-06-02",
        ),
    ],
)
def test_a_bad_trace_is_a_dead_letter_and_the_others_are_correlated(folder, spoil, element, reason):
    spoil(folder)
    summary, sink, _ = run("--input", folder)
    assert summary.status == 1
    (letter,) = sink.letters
    assert letter.element.startswith(element)
    assert re.search(reason, letter.error), letter.error
    assert {row[:2] for row in lags_of(sink)} == set(
        itertools.combinations([synthetic.trace_id(i) for i in range(3)], 2)
    )


def test_two_traces_of_one_id_and_time_are_told(folder):
    first = folder / f"{synthetic.trace_id(0)}.mseed"
    (folder / "again.mseed").write_bytes(first.read_bytes())
    summary, sink, _ = run("--input", folder)
    assert summary.status == 1
    (letter,) = sink.letters
    assert "XX.S0000..BHZ has two traces that begin at 2020-06-01T06:00:00" in letter.error
    assert len(lags_of(sink)) == 3


def test_a_station_that_the_inventory_lacks_is_a_dead_letter(kept, folder):
    only = [kept[0] / f"{synthetic.trace_id(i)}.xml" for i in (0, 1)]
    for path in only:
        (folder / path.name).write_bytes(path.read_bytes())
    summary, sink, _ = run("--input", folder, "--inventory", folder)
    assert summary.status == 1
    (letter,) = sink.letters
    assert letter.element.startswith("remove_response")
    assert "XX.S0002..BHZ at 2020-06-01T06:00:00" in letter.error
    assert len(lags_of(sink)) == 1


def test_a_damaged_file_of_phase_1_is_a_dead_letter(tmp_path):
    run(*SMALL, "--phase", 1, "--output", tmp_path)
    path = sorted(tmp_path.iterdir())[0]
    path.write_bytes(path.read_bytes()[:5000])
    (tmp_path / "other.npz").write_bytes(b"no zip")
    np.savez(tmp_path / "third.npz", values=np.zeros(3))
    summary, sink, _ = run("--input", tmp_path, "--phase", 2)
    assert summary.status == 1
    assert len(sink.letters) == 3
    assert all("is no whole file of phase 1" in letter.error for letter in sink.letters)
    assert len(lags_of(sink)) == 3


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--input", "/no/such/folder"), "expected a folder, and '/no/such/folder' is not there"),
        (("--inventory", "/no/such/file"), "expected a file"),
        (("--output", __file__ + "/x"), "expected a folder to write into"),
        (("--stations", "1"), "expected a whole number from 2"),
        (("--minutes", "nan"), "expected a number from 5"),
        (("--max-lag", "0"), "expected a number from 1 to 600"),
        (("--phase", "3"), "invalid choice"),
    ],
)
def test_wrong_options_say_what_is_expected(words, text):
    with pytest.raises(argparse.ArgumentError, match=text):
        options_for(*words)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--phase", 1), "phase 1 writes files: say where with --output"),
        (("--phase", 2), "phase 2 reads the files of phase 1: say where they are with --input"),
        (("--inventory", __file__), "--inventory is for the files of --input"),
        (("--input", "EMPTY"), "there are no files in "),
        (("--input", "EMPTY", "--phase", 2), "there are no .npz files of phase 1 in "),
        (("--input", "EMPTY", "--keep", "EMPTY"), "--keep is for synthetic stations"),
    ],
)
def test_what_cannot_run_says_why(words, text, tmp_path):
    with pytest.raises(WorkflowError, match=text):
        seismic.build(options_for(*(tmp_path if word == "EMPTY" else word for word in words)))


def test_importing_it_imports_nothing_heavy():
    program = (
        "import sys, hpcd4p.workflows.seismic as s, pickle\n"
        "from hpcd4p.workflows.seismic import pairs, elements\n"
        "pickle.dumps([pairs.PairUp(3), elements.Step('decimate'), elements.Fft(), pairs.Overview(3)])\n"
        "heavy = {'obspy', 'numpy', 'scipy', 'matplotlib', 'argparse', 'h5py', 'redis', 'mpi4py'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr


def test_pairs_are_correlated_without_obspy():
    program = (
        "import sys, hpcd4p.workflows.seismic.correlation, hpcd4p.workflows.seismic.synthetic\n"
        "print(sorted({'obspy', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr


def test_reading_joins_pieces_and_leaves_gaps_masked(tmp_path):
    with_gap(tmp_path)
    (trace,) = reading.read_miniseed(str(tmp_path / "bad.mseed"))
    assert np.ma.count_masked(trace.data) == 2000
    expected = obspy.read(str(tmp_path / "bad.mseed")).merge()[0]
    np.testing.assert_array_equal(trace.data.filled(0), expected.data.filled(0))


def test_the_program_of_the_readme_prints_what_it_says(capsys):
    text = (Path(seismic.__file__).parent / "README.md").read_text()
    program = text.partition("```python\n")[2].partition("```")[0]
    exec(compile(program, "README.md", "exec"), {})
    assert capsys.readouterr().out.strip() == program.rpartition("# ")[2].strip()
