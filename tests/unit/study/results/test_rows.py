"""Speed-up and parallel efficiency, checked by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hpcd4p.study.results.facts import AttemptFacts
from hpcd4p.study.results.rows import rows_of
from tests.unit.study.attempts_made import key_of

HERE = Path("/results")


def attempt(elapsed_s: float | None, repeat: int = 1, state: str = "completed", **axes: Any) -> AttemptFacts:
    return AttemptFacts(
        "s", key_of(axes, repeat), 1, state, repeat, axes, ranks=axes["ranks"], elapsed_s=elapsed_s, tuples=90
    )


def scaled(attempts: list[AttemptFacts], **study: Any) -> dict[str, tuple[Any, Any]]:
    rows = rows_of(attempts, study, HERE)
    return {row["key"]: (row["speed_up"], row["parallel_efficiency"]) for row in rows}


def test_strong_scaling_is_relative_to_the_median_of_the_fewest_ranks() -> None:
    attempts = [attempt(t, i, ranks=2) for i, t in enumerate([9.0, 12.0, 30.0])] + [attempt(4.0, ranks=8)]
    found = scaled(attempts, scaling="strong")
    assert found["ranks=8,repeat=1"] == (3.0, 0.75)  # 12 / 4; 3 x 2 / 8
    assert found["ranks=2,repeat=1"] == (1.0, 1.0)
    assert found["ranks=2,repeat=2"] == (0.4, 0.4)


def test_weak_scaling_counts_the_work_that_grew_with_the_ranks() -> None:
    found = scaled([attempt(10.0, ranks=2), attempt(12.5, ranks=8)], scaling="weak")
    assert found["ranks=8,repeat=1"] == (3.2, 0.8)  # 10 / 12.5 x 8 / 2; 10 / 12.5


def test_other_axes_make_other_series() -> None:
    attempts = [
        attempt(10.0, ranks=1, mode="a"),
        attempt(5.0, ranks=2, mode="a"),
        attempt(40.0, ranks=1, mode="b"),
        attempt(10.0, ranks=2, mode="b"),
    ]
    found = scaled(attempts)
    assert found["ranks=2,mode=a,repeat=1"] == (2.0, 1.0)
    assert found["ranks=2,mode=b,repeat=1"] == (4.0, 2.0)


def test_nodes_that_follow_the_ranks_are_no_series_of_their_own() -> None:
    found = scaled([attempt(10.0, ranks=4, nodes=1), attempt(4.0, ranks=16, nodes=4)])
    assert found["ranks=16,nodes=4,repeat=1"] == (2.5, 0.625)


def test_nodes_that_are_varied_beside_the_ranks_are() -> None:
    attempts = [attempt(10.0, ranks=4, nodes=1), attempt(8.0, ranks=4, nodes=2)]
    assert scaled(attempts)["ranks=4,nodes=2,repeat=1"] == (1.0, 1.0)


def test_in_a_zipped_study_the_work_may_follow_the_ranks() -> None:
    attempts = [attempt(10.0, ranks=1, size=100), attempt(12.5, ranks=4, size=400)]
    assert scaled(attempts, scaling="weak", combine="zip")["ranks=4,size=400,repeat=1"] == (3.2, 0.8)
    assert scaled(attempts, scaling="weak")["ranks=4,size=400,repeat=1"] == (1.0, 1.0)


@pytest.mark.parametrize("state", ["failed", "failed tuples", "stopped", "timed out", "lost", "cancelled"])
def test_only_completed_attempts_are_compared(state: str) -> None:
    attempts = [
        attempt(1.0, ranks=1, state=state),
        attempt(10.0, ranks=2),
        attempt(5.0, ranks=4),
        attempt(0.1, ranks=8, state=state),
    ]
    found = scaled(attempts)
    assert found["ranks=1,repeat=1"] == found["ranks=8,repeat=1"] == (None, None)
    assert found["ranks=4,repeat=1"] == (2.0, 1.0)


def test_attempts_without_a_time_are_not_compared() -> None:
    assert scaled([attempt(0.0, ranks=1), attempt(None, ranks=2)]) == {
        "ranks=1,repeat=1": (None, None),
        "ranks=2,repeat=1": (None, None),
    }


def test_rows_are_sorted_by_key_and_attempt() -> None:
    attempts = [AttemptFacts("s", key, number, "failed") for key, number in [("b", 1), ("a", 10), ("a", 2)]]
    assert [(r["key"], r["attempt"]) for r in rows_of(attempts, {}, HERE)] == [("a", 2), ("a", 10), ("b", 1)]


def test_a_run_that_a_signal_killed_has_the_status_of_a_shell() -> None:
    assert rows_of([AttemptFacts("s", "a", 1, "failed", status=-9)], {}, HERE)[0]["status"] == 137


def test_throughput_is_tuples_by_time() -> None:
    assert rows_of([attempt(30.0, ranks=2)], {}, HERE)[0]["throughput"] == 3.0


def test_records_are_named_from_the_folder_of_the_file() -> None:
    facts = AttemptFacts("s", "a", 1, "completed", record=Path("/results/s/a/1/x.h5"))
    assert rows_of([facts], {}, HERE)[0]["record"] == "s/a/1/x.h5"
    assert rows_of([facts], {}, Path("/other/place"))[0]["record"] == "../../results/s/a/1/x.h5"


def test_a_run_that_went_on_has_no_speed_up() -> None:
    from dataclasses import replace

    attempts = [attempt(10.0, ranks=2), replace(attempt(1.0, ranks=8), continued=2)]
    rows = {row["ranks"]: row for row in rows_of(attempts, {}, HERE)}
    assert rows[8]["continued"] == 2
    assert [rows[8][name] for name in ("elapsed_s", "throughput", "speed_up", "wall_s")] == [None] * 4
    assert (rows[2]["continued"], rows[2]["speed_up"]) == (0, 1.0)


def test_what_a_record_tells_of_checkpoints_is_in_the_row() -> None:
    from hpcd4p.record.summary import Summary
    from hpcd4p.record.survival import CheckpointFigures
    from hpcd4p.study.results.facts import made

    kept = CheckpointFigures(made=9, resumed=1, recovered=2)
    facts = made({}, {}, Summary("w", elapsed_s=5.0, checkpoints=kept), None, "", ("s", "k", 1))
    (row,) = rows_of([facts], {}, HERE)
    assert [row[n] for n in ("checkpoints", "resumes", "recoveries", "continued")] == [9, 1, 2, 3]
    assert row["elapsed_s"] is None, "also a run that went on in its job has the time of its last part only"
    (row,) = rows_of([AttemptFacts("s", "a", 1, "completed")], {}, HERE)
    assert [row[n] for n in ("checkpoints", "resumes", "recoveries", "continued")] == [None, None, None, 0]


@pytest.mark.parametrize(
    ("line", "end", "continued"),
    [
        ("python -m hpcd4p run --resume /c -n 2 w.py", {}, 1),  # its launcher has started it again
        ("python -m hpcd4p run --resume /c w.py", {"continued": 3}, 3),
        ("python -m hpcd4p run w.py -- --resume", {}, 0),
        ("python -m hpcd4p run w.py", {}, 0),
    ],
)
def test_a_record_alone_tells_that_its_run_went_on(line: str, end: dict[str, int], continued: int) -> None:
    from hpcd4p.record.summary import Summary
    from hpcd4p.study.results.facts import made

    summary = Summary("w")
    summary.provenance = {"command_line": line}
    assert made({}, end, summary, None, "", ("s", "k", 1)).continued == continued
