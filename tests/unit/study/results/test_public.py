"""`hpcd4p.results`: rows for everyone, a DataFrame for those who have pandas."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import hpcd4p
from hpcd4p.errors import MissingPackage, RecordError
from hpcd4p.study.results.collect import collect
from tests.unit.study.attempts_made import StudyMade, end_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    study = StudyMade(tmp_path)
    study.attempt({"ranks": 2, "mode": "a"}, end=end_of(), elapsed_s=8.0)
    study.attempt({"ranks": 4, "mode": "a"}, end=end_of("failed"), elapsed_s=None)
    return collect(study.path).path


def test_rows_need_no_pandas(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    found = hpcd4p.results.rows(str(path))
    assert [(row["ranks"], row["elapsed_s"], row["mode"]) for row in found] == [(2, 8.0, "a"), (4, 12.5, "a")]


def test_the_lack_of_pandas_is_one_message_that_says_what_to_do(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingPackage) as caught:
        hpcd4p.results.load(path)
    for part in ("pandas", "pip install pandas", "hpcd4p.results.rows"):
        assert part in str(caught.value)


def test_a_wrong_file_is_told_before_the_lack_of_pandas(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="No such file"):
        hpcd4p.results.load(tmp_path / "none.h5")


def test_a_data_frame_has_the_columns_in_their_order_and_kinds(path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = hpcd4p.results.load(path)
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == list(hpcd4p.results.rows(path)[0])
    assert frame["elapsed_s"].tolist() == [8.0, 12.5]
    assert str(frame["ranks"].dtype) == "int64"
    assert str(frame["status"].dtype) == "Int64"
    assert frame["status"].isna().tolist() == [False, True]
    assert frame["speed_up"].isna().tolist() == [False, True]
    assert frame["reason"].tolist() == [None, "because it failed"]
    assert frame.attrs["units"]["elapsed_s"] == "s"
    assert frame.attrs["axes"] == ["ranks", "mode"]


def test_the_module_is_found_when_it_is_first_used() -> None:
    code = "import hpcd4p; print(hpcd4p.results.rows.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True,
        cwd=Path(__file__).parents[4],
    )  # fmt: skip
    assert done.stdout.strip() == "rows"
