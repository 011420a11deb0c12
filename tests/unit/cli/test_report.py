"""``hpcd4p report``: what it writes, and what it refuses."""

from __future__ import annotations

import os
import shutil
import time

import h5py
import pytest

from hpcd4p.cli.main import main
from hpcd4p.live.document import Checkpoints
from hpcd4p.live.file import StatusFile
from hpcd4p.record.writer import RecordWriter
from tests.unit.live.documents import document, identity
from tests.unit.record.scalings import contended
from tests.unit.study.studies import attempts_of, written

FEW = {"ranks": [2, 4], "autoscale": ["none", "knee"]}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return written(tmp_path_factory.mktemp("study"), FEW, attempts_of(FEW, 3))


@pytest.fixture
def file(study, tmp_path):
    return shutil.copy(study, tmp_path / "made-up.h5")


def test_a_report_is_made_and_named(file, tmp_path, capsys):
    assert main(["report", str(file)]) == 0
    folder = tmp_path / "made-up-report"
    said = capsys.readouterr().out
    assert said.splitlines()[-1] == f"Report: {folder / 'report.html'}"
    assert "The shortest run time is" in said
    names = {path.name for path in folder.iterdir()}
    assert {
        "report.html", "run-time.png", "run-time.svg", "speed-up.png", "efficiency.svg", "process-time.svg",
        "throughput.png", "ratios-autoscale.svg", "ratios-autoscale.md", "ratios-autoscale.tex", "points.md",
    } <= names  # fmt: skip
    assert not [name for name in names if name.endswith(".part")]


def test_one_page_with_its_files_beside_it(file, tmp_path):
    page = tmp_path / "out" / "page.html"
    assert main(["report", str(file), "-o", str(page), "--format", "pdf"]) == 0
    assert "page-files/run-time.pdf" in page.read_text()
    assert (tmp_path / "out" / "page-files" / "run-time.pdf").is_file()
    assert {path.name for path in page.parent.iterdir()} == {"page.html", "page-files"}


