"""What varies in a study, and what is compared with what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hpcd4p.errors import SettingsError
from hpcd4p.study.report.cells import baseline_of, cells_of, median, series_of, shape_of
from hpcd4p.study.report.compare import ratio
from hpcd4p.study.report.ratios import against, compared
from hpcd4p.study.report.says import continued_text
from tests.unit.study.studies import attempts_of, results_of

POLICIES = {"ranks": [2, 4, 8], "autoscale": ["none", "knee"]}


def understood(tmp_path, axes, attempts=None, **study):
    results = results_of(tmp_path, axes, attempts=attempts, **study)
    cells = cells_of(results.rows, results.axes)
    return cells, shape_of(cells, results.axes, results.study["axes"])


def test_figures_run_along_ranks_and_other_axes_make_lines(tmp_path):
    cells, shape = understood(tmp_path, POLICIES)
    assert shape.x == "ranks"
    assert shape.varied == ("autoscale",)
    lines = series_of(cells, shape)
    assert [line.label for line in lines] == [
        "autoscale = none",
        "autoscale = knee",
    ]  # as the study lists them
    assert [c.ranks for c in lines[0].cells] == [2, 4, 8]


def test_work_that_grows_with_the_ranks_makes_no_lines(tmp_path):
    axes = {"ranks": [2, 4, 8], "galaxies": [10, 20, 40]}
    attempts = [a for a in attempts_of(axes) if a.axes["galaxies"] == 5 * a.axes["ranks"]]
    _, shape = understood(tmp_path, axes, attempts)
    assert shape.coupled == ("galaxies",)
    assert shape.varied == ()


@pytest.mark.parametrize(
    ("axes", "x"),
    [
        ({"ranks": [8], "task_s": [0.01, 0.1, 1.0]}, "task_s"),
        ({"ranks": [8], "mapping": ["dynamic", "static"]}, "mapping"),
        ({"ranks": [8]}, "ranks"),
        ({"mapping": ["dynamic", "static"], "ranks": [2, 4]}, "ranks"),
    ],
)
def test_without_several_ranks_another_axis_is_taken(tmp_path, axes, x):
    assert understood(tmp_path, axes)[1].x == x


def test_true_and_false_are_found_though_a_file_holds_them_as_text(tmp_path):
    axes = {"ranks": [2, 4], "heavy": [True, False]}
    _, shape = understood(tmp_path, axes)
    assert shape.values["heavy"] == ["true", "false"]
    assert baseline_of(shape, {}, {"heavy": False}) == {"heavy": "false"}


def test_of_several_attempts_the_one_that_completed_counts(tmp_path):
    first, *rest = attempts_of({"ranks": [2, 4]}, 3)
    failed = replace(first, state="failed", elapsed_s=None)
    again = replace(first, attempt=2, elapsed_s=99.0)
    cells, _ = understood(tmp_path, {"ranks": [2, 4]}, [failed, again, *rest])
    assert 99.0 in cells[0].values("elapsed_s")
    assert (len(cells[0].runs), cells[0].missing) == (3, 0)


def test_repeats_that_never_completed_are_missing(tmp_path):
    attempts = attempts_of({"ranks": [2, 4]}, 3)
    attempts[0] = replace(attempts[0], state="failed tuples", status=1)
    cells, _ = understood(tmp_path, {"ranks": [2, 4]}, attempts)
    assert (len(cells[0].runs), cells[0].missing) == (2, 1)


def test_a_run_that_went_on_has_no_time_and_is_counted():
    rows = [
        {"ranks": 2, "repeat": 1, "attempt": 1, "state": "completed", "elapsed_s": 4.0, "continued": 0},
        {"ranks": 2, "repeat": 2, "attempt": 1, "state": "completed", "elapsed_s": None, "continued": 2},
    ]
    (cell,) = cells_of(rows, ["ranks"])
    assert (len(cell.runs), cell.missing) == (1, 1)
    (said,) = continued_text(rows)
    assert said.startswith("1 run went on from a checkpoint, 2 times in all")
    assert continued_text(rows[:1]) == []


def test_checkpoints_resumes_and_recoveries_are_counted():
    none = {"checkpoints": None, "resumes": None, "recoveries": None, "continued": 0}
    rows = [
        none,
        {"checkpoints": 7, "resumes": 0, "recoveries": 0, "continued": 0},
        {"checkpoints": 4, "resumes": 2, "recoveries": 1, "continued": 3},
    ]
    made, went_on = continued_text(rows)
    assert made == "11 checkpoints of 2 runs were made"
    assert "3 times in all, 1 time in their job and 2 by a new start" in went_on


def test_medians():
    assert median([3.0, 1.0, 2.0]) == 2.0
    assert median([4.0, 1.0, 2.0, 3.0]) == 2.5
    assert median([]) != median([])


# ---- comparisons


def test_the_baseline_is_asked_for_or_named_or_the_first_value(tmp_path):
    _, shape = understood(tmp_path, POLICIES)
    assert baseline_of(shape, {}, {}) == {"autoscale": "none"}
    assert baseline_of(shape, {}, {"autoscale": "knee"}) == {"autoscale": "knee"}
    assert baseline_of(shape, {"autoscale": "none"}, {"autoscale": "knee"}) == {"autoscale": "none"}
    assert baseline_of(shape, {}, {"autoscale": "gone", "mapping": "x"}) == {"autoscale": "none"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"policy": "none"}, "no axis to compare; there are: autoscale"),
        ({"autoscale": "nnoe"}, "the results have autoscale = none, knee"),
        ({"ranks": "2"}, "there are: autoscale"),
    ],
)
def test_an_unknown_baseline_names_the_valid_ones(tmp_path, asked, said):
    _, shape = understood(tmp_path, POLICIES)
    with pytest.raises(SettingsError, match=said):
        baseline_of(shape, asked, {})


def test_points_are_compared_at_equal_other_axes(tmp_path):
    cells, shape = understood(tmp_path, {**POLICIES, "mapping": ["dynamic", "static"]})
    found = compared(cells, shape, "autoscale", "none")
    assert [(e.context, e.value, e.x) for e in found.entries] == [
        (f"mapping = {m}", "knee", n) for m in ("dynamic", "static") for n in (2, 4, 8)
    ]
    for entry in found.entries:
        assert entry.cell.axes == {**entry.base.axes, "autoscale": "knee"}
        assert entry.run == ratio(entry.cell.values("elapsed_s"), entry.base.values("elapsed_s"))
    assert [m.points for m in found.means] == [3, 3]


def test_a_point_whose_baseline_failed_is_named(tmp_path):
    attempts = [
        replace(a, state="failed") if a.axes == {"ranks": 4, "autoscale": "none"} else a
        for a in attempts_of(POLICIES)
    ]
    cells, shape = understood(tmp_path, POLICIES, attempts)
    found = compared(cells, shape, "autoscale", "none")
    assert [e.x for e in found.entries] == [2, 8]
    assert found.unmatched == ["no completed run to compare at autoscale = knee, ranks = 4"]


def test_values_that_are_x_themselves_are_compared(tmp_path):
    cells, shape = understood(tmp_path, {"ranks": [8], "mapping": ["dynamic", "static"]})
    found = compared(cells, shape, "mapping", "dynamic")
    assert [(e.value, e.x) for e in found.entries] == [("static", "static")]


def test_two_files_are_matched_by_equal_axes_and_the_rest_is_listed(tmp_path):
    (tmp_path / "other").mkdir()
    cells, shape = understood(tmp_path, {"ranks": [2, 4]})
    others, _ = understood(tmp_path / "other", {"ranks": [4, 8]})
    found = against(cells, others, shape, ("a.h5", "b.h5"))
    assert [e.x for e in found.entries] == [4]
    assert found.unmatched == ["only in a.h5: ranks = 2", "only in b.h5: ranks = 8"]


def test_an_axis_that_only_one_file_has_must_have_one_value(tmp_path):
    (tmp_path / "other").mkdir()
    cells, shape = understood(tmp_path, {"ranks": [2, 4]})
    others, _ = understood(tmp_path / "other", {"ranks": [2, 4], "mapping": ["static"]})
    assert len(against(cells, others, shape, ("a", "b")).entries) == 2
    others, _ = understood(tmp_path / "other", POLICIES)
    with pytest.raises(SettingsError, match="axis autoscale"):
        against(cells, others, shape, ("a", "b"))
