"""The figures of a run as plain data."""

from __future__ import annotations

import json

from hpcd4p.histogram import Histogram, bucket_of
from hpcd4p.record.memory import MemorySink
from hpcd4p.record.summary import DeadLetter, ElementFigures, RankFigures, Summary
from hpcd4p.record.times import Times
from hpcd4p.record.times_words import tails, times_lines


def test_survives_json() -> None:
    summary = Summary(
        "w",
        elements=[ElementFigures("a1", "stateless", failed=2)],
        ranks_figures=[RankFigures(0)],
        outputs={"a1.o": 1},
    )
    assert Summary.from_dict(json.loads(json.dumps(summary.as_dict()))) == summary


def test_a_field_of_a_later_version_is_passed_over() -> None:
    told = Summary("w", elements=[ElementFigures("a1", "stateless")]).as_dict()
    told["later"] = 1
    told["elements"][0]["later"] = 1
    assert Summary.from_dict(told).elements[0].name == "a1"


def test_how_times_are_spread_survives_json_and_may_be_missing() -> None:
    times = Histogram([(bucket_of(0.02), 97), (bucket_of(3.0), 3)])
    summary = Summary("w", service={"a1": Times.of(times)}, latency={"a1.o": Times.of(times)})
    told = json.loads(json.dumps(summary.as_dict()))
    assert Summary.from_dict(told) == summary
    assert (summary.service["a1"].tuples, summary.service["a1"].histogram) == (100, times)
    older = {name: value for name, value in told.items() if name not in ("service", "latency")}
    assert (Summary.from_dict(older).service, Summary.from_dict(older).latency) == ({}, {})
    assert times_lines(Summary.from_dict(older)) == tails(Summary.from_dict(older)) == []


def test_a_few_tuples_that_take_long_are_worth_a_sentence() -> None:
    times = Times.of(Histogram([(bucket_of(0.02), 97), (bucket_of(3.0), 3)]))
    elements = [
        ElementFigures("a1", "stateless", busy_s=9.0),
        ElementFigures("b1", "stateless", busy_s=0.5),
        ElementFigures("c1", "stateless", busy_s=9.0),
    ]
    summary = Summary("w", elements=elements, service={"a1": times, "b1": times})
    (said,) = tails(summary)
    assert said.startswith("a1: half of its tuples took 20")
    assert "1 of 100 took 3" in said
    assert "a1" in "".join(times_lines(summary))


def test_counts_failures_over_all_elements() -> None:
    elements = [ElementFigures("a1", "stateless", failed=2), ElementFigures("b1", "stateless", failed=1)]
    assert Summary("w", elements=elements).failed == 3


def test_the_memory_sink_keeps_everything_in_order() -> None:
    sink = MemorySink()
    sink.outputs("a1", "o", [1])
    sink.outputs("a1", "o", ["x"])
    sink.dead_letters([DeadLetter("a1", "i", "v", "E", "", 0, 0.0)])
    sink.event(0.5, "scale", "to 3")
    assert sink.close(Summary("w")) is None
    assert sink.results == {"a1.o": [1, "x"]}
    assert [e.text for e in sink.events] == ["to 3"]
    assert len(sink.letters) == 1
    sink.abandon()
    assert sink.results == {}


def test_the_words_of_older_records_are_those_of_today():
    older = Summary(
        "w", elements=[ElementFigures("a1", role) for role in ("root", "pool", "state", "pinned")]
    )
    read = Summary.from_dict(older.as_dict())
    assert [e.role for e in read.elements] == ["source", "stateless", "stateful", "pinned"]
