"""The numbers of a run for a monitoring system."""

from __future__ import annotations

import os

import pytest

from hpcd4p.errors import LiveError
from hpcd4p.live.document import Checkpoints, Expected, Memory, Scaler
from hpcd4p.live.metrics import FAMILIES, of_figures, of_status
from hpcd4p.live.metrics_file import MetricsFile, check_metrics
from hpcd4p.live.openmetrics import COUNTER, GAUGE, Family, Sample, escaped, text_of
from hpcd4p.live.run import LiveRun
from hpcd4p.record.scaling import ScalerFigures
from hpcd4p.record.summary import ElementFigures, RankFigures, Summary
from hpcd4p.record.survival import CheckpointFigures
from tests.metrics import numbers_of, only
from tests.unit.live.documents import document, element, identity

NASTY = 'a "b"\\\nc größer {x="y"} # EOF'


def full(**given):
    """A status that has all there may be."""
    return document(
        expected=Expected(30.0, 20.0, None),
        scaler=Scaler("knee", 2, 3, 1, "because", 7, 1.5),
        checkpoints=Checkpoints(4, 1, 2.5, 1000, 0.1, 0.4, 0.01, 0, ""),
        memory=Memory(120_000_000, 4, 9_000_000),
        **given,
    )


def figures() -> Summary:
    return Summary(
        "factors", elapsed_s=12.5, state="failed tuples", process_time_s=30.0, efficiency=0.75, cpu_s=40.0,
        elements=[
            ElementFigures("Numbers0", "source", 200, 200, busy_s=0.5),
            ElementFigures("Work1", "pinned", 200, 150, failed=3, busy_s=20.0),
        ],
        ranks_figures=[RankFigures(0), RankFigures(1, state="lost"), RankFigures(2)],
        scaler=ScalerFigures("knee", 3, changes=7),
        checkpoints=CheckpointFigures(made=4, size=1000, cost_s=0.4),
    )  # fmt: skip


def test_of_a_status_there_is_all_that_is_a_number():
    found = numbers_of(of_status(full(elements=[element("Work1"), element("Sum2", backlog=1)])))
    assert only(found["hpcd4p_run_state"], state="running", run="factors-1", workflow="factors") == 1
    assert only(found["hpcd4p_run_tuples_total"]) == 2400
    assert only(found["hpcd4p_run_failed_tuples_total"]) == 3
    assert only(found["hpcd4p_run_expected_seconds"]) == 30.0
    assert only(found["hpcd4p_run_waiting_tasks"]) == 12
    assert only(found["hpcd4p_run_state_ranks"], state="working") == 3
    assert only(found["hpcd4p_element_in_tuples_total"], element="Work1", role="stateless") == 1200
    assert only(found["hpcd4p_element_backlog_tuples"], element="Sum2") == 1
    assert only(found["hpcd4p_element_busy_seconds_total"], element="Work1") == 12.5
    assert {only(found["hpcd4p_pool_ranks"], state=state) for state in ("active", "parked", "wanted")} == {
        1,
        2,
        3,
    }
    assert only(found["hpcd4p_checkpoints_total"]) == 4
    assert only(found["hpcd4p_checkpoint_age_seconds"]) == 2.5
    assert only(found["hpcd4p_memory_bytes"], of="redis") == 9_000_000


def test_what_is_not_known_is_left_out():
    found = numbers_of(of_status(document(memory=Memory(None, 0, None))))
    for name in (
        "hpcd4p_run_expected_seconds",
        "hpcd4p_pool_ranks",
        "hpcd4p_checkpoints_total",
        "hpcd4p_memory_bytes",
    ):
        assert name not in found


def test_of_a_run_that_has_ended_the_same_names_have_the_last_numbers(tmp_path):
    found = numbers_of(of_figures(figures(), tmp_path / "factors-1.h5", 2000.0))
    assert only(found["hpcd4p_run_state"], state="failed tuples", run="factors-1") == 1
    assert only(found["hpcd4p_run_written_timestamp_seconds"]) == 2000.0
    assert only(found["hpcd4p_run_elapsed_seconds"]) == 12.5
    assert only(found["hpcd4p_run_tuples_total"]) == 400
    assert only(found["hpcd4p_run_calls_total"]) == 200
    assert only(found["hpcd4p_run_failed_tuples_total"]) == 3
    assert only(found["hpcd4p_element_out_tuples_total"], element="Work1", role="stateless") == 150
    assert only(found["hpcd4p_run_state_ranks"], state="lost") == 1
    assert only(found["hpcd4p_checkpoints_total"]) == 4
    assert only(found["hpcd4p_efficiency_ratio"]) == 0.75
    during = set(numbers_of(of_status(full())))
    assert {name for name in found if name.startswith("hpcd4p_element")} < during


