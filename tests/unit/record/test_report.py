"""What is said at the end of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpcd4p.record.report import summary_text
from hpcd4p.record.scaling import ScalerFigures
from hpcd4p.record.show import plain
from hpcd4p.record.summary import (
    FAILED_TUPLES,
    INTERRUPTED,
    DeadLetter,
    ElementFigures,
    FailureFigures,
    RankFigures,
    Summary,
)
from hpcd4p.record.table import core_hours, count, rate, seconds, shortened, size, table

LETTER = DeadLetter("parse1", "input", "'abc'", "ValueError: no number", "Traceback ...", 2, 0.5)


def summary(**more: object) -> Summary:
    elements = [
        ElementFigures("read1", "source", 0, 10, 0, 0.1),
        ElementFigures("parse1", "stateless", 10, 8, 0, 2.0, 3),
    ]
    given = {
        "elapsed_s": 2.0,
        "ranks": 4,
        "elements": elements,
        "outputs": {"parse1.output": 8},
        "process_time_s": 6.0,
        "efficiency": 0.35,
        "ranks_figures": [RankFigures(i, "n1") for i in range(4)],
        **more,
    }
    return Summary("words", **given)  # type: ignore[arg-type]


def test_says_what_came_out_how_fast_and_what_it_cost() -> None:
    text = summary_text(summary(), record=Path("results/words.h5"))
    assert text.startswith("words: completed in 2.00 s on 4 ranks\n")
    for part in ("parse1.output  8 tuples", "source", "stateless", "Process time 6.00 s", "Efficiency 35 %"):
        assert part in text
    assert "Failures: none" in text
    assert text.endswith("Record: results/words.h5   (python -m hpcd4p show results/words.h5)")


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ("hybrid", "The pool had nothing to do: all the work was done elsewhere, by sources and stateful"),
        ("static", "They had nothing to do: all the work was done elsewhere, by sources."),
    ],
)
def test_a_pool_without_work_is_told_as_such_and_not_as_inefficient(mapping: str, words: str) -> None:
    text = summary_text(summary(efficiency=0.0, config={"mapping": mapping}))
    assert words in text
    assert "Efficiency" not in text


def test_a_pool_with_little_work_is_not_told_to_have_none() -> None:
    assert "Efficiency under 1 %: the part" in summary_text(summary(efficiency=0.001))


def test_shows_the_kinds_of_failures_with_an_example_each_and_what_to_do() -> None:
    failures = [
        FailureFigures("parse1", "ValueError", "w.py:12 in Parse._process", 7000, 100),
        FailureFigures("read1", "PicklingError", "output 'output'", 2, 2),
        *(FailureFigures("parse1", f"Error{i}", "w.py:13 in Parse._process", 1, 1) for i in range(4)),
    ]
    failed = summary(status=1, state=FAILED_TUPLES, failures=failures)
    failed.elements[0].failed, failed.elements[1].failed = 2, 7004
    example = LETTER._replace(kind="ValueError", place="w.py:12 in Parse._process")
    text = summary_text(failed, [example] * 100, Path("r.h5"))
    assert "Failures: 7,006 tuples (2 in read1, 7,004 in parse1)" in text
    assert "\n  7,000 in parse1: ValueError at w.py:12 in Parse._process\n" in text
    assert "\n  2 in read1: PicklingError (output 'output')\n" in text
    assert text.count("ValueError: no number") == 1
    assert "... and 3 of 3 other kinds" in text
    assert "106 of them with traceback" in text
    assert "python -m hpcd4p show r.h5" in text


def test_of_a_record_without_kinds_it_shows_the_first_failures() -> None:
    failed = summary(status=1, state=FAILED_TUPLES)
    failed.elements[1].failed = 12
    text = summary_text(failed, [LETTER] * 12, Path("r.h5"))
    assert "finished in 2.00 s on 4 ranks, but 12 tuples failed" in text
    assert "12 in parse1" in text
    assert text.count("ValueError: no number") == 3
    assert "... and 9 more" in text
    assert "What to do: mend the element" in text
    assert "python -m hpcd4p show r.h5" in text


def test_says_failures_without_letters_too() -> None:
    failed = summary(status=1, state=FAILED_TUPLES)
    failed.elements[1].failed = 1
    text = summary_text(failed)
    assert "Failures: 1 tuple (1 in parse1)\n" in text
    assert "more" not in text


def test_a_run_that_did_not_finish_says_so_first_and_why() -> None:
    text = summary_text(summary(status=3, state=INTERRUPTED, reason="stopped by SIGINT"))
    first, second, *_ = text.splitlines()
    assert first == "words: INTERRUPTED after 2.00 s on 4 ranks, before the work was done"
    assert second == "Reason: stopped by SIGINT"
    assert "Failures: none" not in text


def test_names_lost_ranks_and_notes() -> None:
    told = summary(notes=["read1 was moved to the pool"])
    told.ranks_figures[3].state = "lost"
    text = summary_text(told)
    assert "Lost ranks: 3 on n1; what they had begun was done again by others." in text
    assert "Note: read1 was moved to the pool" in text


@pytest.mark.parametrize("state", ["stopped", "interrupted"])
def test_of_a_run_that_ended_early_nobody_did_again_what_was_lost(state: str) -> None:
    told = summary(state=state)
    told.ranks_figures[3].state = "lost"
    text = summary_text(told)
    assert text.endswith("Lost ranks: 3 on n1.")
    assert "again" not in text


@pytest.mark.parametrize(
    ("scaler", "line"),
    [
        (
            ScalerFigures("knee", 15, 2, 2, 15, 4),
            "Auto-scaler knee: mostly 2 of 15 ranks active; 41.0 s of rank time parked (0.011 core-hours).",
        ),
        (
            ScalerFigures("none", 15, 15, 15, 15),
            "Auto-scaler none: all 15 ranks of the pool were active all the time.",
        ),
        (
            ScalerFigures("m:P", 3, 1, 3, 3, 4, "ValueError: no"),
            "Auto-scaler m:P failed (ValueError: no): mostly 3 of 3 ranks active; "
            "41.0 s of rank time parked (0.011 core-hours).",
        ),
    ],
)
def test_says_in_one_line_what_the_auto_scaler_did(scaler: ScalerFigures, line: str) -> None:
    assert line in summary_text(summary(scaler=scaler, parked_s=41.0)).splitlines()
    assert "Auto-scaler" not in summary_text(summary())


def test_says_which_outputs_left_in_order() -> None:
    why = "no order between the 2 instances of b2"
    outputs = {"a1.output": 3, "b2.output": 1, "c3.output": 2}
    lines = summary_text(Summary("w", outputs=outputs, ordered={"a1.output": "", "b2.output": why}))
    assert "\n  a1.output  3 tuples  in order\n" in lines
    assert f"\n  b2.output  1 tuple   in order; {why}\n" in lines
    assert "\n  c3.output  2 tuples\n" in lines


def test_an_empty_summary_is_no_trouble() -> None:
    assert summary_text(Summary("w")) == "w: completed in 0 s in one process\n\nFailures: none"


def test_no_line_of_a_usual_summary_is_wider_than_a_terminal() -> None:
    failed = summary(status=1, state=FAILED_TUPLES)
    failed.elements[1].failed = 12
    assert max(map(len, summary_text(failed, [LETTER] * 3, Path("r.h5")).splitlines())) <= 100


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 s"), (5e-7, "500 ns"), (2e-6, "2 µs"), (0.0032, "3.2 ms"), (1, "1.00 s"), (41.26, "41.3 s"),
        (125, "2 min 05 s"), (7500, "2 h 05 min"),
    ],
)  # fmt: skip
def test_times_are_said_as_people_say_them(value: float, text: str) -> None:
    assert seconds(value) == text


def test_numbers_are_said_as_people_say_them() -> None:
    assert (count(1, "tuple"), count(12000, "tuple")) == ("1 tuple", "12,000 tuples")
    assert (rate(0, 1), rate(41, 1), rate(12_100, 1), rate(3_700_000, 1)) == ("", "41", "12.1 k", "3.7 M")
    assert [core_hours(s) for s in (0, 2, 41, 3600, 151_200)] == ["0", "under 0.001", "0.011", "1", "42"]
    assert (size(12), size(31_000_000)) == ("12 B", "31 MB")
    assert shortened("a\n  b" + "c" * 200, 10) == "a bcccc..."


def test_a_table_is_flush_left_then_right() -> None:
    assert table(["a", "n"], [["long", "1"], ["b", "100"]]) == ["  a       n", "  long    1", "  b     100"]


def test_json_for_programs_is_plain() -> None:
    assert plain((1, {"a": float("nan")}, {1: b"x"})) == [1, {"a": "nan"}, {"1": "x"}]
