"""What attempts have left on disk, whole and damaged, and the file that is collected from it."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import pytest

from hpcd4p.cli.collect import report
from hpcd4p.errors import RecordError
from hpcd4p.record.reader import read_record
from hpcd4p.study.results.attempts import find_attempts
from hpcd4p.study.results.collect import collect
from hpcd4p.study.results.facts import axes_of
from hpcd4p.study.results.reader import read_results
from tests.unit.study.attempts_made import StudyMade, end_of, summary_of, write_record


@pytest.fixture
def study(tmp_path: Path) -> StudyMade:
    return StudyMade(tmp_path / "results")


def truncate(folder: Path, part: float = 0.6) -> None:
    (record,) = folder.glob("*.h5")
    content = record.read_bytes()
    record.write_bytes(content[: int(part * len(content))])


def rows(study: StudyMade, **how: Any) -> dict[str, dict[str, object]]:
    collect(study.path, **how)
    return {row["key"]: row for row in read_results(study.file).rows}


@pytest.mark.parametrize("merge", [False, True])
def test_a_truncated_record_among_good_ones_becomes_a_row_with_its_reason(
    study: StudyMade, merge: bool
) -> None:
    study.attempt({"ranks": 2}, end=end_of())
    truncate(study.attempt({"ranks": 4}, end=end_of("stopped")))
    truncate(study.attempt({"ranks": 8}))
    found = rows(study, merge=merge)
    assert found["ranks=2,repeat=1"]["state"] == "completed"
    stopped, lost = found["ranks=4,repeat=1"], found["ranks=8,repeat=1"]
    assert (stopped["state"], stopped["elapsed_s"], stopped["tuples"]) == ("stopped", 12.5, None)
    assert str(stopped["reason"]).startswith("because it stopped; ")
    assert "truncated" in str(stopped["reason"])
    assert (lost["state"], lost["elapsed_s"]) == ("lost", None)
    assert "truncated" in str(lost["reason"])
    assert lost["record"] == "s/ranks=8,repeat=1/1/w-1.h5"


def test_a_record_that_is_damaged_inside_is_told_when_it_is_merged(study: StudyMade) -> None:
    study.define()
    study.attempt({"ranks": 2}, end=end_of())
    damage_inside(next(study.attempt({"ranks": 4}, end=end_of()).glob("*.h5")))
    collected = collect(study.path, merge=True)
    good, bad = read_results(study.file).rows
    assert good["reason"] is None
    assert (bad["state"], bad["elapsed_s"]) == ("completed", 10.0)  # its summary could be read
    assert "w-1.h5: the record is damaged" in bad["reason"]
    assert any("ranks=4,repeat=1, attempt 1: " in line for line in report(collected))
    results = read_results(study.file)
    assert [results.has_record(row) for row in results.rows] == [True, False]


def damage_inside(path: Path) -> None:
    """Break a group of a record such that its summary can still be read."""
    whole = path.read_bytes()
    for mark in (b"SNOD", b"TREE", b"HEAP"):
        for found in re.finditer(mark, whole):
            path.write_bytes(whole[: found.start()] + b"????" + whole[found.end() :])
            with suppress(RecordError), read_record(path), h5py.File(path) as file:
                with suppress(RuntimeError, KeyError, OSError):
                    file.visit(lambda name: None)
                    continue
                return
    raise AssertionError("nothing in it can be broken")


def test_records_alone_are_enough(study: StudyMade, tmp_path: Path) -> None:
    for ranks in (2, 4):
        study.attempt({"ranks": ranks, "mode": "a", "on": True}, end=end_of(), elapsed_s=16 / ranks)
    whole = rows(study)
    elsewhere = StudyMade(tmp_path / "kept", "s")
    elsewhere.path.mkdir(parents=True)
    for i, record in enumerate(study.path.glob("*/*/*.h5")):
        record.rename(elsewhere.path / f"{i}.h5")
    collected = collect(elsewhere.path)
    again = {row["key"]: row for row in read_results(elsewhere.file).rows}
    assert again.keys() == whole.keys()
    lost = {"wall_s", "host", "job", "started", "ended", "record", "nodes"}  # what only the markers say
    for key, row in again.items():
        assert {n: v for n, v in row.items() if n not in lost} == {
            n: v for n, v in whole[key].items() if n not in lost
        }
    assert read_results(elsewhere.file).axes == ["ranks", "mode", "on"]
    assert any("no study.json" in note for note in collected.notes)


def test_records_say_whether_the_scaling_is_weak(study: StudyMade) -> None:
    for ranks in (2, 4):
        study.attempt({"ranks": ranks}, scaling="weak", elapsed_s=10.0)
    assert rows(study)["ranks=4,repeat=1"]["speed_up"] == 2.0
    assert read_results(study.file).study["scaling"] == "weak"


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", '"x"', "\0", "[" * 100_000])
def test_damaged_markers_are_told_and_the_record_is_believed(study: StudyMade, text: str) -> None:
    folder = study.attempt({"ranks": 2}, end=end_of())
    (folder / "plan.json").write_text(text)
    (folder / "end.json").write_text(text)
    study.define()
    (study.path / "study.json").write_text(text)
    collected = collect(study.path)
    (row,) = read_results(study.file).rows
    assert (row["state"], row["elapsed_s"], row["key"]) == ("completed", 10.0, "ranks=2,repeat=1")
    assert sum("damaged" in note for note in collected.notes) >= 2


def test_markers_with_values_of_wrong_kinds_are_taken_for_nothing(study: StudyMade) -> None:
    folder = study.attempt({"ranks": 2}, end={"state": 7.5, "status": "x", "elapsed_s": "y", "host": [1]})
    (folder / "plan.json").write_text(json.dumps({"study": None, "axes": [1], "attempt": "z", "ranks": True}))
    (row,) = rows(study).values()
    assert (row["state"], row["status"], row["wall_s"], row["host"]) == ("completed", 0, None, "n1")
    assert (row["attempt"], row["ranks"]) == (1, 2)


def test_without_plan_and_record_the_folder_says_which_point_it_was(study: StudyMade) -> None:
    folder = study.attempt({"ranks": 8, "size": 0.5, "on": True}, 3, 2, None, end_of("failed"), planned=False)
    assert (folder / "end.json").exists()
    (row,) = rows(study).values()
    assert (row["key"], row["attempt"], row["repeat"]) == ("ranks=8,size=0.5,on=true,repeat=3", 2, 3)
    assert (row["ranks"], row["size"], row["on"]) == (8, 0.5, "true")


def test_what_is_only_planned_has_no_row_and_what_began_without_an_end_is_lost(study: StudyMade) -> None:
    study.attempt({"ranks": 2}, end=end_of())
    study.attempt({"ranks": 4}, elapsed_s=None)
    (study.attempt({"ranks": 8}, elapsed_s=None) / "out.txt").touch()
    found = rows(study)
    assert "ranks=4,repeat=1" not in found
    assert found["ranks=8,repeat=1"]["state"] == "lost"
    assert "perhaps it runs still" in str(found["ranks=8,repeat=1"]["reason"])
    assert found["ranks=8,repeat=1"]["job"] == "17"


def test_every_attempt_at_a_point_has_its_row(study: StudyMade) -> None:
    study.attempt({"ranks": 2}, number=1, end=end_of("failed"), elapsed_s=None)
    study.attempt({"ranks": 2}, number=2, end=end_of())
    collect(study.path)
    found = read_results(study.file).rows
    assert [(row["attempt"], row["state"]) for row in found] == [(1, "failed"), (2, "completed")]


def test_of_two_records_of_one_attempt_the_one_that_can_be_read_is_taken(study: StudyMade) -> None:
    folder = study.attempt({"ranks": 2}, end=end_of())
    (folder / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    (folder / "z.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    collected = collect(study.path)
    (row,) = read_results(study.file).rows
    assert row["record"] == "s/ranks=2,repeat=1/1/w-1.h5"
    assert sum("is there twice" in note for note in collected.notes) == 2


def test_hidden_files_and_other_files_are_not_looked_at(study: StudyMade) -> None:
    folder = study.attempt({"ranks": 2}, end=end_of())
    (folder / ".w.h5.host-1-abcdef.part").write_bytes(b"half")
    (folder / ".w.h5").write_bytes(b"half")
    (study.path / "picture.png").write_bytes(b"")
    study.define()
    assert collect(study.path).notes == []


def test_two_studies_in_one_folder_have_to_be_told_apart(tmp_path: Path) -> None:
    for name in ("one", "two"):
        StudyMade(tmp_path, name).attempt({"ranks": 2}, end=end_of())
    with pytest.raises(RecordError, match=r"2 studies: one \(1 attempts\), two \(1 attempts\).*--study"):
        collect(tmp_path)
    assert collect(tmp_path, study="two").path == tmp_path / "two.h5"
    assert [row["key"] for row in read_results(tmp_path / "two.h5").rows] == ["ranks=2,repeat=1"]
    with pytest.raises(RecordError, match="nothing of a study 'three'; there is one, two"):
        collect(tmp_path, study="three")


def test_a_folder_of_records_of_no_study_is_told(tmp_path: Path) -> None:
    write_record(tmp_path / "w.h5", None, summary_of(2, 1.0))
    with pytest.raises(RecordError, match=r"(?s)no run records of a study.*1 HDF5 file"):
        collect(tmp_path)
    assert not (tmp_path / ".h5").exists()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="none cannot be searched for run records: No such file"):
        collect(tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(RecordError, match="is not a folder"):
        collect(tmp_path / "file")


def test_the_results_file_itself_and_runs_of_no_study_are_left_out(study: StudyMade) -> None:
    study.attempt({"ranks": 2}, end=end_of())
    collect(study.path)
    write_record(study.path.parent / "alone.h5", None, summary_of(2, 1.0))
    found = find_attempts(study.path.parent)
    assert [facts.key for facts in found.attempts] == ["ranks=2,repeat=1"]
    assert found.notes == ["2 HDF5 files that belong to no study are left out"]


def test_what_is_no_results_file_is_not_written_over(study: StudyMade, tmp_path: Path) -> None:
    record = next(study.attempt({"ranks": 2}, end=end_of()).glob("*.h5"))
    (tmp_path / "text").write_text("mine")
    for path in (record, tmp_path / "text"):
        before = path.read_bytes()
        with pytest.raises(RecordError, match="is no results file"):
            collect(study.path, path)
        assert path.read_bytes() == before


def test_a_damaged_results_file_is_made_anew(study: StudyMade) -> None:
    study.attempt({"ranks": 2}, end=end_of())
    collect(study.path)
    study.file.write_bytes(study.file.read_bytes()[:2000])
    assert len(rows(study)) == 1


def test_a_study_whose_name_is_a_path_needs_a_place(tmp_path: Path) -> None:
    point = {"study": "../up", "key": "ranks=2,repeat=1", "attempt": 1, "repeat": 1, "axes": {"ranks": 2}}
    write_record(tmp_path / "d" / "w.h5", point, summary_of(2, 1.0))
    with pytest.raises(RecordError, match="-o"):
        collect(tmp_path / "d")
    assert collect(tmp_path / "d", tmp_path / "up.h5").path.exists()


def test_keys_that_hdf5_cannot_hold_keep_their_records(tmp_path: Path) -> None:
    key = "a/../b,./\x00\udc80"
    point = {"study": "s", "key": key, "attempt": 1, "repeat": 1, "axes": {"x": "a/b"}}
    write_record(tmp_path / "w.h5", point, summary_of(2, 1.0))
    for merge in (False, True):
        collected = collect(tmp_path, merge=merge)
        results = read_results(collected.path)
        with results.open_record(results.rows[0]) as record:
            assert record.count("count.output") == 10


def test_the_report_says_states_and_what_could_not_be_read(study: StudyMade) -> None:
    study.define()
    study.attempt({"ranks": 2}, end=end_of())
    study.attempt({"ranks": 2}, 2, end=end_of())
    truncate(study.attempt({"ranks": 4}))
    text = "\n".join(report(collect(study.path)))
    assert "s: 3 attempts at 3 points" in text
    assert "completed         2" in text
    assert "lost              1" in text
    assert "ranks=4,repeat=1, attempt 1: " in text
    assert text.endswith(f"Results: {study.file}")


def test_axes_are_read_from_a_readable_key_only() -> None:
    assert axes_of("ranks=8,f=1.5,on=false,m=a=b,repeat=2") == {"ranks": 8, "f": 1.5, "on": False, "m": "a=b"}
    assert axes_of("shortened~1234abcd,repeat=2") == {}
