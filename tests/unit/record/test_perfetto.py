"""Traces of records, for Perfetto."""

from __future__ import annotations

import json
import tracemalloc
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hpcd4p.errors import RecordError
from hpcd4p.record import perfetto
from hpcd4p.record import trace as form
from hpcd4p.record.moves import Move
from hpcd4p.record.perfetto import write_perfetto
from hpcd4p.record.reader import read_record
from hpcd4p.record.scaling import Change, RankTimeline, Scaling
from hpcd4p.record.spans import BESIDE, OWN, Kind
from hpcd4p.record.summary import ElementFigures, RankFigures, Summary
from hpcd4p.record.survival import CheckpointRow, Survival
from hpcd4p.record.trace import RankTrace, Trace
from hpcd4p.record.writer import RecordWriter
from tests.chrome_schema import events_of
from tests.unit.record.scalings import tick
from tests.unit.record.test_trace import span

NASTY = 'work "1"\n\\ größer\u2028</script>'


def summary(**given: Any) -> Summary:
    ranks = [
        RankFigures(0, "n1", role="head", busy_s=1.0, tuples=20),
        RankFigures(1, "n2", role="pool", busy_s=2.0, tuples=40, state="lost"),
    ]
    usual = {
        "elapsed_s": 10.0, "ranks": 2, "ranks_figures": ranks, "elements": [ElementFigures(NASTY, "source")],
    }  # fmt: skip
    return Summary(NASTY, **{**usual, **given})


