"""``hpcd4p report``: what it writes, and what it refuses."""

from __future__ import annotations

import shutil

import h5py
import pytest

from hpcd4p.cli.main import main
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
    [("hpcd4p study", 99, "version 99"), ("hpcd4p record", 1, "not the results file of a study")],
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
