"""What the auto-scaler did, in figures."""

from __future__ import annotations

import json

from hpcd4p.record import scaling as module
from hpcd4p.record.scaling import Change, ScalerFigures, Scaling
from hpcd4p.record.summary import Summary
from tests.unit.record.scalings import contended, tick


def test_the_usual_number_of_ranks_is_the_median_over_time() -> None:
    _, scaling = contended()
    assert scaling.figures() == ScalerFigures("knee", 15, 2, 2, 15, 1)


def test_a_pool_that_nobody_may_park_has_no_figures() -> None:
    assert Scaling("knee", 0).figures() is None


def test_a_run_without_a_look_had_all_its_ranks() -> None:
    assert Scaling("knee", 4).figures() == ScalerFigures("knee", 4, 4, 4, 4)


def test_the_failure_is_told_by_its_last_line() -> None:
    _, scaling = contended()
    scaling.failure = "Traceback\n  File x\nValueError: no\n"
    figures = scaling.figures()
    assert figures is not None
    assert figures.failure == "ValueError: no"


def test_a_run_of_days_keeps_no_more_than_it_may(monkeypatch) -> None:
    monkeypatch.setattr(module, "MOST_TICKS", 100)
    monkeypatch.setattr(module, "MOST_CHANGES", 40)
    scaling = Scaling("queue", 4)
    for i in range(10_000):
        scaling.keep(tick(float(i)))
        scaling.changed(Change(float(i), 1, 2, "so"))
        assert len(scaling.ticks) <= 100
        assert len(scaling.changes) <= 40
    assert scaling.changes_made == 10_000
    assert (scaling.ticks[0].time_s, scaling.ticks[-1].time_s > 9000) == (0.0, True)
    assert (scaling.changes[0].time_s, scaling.changes[-1].time_s) == (0.0, 9999.0)


def test_the_summary_as_json_has_the_figures_and_not_the_looks() -> None:
    summary, _ = contended()
    told = json.loads(json.dumps(summary.as_dict()))
    assert "scaling" not in told
    assert Summary.from_dict(told).scaler == summary.scaler
