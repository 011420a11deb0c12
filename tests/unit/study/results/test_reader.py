"""The results file: written, read back, and what is said of one that cannot be read."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import h5py
import numpy as np
import pytest

from hpcd4p.errors import RecordError
from hpcd4p.record.reader import read_record
from hpcd4p.record.writer import RecordWriter
from hpcd4p.study.results.collect import collect
from hpcd4p.study.results.reader import read_results
from hpcd4p.study.schema import COLUMNS, SCHEMA_VERSION, ColumnKind
from tests.unit.study.attempts_made import StudyMade, end_of, summary_of


@pytest.fixture
def study(tmp_path: Path) -> StudyMade:
    made = StudyMade(tmp_path / "results")
    made.define(axes={"ranks": [2, 4], "autoscale": ["knee"]}, title="A title")
    made.attempt({"ranks": 2, "autoscale": "knee"}, end=end_of(), elapsed_s=8.0)
    made.attempt({"ranks": 4, "autoscale": "knee"}, end=end_of(), elapsed_s=5.0)
    made.attempt({"ranks": 4, "autoscale": "knee"}, 2, end=end_of("timed out"), elapsed_s=None)
    return made


@pytest.mark.parametrize("merge", [False, True])
def test_what_is_written_is_read_back(study: StudyMade, merge: bool) -> None:
    collect(study.path, merge=merge)
    results = read_results(study.file)
    assert results.name == "s"
    assert results.axes == ["ranks", "autoscale"]
    assert results.columns == [*(column.name for column in COLUMNS), "autoscale"]
    assert results.study["title"] == "A title"
    assert results.provenance["python"]
    assert results.merged is merge
    first, second, third = results.rows
    assert first == {
        "key": "ranks=2,autoscale=knee,repeat=1",
        "attempt": 1,
        "repeat": 1,
        "state": "completed",
        "status": 0,
        "reason": None,
        "ranks": 2,
        "nodes": 1,
        "elapsed_s": 8.0,
        "process_time_s": 16.0,
        "cpu_s": 3.0,
        "tuples": 300,
        "throughput": 37.5,
        "efficiency": 0.5,
        "speed_up": 1.0,
        "parallel_efficiency": 1.0,
        "failed": 1,
        "wall_s": 12.5,
        "host": "n9",
        "job": "17_3",
        "started": "2026-01-02T03:04:00Z",
        "ended": "2026-01-02T03:06:00Z",
        "record": "s/ranks=2,autoscale=knee,repeat=1/1/w-1.h5",
        "continued": 0,
        "checkpoints": None,
        "resumes": None,
        "recoveries": None,
        "autoscale": "knee",
    }
    assert (second["speed_up"], second["parallel_efficiency"]) == (1.6, 0.8)
    assert (third["state"], third["elapsed_s"], third["tuples"]) == ("timed out", 12.5, None)
    assert third["speed_up"] is None
    assert third["status"] is None
    assert third["reason"] == "because it timed out"


def test_a_record_is_opened_through_its_link(study: StudyMade) -> None:
    collect(study.path)
    results = read_results(study.file)
    row = results.rows[0]
    path = results.record_path(row)
    assert path is not None
    assert path.samefile(study.path / row["key"] / "1" / "w-1.h5")
    with results.open_record(row) as record:
        assert record.count("count.output") == 10


def test_a_merged_file_holds_all_that_its_records_hold(study: StudyMade) -> None:
    collect(study.path, merge=True)
    row = read_results(study.file).rows[0]
    with read_record(study.path / row["key"] / "1" / "w-1.h5") as record:
        outputs, letters = list(record.outputs("count.output")), list(record.dead_letters())
        events, scaling, timelines = list(record.events()), record.scaling(), record.timelines()
        summary = record.summary
    shutil.rmtree(study.path)  # it must stand alone
    moved = study.file.rename(study.file.with_name("moved.h5"))
    results = read_results(moved)
    assert results.record_path(row) is None
    with results.open_record(row) as record:
        assert list(record.outputs("count.output")) == outputs
        assert list(record.dead_letters()) == letters
        assert list(record.events()) == events
        assert record.scaling() == scaling
        assert record.summary == summary
        assert timelines is not None
        read = record.timelines()
        assert read is not None
        assert np.array_equal(read.busy, timelines.busy)
        with pytest.raises(RecordError, match="no output 'x'"):
            record.count("x")


def test_values_of_every_kind_are_in_a_merged_file_as_in_their_record(tmp_path: Path) -> None:
    values = [
        *(1, 2.5, True, None, "text", 1 + 2j, b"bytes", (1, "a"), [1, 2, 3], {"k": [1.5, None]}, {1, 2}),
        *(np.arange(6.0).reshape(2, 3), np.arange(4, dtype="c16"), np.float16(0.5), np.array(["a", "bc"])),
        *(np.datetime64("2026-01-02"), datetime(2026, 1, 2), np.zeros((300, 300)), 10**40),
    ]
    path = tmp_path / "s" / "w.h5"
    writer = RecordWriter(path)
    for i, value in enumerate(values):
        writer.outputs(f"e{i}", "output", [value] * 3)
    writer.outputs("all", "output", values)
    summary = summary_of(2, 1.0)
    summary.provenance = {"point": {"study": "s", "key": "ranks=2", "attempt": 1, "axes": {"ranks": 2}}}
    writer.close(summary)
    results = read_results(collect(tmp_path / "s", merge=True).path)
    with results.open_record(results.rows[0]) as merged, read_record(path) as record:
        assert merged.names == record.names
        for name in record.names:
            assert repr(list(merged.outputs(name))) == repr(list(record.outputs(name)))
            assert merged.described(name) == record.described(name)


def test_an_attempt_without_record_has_none_to_open(study: StudyMade) -> None:
    collect(study.path)
    results = read_results(study.file)
    assert results.record_path(results.rows[2]) is None
    assert not results.has_record(results.rows[2])
    with pytest.raises(RecordError, match="no record of ranks=4,autoscale=knee,repeat=2, attempt 1"):
        results.open_record(results.rows[2])


def test_a_link_to_a_record_that_has_gone_is_told(study: StudyMade) -> None:
    collect(study.path)
    shutil.rmtree(study.path)
    results = read_results(study.file)
    with pytest.raises(RecordError, match=r"w-1\.h5: No such file"):
        results.open_record(results.rows[0])


def test_h5py_alone_reads_the_table_and_follows_the_links(study: StudyMade) -> None:
    collect(study.path)
    with h5py.File(study.file) as file:
        assert file.attrs["schema"] == "hpcd4p study"
        assert file.attrs["schema_version"] == 1
        table = file["summary"][:]
        assert table["ranks"].tolist() == [2, 4, 4]
        assert table["state"][2] == b"timed out"
        assert table["status"][2] == -1
        assert math.isnan(table["speed_up"][2])
        assert json.loads(file["summary"].attrs["units"])["elapsed_s"] == "s"
        assert json.loads(file["config"].asstr()[()])["title"] == "A title"
        assert file["runs/ranks=2,autoscale=knee,repeat=1/1"].attrs["workflow"] == "w"
        for column in COLUMNS:
            kind = table.dtype[column.name]
            assert (h5py.check_string_dtype(kind) is not None) == (column.kind is ColumnKind.TEXT)
            if column.kind is not ColumnKind.TEXT:
                assert kind == np.dtype(column.kind.value)


@pytest.mark.skipif(shutil.which("h5ls") is None, reason="h5ls is not on PATH (apt-get install hdf5-tools)")
@pytest.mark.parametrize("merge", [False, True])
def test_h5ls_lists_it(study: StudyMade, merge: bool) -> None:
    collect(study.path, merge=merge)
    done = subprocess.run(
        ["h5ls", "-r", str(study.file)], capture_output=True, text=True, timeout=120, check=True
    )
    assert "/summary" in done.stdout
    assert "{3}" in done.stdout
    assert ("External Link" in done.stdout) is not merge
    assert ("/scaling/ticks" in done.stdout) is merge


def refused(path: Path) -> str:
    with pytest.raises(RecordError) as caught:
        read_results(path)
    text = str(caught.value)
    assert str(path) in text
    assert "\n" not in text
    return text


def test_what_is_no_results_file_is_told_apart(study: StudyMade, tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "none.h5")
    assert "is a folder" in refused(tmp_path)
    (tmp_path / "text.h5").write_text("a text")
    assert "not an HDF5 file" in refused(tmp_path / "text.h5")
    (tmp_path / "empty.h5").touch()
    assert "it is empty" in refused(tmp_path / "empty.h5")
    assert "not the results file of a study" in refused(next(study.path.glob("*/1/*.h5")))


@pytest.mark.parametrize("part", [0.3, 0.9, 0.999])
def test_a_truncated_results_file_is_told(study: StudyMade, part: float) -> None:
    collect(study.path)
    content = study.file.read_bytes()
    study.file.write_bytes(content[: int(part * len(content))])
    assert "truncated" in refused(study.file)


def test_another_version_of_the_schema_is_told(study: StudyMade) -> None:
    collect(study.path)
    with h5py.File(study.file, "r+") as file:
        file.attrs["schema_version"] = SCHEMA_VERSION + 1
    text = refused(study.file)
    assert f"version {SCHEMA_VERSION + 1}" in text
    assert "hpcd4p collect" in text


def test_a_results_file_that_lacks_its_table_is_damaged(study: StudyMade) -> None:
    collect(study.path)
    with h5py.File(study.file, "r+") as file:
        del file["summary"]
    assert "the results file is damaged" in refused(study.file)


def test_reading_takes_no_lock(study: StudyMade, monkeypatch: pytest.MonkeyPatch) -> None:
    collect(study.path)
    monkeypatch.setenv("HDF5_USE_FILE_LOCKING", "TRUE")
    with h5py.File(study.file, "r+", locking=True):  # somebody else's writer
        assert len(read_results(study.file).rows) == 3
