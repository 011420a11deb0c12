from __future__ import annotations

import os
import tomllib
from pathlib import Path

from hpcd4p.cli.init import shipped_files
from hpcd4p.cli.main import main

CHECKOUT = Path(__file__).parents[3]


def written(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_writes_the_studies_and_the_scripts_of_the_checkout_and_says_so(tmp_path, capsys):
    assert main(["init", str(tmp_path / "new")]) == 0
    expected = {f"configs/{p.name}" for p in (CHECKOUT / "configs").glob("*.toml")}
    expected |= {f"slurm/{p.name}" for p in (CHECKOUT / "slurm").iterdir()}
    assert written(tmp_path / "new") == expected
    said = capsys.readouterr().out
    assert all(f"{tmp_path}/new/{name}\n" in said for name in expected)
    assert f"{len(expected)} files written" in said
    demo = (tmp_path / "new" / "configs" / "demo.toml").read_text()
    assert tomllib.loads(demo)["study"]["workflow"] == "hpcd4p.workflows.concordance"


def test_without_a_folder_it_writes_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    assert (tmp_path / "slurm" / "run.sh").is_file()


def test_a_file_of_ones_own_is_not_written_over_and_nothing_else_is_written(tmp_path, capsys):
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "demo.toml").write_text("mine")
    assert main(["init", str(tmp_path)]) == 2
    assert f"{tmp_path}/configs/demo.toml is there with another content; --force" in capsys.readouterr().err
    assert written(tmp_path) == {"configs/demo.toml"}
    assert main(["init", str(tmp_path), "--force"]) == 0
    assert "configs/demo.toml  (written over)" in capsys.readouterr().out
    assert "mine" not in (tmp_path / "configs" / "demo.toml").read_text()


def test_once_more_changes_nothing(tmp_path, capsys):
    assert main(["init", str(tmp_path)]) == 0
    before = {name: os.stat(tmp_path / name).st_mtime_ns for name in written(tmp_path)}
    capsys.readouterr()
    assert main(["init", str(tmp_path)]) == 0
    assert f"0 files written, {len(before)} were there already" in capsys.readouterr().out
    assert before == {name: os.stat(tmp_path / name).st_mtime_ns for name in written(tmp_path)}


def test_jobs_take_the_python_that_wrote_the_scripts():
    site = shipped_files("/my venv/bin/python")["slurm/site.env"].decode()
    assert "\nHPCD4P_PYTHON='/my venv/bin/python'\n" in site


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path, capsys):
    (tmp_path / "new").write_text("")
    assert main(["init", str(tmp_path / "new")]) == 2
    assert "cannot be written: Not a directory" in capsys.readouterr().err
