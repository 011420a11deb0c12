"""The page of a run: whole, small, of a record of any age, and with nothing in it that runs or is fetched."""

from __future__ import annotations

import json
import random
from itertools import pairwise

import h5py
import pytest

from hpcd4p.histogram import Histogram
from hpcd4p.record.page.busiest import busiest
from hpcd4p.record.page.of_record import record_page
from hpcd4p.record.reader import read_record
from hpcd4p.record.scaling import RankTimeline, Scaling
from hpcd4p.record.summary import (
    DeadLetter,
    EdgeFigures,
    ElementFigures,
    FailureFigures,
    LogLine,
    RankFigures,
    Summary,
)
from hpcd4p.record.times import Times
from hpcd4p.record.writer import RecordWriter
from tests.unit.record.page.drawn import Page, asks_nobody
from tests.unit.record.scalings import contended, tick

EVIL = "</style><script>alert(1)</script><img src=x onerror=alert(2)>"


def of(summary: Summary, path, letters=(), log=()):
    sink = RecordWriter(path)
    sink.dead_letters(letters)
    sink.event(0.5, "lost", EVIL)
    sink.log(list(log))
    sink.close(summary)
    with read_record(path) as record:
        return record_page(record)


def evil_summary() -> tuple[Summary, list[DeadLetter], list[LogLine]]:
    """A run whose user has given everything a name that would do harm."""
    summary, scaling = contended()
    times = Times.of(Histogram([(-90, 95), (-20, 5)]))
    summary.workflow = summary.reason = EVIL
    summary.elements = [
        ElementFigures(EVIL, "source", 1, 100, busy_s=0.1),
        ElementFigures(f"{EVIL}2", "stateless", 100, 90, 10, 30.0, 16, p50_s=0.02, p95_s=0.4, p99_s=0.4),
    ]
    summary.edges = [
        EdgeFigures(EVIL, EVIL, f"{EVIL}2", EVIL, "shuffle", 100),
        EdgeFigures(f"{EVIL}2", EVIL, "", "", "one", 90),
    ]
    summary.service, summary.latency = {f"{EVIL}2": times}, {f"{EVIL}2.{EVIL}": times}
    summary.failures = [FailureFigures(f"{EVIL}2", EVIL, EVIL, 10, 1)]
    summary.notes = [EVIL]
    summary.outputs = {f"{EVIL}2.{EVIL}": 90}
    summary.ranks_figures = [RankFigures(r, EVIL, role=EVIL, state=EVIL) for r in range(16)]
    scaling.changes = [change._replace(reason=EVIL) for change in scaling.changes]
    scaling.failure = EVIL
    letter = DeadLetter(f"{EVIL}2", EVIL, EVIL, EVIL, EVIL, 3, 1.0, EVIL, EVIL)
    return summary, [letter], [LogLine(0.1, 1, EVIL, 0, EVIL, EVIL)]


def test_names_tuples_and_errors_of_users_are_text(tmp_path):
    summary, letters, log = evil_summary()
    text = of(summary, tmp_path / "r.h5", letters, log)
    assert asks_nobody(text)
    assert "<script>" not in text
    assert text.count(EVIL.replace("<", "&lt;").replace(">", "&gt;")) > 20
    page = Page(text)
    assert EVIL in page.text


def test_every_part_of_a_run_is_on_it(tmp_path):
    summary, letters, log = evil_summary()
    page = Page(of(summary, tmp_path / "r.h5", letters, log))
    for heading in (
        "Workflow", "Elements", "Service times", "Latency", "Failures", "Ranks", "Pool and auto-scaler",
        "In words", "Story", "Where it came from",
    ):  # fmt: skip
        assert heading in page.words, heading
    assert len(page.all_of("svg")) == 1 + 1 + 1 + 1 + 3
    assert all(each["role"] == "img" and each["aria-label"] for each in page.all_of("svg"))
    assert [each["lang"] for each in page.all_of("html")] == ["en"]
    assert "p99" in page.text