def test_two_files_side_by_side(file, tmp_path, capsys):
    other = tmp_path / "before.h5"
    shutil.copy(file, other)
    assert main(["report", str(file), "--against", str(other), "--baseline", "autoscale=knee"]) == 0
    assert "Compared with before.h5, over all numbers of ranks: 1.00" in capsys.readouterr().out
    assert (tmp_path / "made-up-report" / "ratios-file.tex").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--baseline", "policy=none"], "there are: autoscale"),
        (["--baseline", "autoscale=all"], "the results have autoscale = none, knee"),
        (["--baseline", "autoscale"], "--baseline takes AXIS=VALUE"),
        (["--format", "png,jpg"], "--format takes png, svg, pdf, with commas between them; not 'jpg'"),
        (["--timeline", "n=8"], "no run has such a key; a key is like ranks="),
        (["--against", "{folder}/no.h5"], "no.h5: No such file"),
        (["--against", "{file}"], "the file of the report itself"),
        (["-o", "{file}/out"], "made-up.h5 is no folder"),
        (["--out", "x"], "unknown option --out"),
    ],
)
def test_what_cannot_be_is_one_message_and_leaves_nothing(words, said, file, tmp_path, capsys):
    words = [word.format(folder=tmp_path, file=file) for word in words]
    assert main(["report", str(file), *words]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told
    assert [path.name for path in tmp_path.iterdir()] == ["made-up.h5"]


@pytest.mark.parametrize(
    ("schema", "version", "said"),
    [("hpcd4p study", 99, "version 99"), ("hpcd4p record", 1, "nor the results file of a study")],
)
def test_another_schema_is_said(schema, version, said, file, tmp_path, capsys):
    with h5py.File(file, "r+") as changed:
        changed.attrs["schema"] = schema
        changed.attrs["schema_version"] = version
    assert main(["report", str(file)]) == 2
    assert said in capsys.readouterr().err
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_that_is_none_of_ours_is_said(tmp_path, capsys):
    (tmp_path / "x.h5").write_text("no")
    assert main(["report", str(tmp_path / "x.h5")]) == 2
    assert "is not an HDF5 file" in capsys.readouterr().err


# ---- of one run


@pytest.fixture
def record(tmp_path):
    path = tmp_path / "results" / "crunch-1.h5"
    summary, _ = contended()
    RecordWriter(path).close(summary)
    return path


def test_the_page_of_a_run_is_made_beside_its_record(record, capsys):
    assert main(["report", str(record)]) == 0
    page = record.with_suffix(".html")
    assert capsys.readouterr().out == f"Page: {page}\n"
    assert "crunch" in page.read_text()
    assert {path.name for path in record.parent.iterdir()} == {record.name, page.name}


def test_a_run_is_named_by_how_it_begins(record, monkeypatch):
    monkeypatch.chdir(record.parents[1])
    assert main(["report", "crunch"]) == 0
    assert record.with_suffix(".html").is_file()


@pytest.mark.parametrize(("output", "page"), [("out/a.html", "out/a.html"), ("out", "out/crunch-1.html")])
def test_the_page_goes_where_it_is_asked_for(record, tmp_path, output, page):
    assert main(["report", str(record), "-o", str(tmp_path / output)]) == 0
    assert (tmp_path / page).is_file()
    assert not record.with_suffix(".html").exists()


def test_live_of_a_run_that_has_ended_is_its_last_page(record):
    assert main(["report", "--live", str(record)]) == 0
    assert "refresh" not in record.with_suffix(".html").read_text()


def test_a_run_that_is_dead_says_how_to_go_on(tmp_path, capsys):
    gone = identity(pid=2**22 + 5, checkpoints="/r/x.checkpoints", host=os.uname().nodename)
    kept = Checkpoints(3, 0, 1.0, 100, 0.1, 0.1, 0.01, 0, "")
    StatusFile(tmp_path / "x.live").write(document(written=10.0, run=gone, checkpoints=kept))
    assert main(["report", str(tmp_path / "x.h5")]) == 0
    assert "hpcd4p resume /r/x.checkpoints" in capsys.readouterr().out
    assert "hpcd4p resume /r/x.checkpoints" in (tmp_path / "x.html").read_text()


def test_a_run_under_way_has_no_last_page(tmp_path, capsys):
    StatusFile(tmp_path / "x.live").write(document(written=time.time()))
    assert main(["report", str(tmp_path / "x.h5")]) == 2
    assert "hpcd4p report --live" in capsys.readouterr().err
    assert not (tmp_path / "x.html").exists()


def foreign(path):
    with h5py.File(path, "w") as file:
        file.attrs["schema"] = "of others"


@pytest.mark.parametrize(
    ("make", "words", "said"),
    [
        (None, [], "there is no run"),
        (foreign, [], "neither the record of a run"),
        (lambda path: path.write_text("x"), [], "is not an HDF5 file"),
        (lambda path: path.write_text(""), [], "it is empty"),
        (lambda path: path.mkdir(), [], "there is no run"),
        (lambda path: path.with_suffix(".checkpoints").mkdir(), [], "hpcd4p resume"),
        (foreign, ["--live"], "not the record of a run"),
    ],
)
def test_what_is_no_run_is_one_message_and_no_page(tmp_path, capsys, make, words, said):
    path = tmp_path / "x.h5"
    if make is not None:
        make(path)
    assert main(["report", str(path), *words]) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert len(told.err.splitlines()) == 1
    assert not list(tmp_path.glob("*.html")) + list(tmp_path.glob(".*"))


def test_a_study_is_no_run_that_could_go_on(file, capsys):
    assert main(["report", "--live", str(file)]) == 2
    assert "not the record of a run" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--against", "x.h5"], ["--baseline", "a=1"], ["--format", "png"]])
def test_what_is_for_studies_is_refused_for_a_run(record, capsys, words):
    assert main(["report", str(record), *words]) == 2
    assert f"{words[0]} is for the results file of a study" in capsys.readouterr().err
    assert not record.with_suffix(".html").exists()


def test_a_page_that_cannot_be_written_is_one_message(record, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["report", str(record), "-o", str(tmp_path / "file" / "a.html")]) == 2
    assert "choose another place with -o" in capsys.readouterr().err