def test_names_of_any_kind_come_through():
    told = full(run=identity(workflow=NASTY, record=f"/r/{NASTY}.h5"), elements=[element(NASTY)])
    found = numbers_of(of_status(told))
    assert only(
        found["hpcd4p_element_in_tuples_total"], element=NASTY, run=NASTY.replace("/", ""), workflow=NASTY
    )
    assert escaped('\\"\n') == '\\\\\\"\\n'


def test_families_are_as_readers_want_them():
    for name, family in FAMILIES.items():
        assert family.kind in (GAUGE, COUNTER)
        assert not family.unit or name.endswith(f"_{family.unit}")
        assert not name.endswith(("_total", "_info", "_count", "_sum", "_bucket"))
        assert not set('"\\\n') & set(family.help)


def test_those_of_a_family_stand_together():
    families = {"a": Family(GAUGE, "", "A"), "b_s": Family(COUNTER, "s", "B")}
    text = text_of(
        families, [Sample("b_s", {}, 1), Sample("a", {"x": "1"}, 2.5), Sample("b_s", {"x": "2"}, 3)]
    )
    assert text == (
        "# TYPE a gauge\n# HELP a A\n" 'a{x="1"} 2.5\n'
        "# TYPE b_s counter\n# UNIT b_s s\n# HELP b_s B\n" 'b_s_total{} 1\nb_s_total{x="2"} 3\n# EOF\n'
    )  # fmt: skip


# ---- the file


def live(tmp_path, **given) -> LiveRun:
    return LiveRun(tmp_path / "a.h5", "work", "hybrid", 4, metrics=tmp_path / "a.prom", **given)


def state(tmp_path) -> str:
    (labels,) = numbers_of((tmp_path / "a.prom").read_text())["hpcd4p_run_state"]
    return dict(labels)["state"]


def test_it_follows_the_run_to_its_end_and_stays(tmp_path):
    with live(tmp_path) as run:
        assert not (tmp_path / "a.prom").exists()
        run.tell(document(run=run.identity))
        assert state(tmp_path) == "running"
        run.closing(Summary("work", state="completed"))
        assert state(tmp_path) == "completed"
    assert [path.name for path in tmp_path.iterdir()] == ["a.prom"]


def test_a_run_that_was_over_at_once_has_its_last_numbers(tmp_path):
    with live(tmp_path) as run:
        run.closing(Summary("work", state="completed"))
    assert state(tmp_path) == "completed"


def test_of_a_run_without_a_record_it_says_that_it_has_ended(tmp_path):
    run = live(tmp_path)
    run.tell(document(run=run.identity))
    run.end("it was killed")
    assert state(tmp_path) == "ended"


def test_without_a_status_there_is_only_that_file(tmp_path):
    run = live(tmp_path, status=False)
    run.tell(document(run=run.identity))
    assert [path.name for path in tmp_path.iterdir()] == ["a.prom"]


def test_one_of_an_earlier_run_is_replaced(tmp_path):
    for workflow in ("one", "two"):
        MetricsFile(tmp_path / "a.prom").write(of_status(document(run=identity(workflow=workflow))))
    assert 'workflow="two"' in (tmp_path / "a.prom").read_text()
    (tmp_path / "empty.prom").touch()
    check_metrics(tmp_path / "empty.prom")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("notes.txt", "exists, and has no metrics"),
        ("folder", "is a folder"),
        ("nowhere/a.prom", "does not exist"),
    ],
)
def test_what_is_something_else_is_left_alone(tmp_path, name, said):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "folder").mkdir()
    with pytest.raises(LiveError, match=said):
        MetricsFile(tmp_path / name)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_numbers_that_cannot_be_written_are_told_at_the_end(tmp_path):
    (tmp_path / "there").mkdir()
    with LiveRun(tmp_path / "a.h5", "work", "simple", 1, metrics=tmp_path / "there" / "a.prom") as run:
        assert run.unwritten == ""
        (tmp_path / "there").rmdir()
        run.closing(Summary("work", state="completed"))
        assert run.unwritten.endswith(f"there/a.prom cannot be written: {os.strerror(2)}")


def test_a_folder_that_is_gone_costs_the_run_nothing_but_its_metrics(tmp_path):
    (tmp_path / "there").mkdir()
    file = MetricsFile(tmp_path / "there" / "a.prom")
    (tmp_path / "there").rmdir()
    file.write("# EOF\n")
    assert file.broken == os.strerror(2)
    (tmp_path / "there").mkdir()
    file.write("# EOF\n")
    assert file.broken == ""
