from __future__ import annotations

from typing import Any

from hpcd4p.bench import merge
from hpcd4p.bench.bench import Bench


def test_records_are_merged_and_copied_and_what_was_merged_is_checked() -> None:
    nothing_to_launch: Any = None
    bench = Bench(nothing_to_launch, repeats=1)
    row = merge.measured(bench, "words", 3, words=10, arrays=1)
    assert row.what == "3 records of words"
    assert row.ours[0] > 0
    assert row.reference[0] > 0
    assert bench.wrong == []


def test_a_record_that_is_missing_from_the_merged_file_is_a_wrong_answer(monkeypatch) -> None:
    nothing_to_launch: Any = None
    bench = Bench(nothing_to_launch, repeats=1)
    monkeypatch.setattr("hpcd4p.study.results.writer.copy_record", lambda *_: "it could not")
    merge.measured(bench, "words", 3, words=10, arrays=0)
    assert bench.wrong == ["words: 0 of 3 records merged"]
