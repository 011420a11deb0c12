"""A record in forms that other programs read, and the numbers of a run while it works."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import h5py
import pytest

from hpcd4p.record.reader import read_record
from tests.chrome_schema import events_of
from tests.e2e.harness import WITHOUT
from tests.e2e.test_trace import LONG, WORKFLOW, record_of, until_told
from tests.metrics import numbers_of, only

RANKS = {"one process": (), "hybrid": ("-n", "4"), "static": ("-n", "6", "--mapping", "static")}


def tasks_of(events: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [e for e in events if e["ph"] == "X" and e["cat"] == "task" and e["name"] == name]


def processes_of(events: list[dict[str, Any]]) -> set[str]:
    return {e["args"]["name"] for e in events if e["ph"] == "M" and e["name"] == "process_name"}


# ---- Perfetto


@pytest.mark.parametrize("words", RANKS.values(), ids=list(RANKS))
def test_a_trace_for_perfetto_has_the_tasks_of_the_record(hpcd4p, words):
    ended = hpcd4p("run", "w.py", "-i", "2000", "--trace", *words, workflow=WORKFLOW)
    assert ended.status == 0, ended.err
    record = record_of(ended.folder)
    done = hpcd4p("export", str(record), "--perfetto")
    assert (done.status, done.err) == (0, "")
    path = record.with_suffix(".perfetto.json")
    assert f"Trace: {path}" in done.out
    events = events_of(path)
    with read_record(record) as opened:
        summary = opened.summary
    for element in summary.elements:
        tasks = tasks_of(events, element.name)
        assert sum(task["args"]["tuples"] for task in tasks) == element.tuples_in
        busy_s = sum(task["args"]["busy_us"] for task in tasks) / 1e6
        assert busy_s == pytest.approx(element.busy_s, rel=1e-3, abs=1e-4 + 2e-6 * len(tasks))
    host = summary.ranks_figures[0].host
    assert len(processes_of(events)) == len(summary.ranks_figures) + 1
    assert any(name.startswith("rank 0 (") and name.endswith(host) for name in processes_of(events))


@pytest.mark.parametrize("words", RANKS.values(), ids=list(RANKS))
def test_without_a_trace_it_has_the_rest_and_says_what_is_missing(hpcd4p, words):
    ended = hpcd4p("run", "w.py", "-i", "200", *words, workflow=WORKFLOW)
    assert ended.status == 0, ended.err
    done = hpcd4p("export", "--perfetto", str(record_of(ended.folder)), "-o", "t.json")
    assert (done.status, done.err) == (0, "")
    assert "It has no tasks: they need `--trace` in the run." in done.out
    events = events_of(ended.folder / "t.json")
    assert not [e for e in events if e.get("cat") == "task"]
    assert any(name.startswith("rank 0 (") for name in processes_of(events))


def test_a_run_that_went_on_is_drawn_from_its_first_life_on(runs, hpcd4p):
    run = runs.start("survivor", 5, *LONG, "--checkpoint", "0.3")
    until_told(run, 1)
    os.kill(run.rank(1), signal.SIGKILL)
    run.until(lambda: "it goes on" in (run.folder / "err").read_text(errors="replace"))
    run.wait()
    done = hpcd4p("export", str(record_of(run.folder)), "--perfetto", "-o", "t.json")
    assert done.status == 0, done.err
    events = events_of(done.folder / "t.json")
    (gone,) = [e for e in events if e.get("cat") == "recovery" and e["ph"] == "i"]
    assert gone["name"].startswith("goes on from")
    ran = [e["ts"] for e in events if e.get("cat") == "task"]
    assert min(ran) < gone["ts"] < max(ran)
    assert any("lost" in name for name in processes_of(events))


# ---- OpenMetrics


def test_the_numbers_of_a_record_are_those_of_its_summary(hpcd4p):
    ended = hpcd4p("run", "w.py", "-i", "200", "-n", "3", workflow=WORKFLOW)
    record = record_of(ended.folder)
    done = hpcd4p("export", str(record), "--openmetrics")
    assert (done.status, done.err) == (0, "")
    found = numbers_of(record.with_suffix(".prom").read_text())
    with read_record(record) as opened:
        summary = opened.summary
    for element in summary.elements:
        assert only(found["hpcd4p_element_in_tuples_total"], element=element.name) == element.tuples_in
        assert only(found["hpcd4p_element_busy_seconds_total"], element=element.name) == element.busy_s
    assert only(found["hpcd4p_run_elapsed_seconds"], run=record.stem) == summary.elapsed_s
    assert only(found["hpcd4p_run_state"], state="completed") == 1


def state_in(path: Path) -> str:
    """The state that metrics name; empty: there are none."""
    if not path.exists():
        return ""
    (labels,) = numbers_of(path.read_text())["hpcd4p_run_state"]
    return dict(labels)["state"]


@pytest.mark.parametrize(
    ("n", "words"), [(1, ()), (4, ()), (4, ("--mapping", "static")), (4, ("--no-live",))], ids=str
)
def test_while_it_works_its_numbers_are_in_a_file_and_the_last_ones_stay(runs, n, words):
    run = runs.start("survivor", n, "-i", "240", "--metrics", "m.prom", *words, *WITHOUT)
    path = run.folder / "m.prom"
    run.until(run.is_held)
    run.until(lambda: state_in(path) == "running")
    found = numbers_of(path.read_text())
    done = only(found["hpcd4p_run_tuples_total"], workflow="survivor")
    assert done > 0
    assert bool(list(run.folder.glob("results/*.live"))) == ("--no-live" not in words)
    ended = run.wait()
    found = numbers_of(path.read_text())
    assert state_in(path) == ended.summary.state
    assert only(found["hpcd4p_run_tuples_total"]) == sum(e.tuples_in for e in ended.summary.elements) >= done
    assert only(found["hpcd4p_run_failed_tuples_total"]) == ended.summary.failed > 0
    assert [each.name for each in run.folder.glob("m.prom*")] == ["m.prom"]


def test_a_run_that_is_over_at_once_and_has_no_record_leaves_its_numbers(hpcd4p):
    ended = hpcd4p("run", "w.py", "-i", "5", "--metrics", "m.prom", "--no-record", workflow=WORKFLOW)
    assert ended.status == 0, ended.err
    assert state_in(ended.folder / "m.prom") == "completed"


# ---- what cannot be


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--metrics", "nowhere/m.prom"), "the folder nowhere does not exist"),
        (("--metrics", "."), "is a folder"),
        (("--metrics", "w.py"), "exists, and has no metrics of hpcd4p"),
    ],
)
@pytest.mark.parametrize("ranks", [(), ("-n", "2")], ids=str)
def test_a_file_of_metrics_that_cannot_be_is_said_before_the_run(hpcd4p, ranks, words, said):
    ended = hpcd4p("run", "w.py", *ranks, *words, workflow=WORKFLOW)
    assert ended.status == 2
    assert said in ended.error
    assert "\n" not in ended.error
    assert not (ended.folder / "results").exists()
    assert (ended.folder / "w.py").read_text().startswith("\nfrom hpcd4p")


@pytest.fixture
def folder(hpcd4p) -> Path:
    """One with a record, `a.h5`, and things that are none."""
    ended = hpcd4p("run", "w.py", "-i", "5", workflow=WORKFLOW)
    shutil.copy(record_of(ended.folder), ended.folder / "a.h5")
    with h5py.File(ended.folder / "study.h5", "w") as file:
        file.attrs["schema"] = "hpcd4p study"
    with h5py.File(ended.folder / "newer.h5", "w") as file:
        file.attrs["schema"], file.attrs["schema_version"] = "hpcd4p-record", 99
    (ended.folder / "text.h5").write_text("no record")
    (ended.folder / "gone.checkpoints").mkdir()
    whole = (ended.folder / "a.h5").read_bytes()
    (ended.folder / "cut.h5").write_bytes(whole[: len(whole) // 2])
    return ended.folder


WRONG = {
    "no form": (("a.h5",), "say in which form: --perfetto, --openmetrics"),
    "two forms": (("a.h5", "--perfetto", "--openmetrics"), "not allowed with"),
    "no record": (("none.h5", "--perfetto"), "No such file"),
    "a study": (("study.h5", "--perfetto"), "has the results of a study"),
    "a newer record": (("newer.h5", "--openmetrics"), "has version 99"),
    "text": (("text.h5", "--perfetto"), "is not an HDF5 file"),
    "half of one": (("cut.h5", "--perfetto"), "truncated or damaged"),
    "a folder": (("results", "--perfetto"), "is a folder"),
    "not finished": (("gone.h5", "--perfetto"), "has not finished"),
    "its checkpoints": (("gone.checkpoints", "--perfetto"), "has not finished"),
    "into no folder": (("a.h5", "--perfetto", "-o", "nowhere/t.json"), "nowhere does not exist"),
    "onto a folder": (("a.h5", "--openmetrics", "-o", "results"), "is a folder"),
    "onto itself": (("a.h5", "--perfetto", "-o", "./a.h5"), "is the record itself"),
    "an unknown form": (("a.h5", "--perfeto"), "did you mean --perfetto?"),
}


def test_what_cannot_be_exported_is_said_in_a_line(hpcd4p, folder):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    for name, (words, said) in WRONG.items():
        ended = hpcd4p("export", *words)
        assert ended.status == 2, name
        assert said in ended.error, name
        assert "Traceback" not in ended.err, name
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_file_that_is_there_is_replaced(hpcd4p, folder):
    (folder / "t.json").write_text("older")
    assert hpcd4p("export", "a.h5", "--perfetto", "-o", "t.json").status == 0
    events_of(folder / "t.json")


def test_a_run_under_way_is_told_from_one_that_is_not_there(runs, hpcd4p):
    run = runs.start("survivor", 1, "-i", "240", *WITHOUT)
    run.until(lambda: list(run.folder.glob("results/*.live/status.json")))
    (live,) = run.folder.glob("results/*.live")
    record = json.loads((live / "status.json").read_text())["run"]["record"]
    done = hpcd4p("export", record, "--perfetto")
    assert done.status == 2
    assert "the run is under way" in done.error
    assert "hpcd4p status" in done.error
    run.wait()
    assert hpcd4p("export", record, "--perfetto").status == 0


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_record_has_what_it_has(hpcd4p, folder, version):
    with h5py.File(folder / "a.h5", "r+") as file:
        file.attrs["schema_version"] = version
        for name in ("failures", "scaling", "survival"):
            if name in file:
                del file[name]
    for form in ("--perfetto", "--openmetrics"):
        assert hpcd4p("export", "a.h5", form).status == 0
    events_of(folder / "a.perfetto.json")
    numbers_of((folder / "a.prom").read_text())
