"""The seismic workflow on real ranks: the bits of one process, what fails, what is missing."""

from __future__ import annotations

from tests.e2e.answers import missing_and_extra
from tests.e2e.test_missing_packages import told_once

SEISMIC = "hpcd4p.workflows.seismic"


def test_four_ranks_give_the_bits_of_one_process(runs):
    # more spectra than a block has, so that pairs of two blocks are among them
    words = ("--stations", "20", "--minutes", "20")
    alone, together = (runs.run(SEISMIC, ranks, *words) for ranks in (1, 4))
    for ended in (alone, together):
        assert ended.status == 0, ended.err
        assert "190 of 190 lags are within one sample of those expected" in ended.out
        assert ended.leftovers == []
    assert missing_and_extra(alone.outputs, together.outputs) == ""


def test_a_damaged_file_is_told_and_the_others_are_correlated(runs, tmp_path):
    folder = tmp_path / "records"
    made = runs.run(SEISMIC, 1, "--stations", "4", "--minutes", "10", "--keep", str(folder), "--no-record")
    assert made.status == 0, made.err
    path = folder / "XX.S0001..BHZ.mseed"
    path.write_bytes(path.read_bytes()[:10_000])
    ended = runs.run(SEISMIC, 4, "--input", str(folder), "--inventory", str(folder), "--cut", "5", "--stack")
    assert ended.status == 1, ended.err
    assert "3 pairs; those with the largest coefficients" in ended.out
    (letter,) = ended.letters
    assert letter.element.startswith("stream_read")
    assert "XX.S0001..BHZ.mseed is no whole MiniSEED file" in letter.error


def test_without_obspy_the_extra_is_named(runs):
    ended = runs.run(SEISMIC, 4, "--stations", "4", variables={"E2E_LACKS": "obspy"})
    told_once(ended, "it needs obspy", "pip install 'hpcd4p[seismic]'")
    assert ended.status == 2


def test_an_empty_folder_is_told_before_the_run(runs, tmp_path):
    (tmp_path / "empty").mkdir()
    ended = runs.run(SEISMIC, 1, "--input", str(tmp_path / "empty"))
    told_once(ended, "there are no files in", "empty")
    assert ended.status == 2