def test_it_tells_the_browser_to_fetch_and_run_nothing(tmp_path):
    page = Page(of(contended()[0], tmp_path / "r.h5"))
    (policy,) = [
        m["content"] for m in page.all_of("meta") if m.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    assert "default-src 'none'" in policy


def test_light_dark_and_on_paper(tmp_path):
    text = of(contended()[0], tmp_path / "r.h5")
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def large(ranks: int, elements: int) -> Summary:
    dice = random.Random(5)
    scaling = Scaling("knee", ranks)
    for at in range(5000):
        scaling.keep(tick(at / 10, busy=dice.random() * ranks, backlog_s=dice.random() * 9, active=ranks))
    scaling.timelines = [
        RankTimeline(r, 0.0, 2.0, [2 * dice.random() for _ in range(250)], [0.0] * 250) for r in range(ranks)
    ]
    times = Times.of(Histogram([(bucket, 1) for bucket in range(-400, 0)]))
    names = [f"ElementWithALongName{n}" for n in range(elements)]
    return Summary(
        "large", ranks=ranks, elapsed_s=500.0, process_time_s=30_000.0,
        ranks_figures=[RankFigures(r, f"node{r // 16}", role="pool") for r in range(ranks)],
        elements=[ElementFigures(name, "stateless", 10, 10, busy_s=5.0) for name in names],
        edges=[EdgeFigures(a, "output", b, "input", "shuffle", 10) for a, b in pairwise(names)],
        service=dict.fromkeys(names, times), scaling=scaling, scaler=scaling.figures(),
    )  # fmt: skip


@pytest.mark.parametrize(("ranks", "elements"), [(64, 12), (2000, 2000)])
def test_it_is_small(tmp_path, ranks, elements):
    text = of(large(ranks, elements), tmp_path / "r.h5")
    assert len(text.encode()) < 1_000_000
    assert asks_nobody(text)


def test_a_record_that_is_older_than_edges_and_histograms(tmp_path):
    summary, _, _ = evil_summary()
    path = tmp_path / "r.h5"
    RecordWriter(path).close(summary)
    with h5py.File(path, "r+") as file:
        told = json.loads(file["summary"].asstr()[()])
        for name in ("edges", "service", "latency"):
            del told[name]
        for element in told["elements"]:
            for name in ("p50_s", "p95_s", "p99_s"):
                del element[name]
        del file["summary"]
        file.create_dataset("summary", data=json.dumps(told), dtype=h5py.string_dtype())
    with read_record(path) as record:
        text = record_page(record)
    page = Page(text)
    assert "Service times" not in page.words
    assert any("older than its edges" in words for words in page.words)
    assert len(page.all_of("svg")) == 5


def test_a_run_of_one_process_that_was_stopped_at_once(tmp_path):
    page = Page(of(Summary("w", state="stopped", status=3, reason="no room"), tmp_path / "r.h5"))
    assert "stopped" in page.words
    assert "no room" in page.words


def run(*elements, ranks=4, elapsed_s=10.0, process_time_s=30.0):
    figures = [RankFigures(r, role="stateful" if r == 1 else "pool") for r in range(ranks)]
    return Summary(
        "w", elapsed_s=elapsed_s, ranks=ranks, elements=list(elements), process_time_s=process_time_s,
        ranks_figures=figures,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("summary", "name"),
    [
        (run(ElementFigures("a", "source", busy_s=9.0), ElementFigures("b", "stateless", busy_s=12.0)), "a"),
        (run(ElementFigures("a", "source", busy_s=3.0), ElementFigures("b", "stateless", busy_s=29.0)), "b"),
        (run(ElementFigures("b", "stateless", busy_s=9.0), ElementFigures("c", "stateful", busy_s=8.0)), "c"),
        (run(ElementFigures("a", "source", busy_s=3.0), ElementFigures("b", "stateless", busy_s=9.0)), None),
        (
            run(
                ElementFigures("a", "source", busy_s=3.0),
                ElementFigures("b", "stateless", busy_s=6.0),
                ranks=1,
            ),
            "b",
        ),
        (run(), None),
        (run(ElementFigures("a", "source", busy_s=3.0), elapsed_s=0.0), None),
    ],
)
def test_the_bottleneck_is_where_ranks_had_least_time_to_spare(summary, name):
    found = busiest(summary)
    assert (found.name if found else None) == name