def scaling() -> Scaling:
    made = Scaling("knee", 3)
    for second in range(1, 10):
        made.keep(tick(float(second), active=3 - second // 5, target=2))
    made.keep(tick(9.5, backlog_s=float("inf")))
    made.changed(Change(5.0, 3, 2, "they wait"))
    made.changed(Change(8.0, 2, 3, "there is work"))
    made.moves.made += [
        Move(1.0, 3.0, NASTY, 4, 0, 1, 99, 0.5, 0.9, 1.0),
        Move(2.0, 4.0, "b", 0, 1, 0, 9, 0.5, 0.9, 1.0),
    ]
    made.timelines += [RankTimeline(r, 0.1 * r, 0.5, [0.25] * 19, [0.0] * 10, [0.1] * 3) for r in (0, 1)]
    return made


def survival() -> Survival:
    made = Survival()
    made.add(CheckpointRow(1, 4.0, 0, 1000, 0.2, 1.5, 0.1, 0.11))
    made.go_on(True, 1, 4.0, 2.0, 2, "rank 1 died")
    made.add(CheckpointRow(2, 6.0, 1, 1000, 0.2, 1.5, 0.1, 0.11))
    made.add(CheckpointRow(3, 8.0, 1, 0, 0.2, 0.0, 0.1, 0.11, "no room"))
    return made


def traced() -> Trace:
    own = [span(i * 0.25, kind=Kind(i % 4), tuples=i) for i in range(8)]
    aside = [span(0.5, 1, lane=BESIDE), span(0.1, 0, lane=1), span(0.6, 1, kind=Kind.UNDONE, lane=1)]
    return Trace(100, [NASTY, "Sum1"], [
        RankTrace(0, 0, -6.5, 0, own), RankTrace(1, 0, -6.4, 3, own),
        RankTrace(0, 1, 0.0, 0, [*own, *aside], [(1.0, 30 << 20), (2.0, 31 << 20)]),
    ])  # fmt: skip


def written(folder: Path, made: Summary, *story: tuple[float, str, str]) -> tuple[Any, list[dict[str, Any]]]:
    writer = RecordWriter(folder / "a.h5")
    for event in story:
        writer.event(*event)
    writer.close(made)
    with read_record(folder / "a.h5") as record:
        told = write_perfetto(record, folder / "a.json")
    return told, events_of(folder / "a.json")


def named(events: list[dict[str, Any]], ph: str, name: str) -> list[dict[str, Any]]:
    return [event for event in events if (event["ph"], event["name"]) == (ph, name)]


def threads(events: list[dict[str, Any]]) -> dict[tuple[int, int], str]:
    return {(e["pid"], e["tid"]): e["args"]["name"] for e in named(events, "M", "thread_name")}


def test_without_a_trace_there_is_what_the_record_has(tmp_path):
    story = [(0.0, "start", "2 ranks"), (1.0, "finish", NASTY)]
    told, events = written(tmp_path, summary(scaling=scaling(), survival=survival()), *story)
    assert (told.traced, told.spans, told.ranks) == (False, 0, 2)
    processes = {e["args"]["name"] for e in named(events, "M", "process_name")}
    assert processes == {f"run {NASTY}", "rank 0 (head) on n1", "rank 1 (pool) on n2, lost"}
    assert not [e for e in events if e.get("cat") in ("task", "wait", "commit")]
    for name in ("ranks of the pool", "backlog (tasks)", "tuples/s", "part of the time", "memory, at most"):
        assert named(events, "C", name), name
    assert len(named(events, "C", "ranks of the pool")) == 10
    assert [e["name"] for e in events if e.get("cat") == "phase"]
    assert {e["name"] for e in events if e.get("cat") in ("park", "wake")} == {"park 1", "wake 1"}
    assert len([e for e in events if e.get("cat") == "move"]) == 4


def test_what_was_before_it_went_on_comes_first(tmp_path):
    story = [(0.0, "start", ""), (5.0, "lost", ""), (0.0, "start", ""), (1.0, "finish", "")]
    _, events = written(tmp_path, summary(survival=survival()), *story)
    at = {e["name"]: (e["ts"] / 1e6, e.get("dur", 0) / 1e6) for e in events if e["ph"] in ("X", "i")}
    assert at["checkpoint 1"] == (4.0, 0.2)
    assert at["goes on from checkpoint 1"] == (6.0, 0.0)
    assert at["done again"] == (6.0, 2.0)
    assert at["checkpoint 2"] == (8.0, 0.2)
    assert at["checkpoint 3, given up"] == (10.0, 0.2)
    assert at[NASTY] == (6.0, 10.0)
    assert [(e["name"], e["ts"] / 1e6) for e in events if e.get("cat") == "event"] == [
        ("start", 0.0), ("lost", 5.0), ("start", 6.0), ("finish", 7.0),
    ]  # fmt: skip


def test_tasks_are_slices_of_their_rank_and_lane(tmp_path):
    told, events = written(tmp_path, summary(trace=traced(), survival=survival(), scaling=scaling()))
    assert (told.traced, told.spans, told.dropped) == (True, 27, 3)
    slices = [
        e for e in events if e["ph"] == "X" and e["cat"] in ("task", "wait", "commit", "park", "given back")
    ]
    assert len(slices) == 27
    names = threads(events)
    assert {names[e["pid"], e["tid"]] for e in slices} == {"tasks", "beside it", f"source {NASTY}"}
    assert {e["name"] for e in slices if e["cat"] == "task"} == {NASTY, "Sum1"}
    (task,) = [e for e in slices if names[e["pid"], e["tid"]] == "beside it"]
    # the first life began 6.5 s before the last one
    assert (task["ts"], task["dur"]) == (7_000_000.0, 250_000.0)
    assert task["args"] == {"tuples": 1, "partition": 7, "task": 3, "busy_us": 125_000.0}
    assert [e["args"]["bytes"] for e in named(events, "C", "memory")] == [30 << 20, 31 << 20]
    assert min(e["ts"] for e in slices) == 0.0
    assert not named(events, "C", "part of the time")


def test_spans_that_touch_do_not_overlap(tmp_path):
    """Whatever rounding does to begin and length."""
    from tests.unit.record.test_trace import PACK

    edges = [i / 7 * 1.23456789 for i in range(2000)]
    spans = [PACK(a, b, b - a, 0, 0, 1, 1, OWN, Kind.RUN) for a, b in pairwise(edges)]
    written(tmp_path, summary(trace=Trace(9999, ["a0"], [RankTrace(0, 0, 0.123456789, 0, spans)])))


def test_a_run_in_one_process_of_no_length_has_one(tmp_path):
    _, events = written(tmp_path, Summary("w", ranks_figures=[RankFigures(0, role="all")]))
    assert len(named(events, "M", "process_name")) == 2


def test_it_says_what_it_is_of(tmp_path):
    written(tmp_path, summary(trace=traced()))
    about = json.loads((tmp_path / "a.json").read_text())["otherData"]
    assert (about["workflow"], about["tasks"], about["dropped"]) == (NASTY, "27 spans", 3)


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    RecordWriter(tmp_path / "a.h5").close(summary(trace=traced()))

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with (
        read_record(tmp_path / "a.h5") as record,
        pytest.raises(RecordError, match="trace cannot be written: No space"),
    ):
        write_perfetto(record, tmp_path / "a.json")
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]


def test_memory_does_not_grow_with_the_spans(tmp_path, monkeypatch):
    monkeypatch.setattr(form, "CHUNK", 1000)
    most = {}
    for many in (5_000, 50_000):
        path = tmp_path / f"{many}.h5"
        packed = b"".join(span(i * 0.3) for i in range(1000))
        spans = [packed] * (many // 1000)
        RecordWriter(path).close(summary(trace=Trace(many, ["a0"], [RankTrace(0, 0, 0.0, 0, spans)])))
        with read_record(path) as record:
            tracemalloc.start()
            monkeypatch.setattr(perfetto, "replacing", replacing_nothing)
            write_perfetto(record, tmp_path / "a.json")
            most[many] = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    assert most[50_000] < 1.5 * most[5_000]


class replacing_nothing:  # in the place of a function
    """A file that keeps nothing."""

    def __init__(self, *about):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def write(self, text):
        pass
