"""Failures by kind: numbers are exact, examples are few."""

from __future__ import annotations

from hpcd4p.record import failures as module
from hpcd4p.record.failures import MOST_EXAMPLES, Failures
from hpcd4p.record.memory import MemorySink
from hpcd4p.record.summary import DeadLetter, FailureFigures, FailureKind

KIND = FailureKind("parse1", "ValueError", "w.py:3 in parse")


def letter(kind: FailureKind = KIND, text: str = "'x'") -> DeadLetter:
    return DeadLetter(
        kind.element, "input", text, "ValueError: x", "Traceback", 1, 0.5, kind.error, kind.place
    )


def test_all_are_counted_and_the_first_are_kept():
    sink = MemorySink()
    failures = Failures(sink)
    for _ in range(3 * MOST_EXAMPLES):
        failures.add(KIND, 1, letter())
    failures.add(KIND, 1000, None)
    assert failures.figures() == [FailureFigures(*KIND, 1000 + 3 * MOST_EXAMPLES, MOST_EXAMPLES)]
    assert len(sink.letters) == MOST_EXAMPLES


def test_the_most_frequent_kind_comes_first():
    failures = Failures(MemorySink())
    other = KIND._replace(error="KeyError")
    failures.dead_letters([letter(other)])
    failures.dead_letters([letter(), letter()])
    assert [(f.error, f.tuples, f.examples) for f in failures.figures()] == [
        ("ValueError", 2, 2),
        ("KeyError", 1, 1),
    ]


def test_when_there_is_much_text_each_kind_still_has_one_example(monkeypatch):
    monkeypatch.setattr(module, "MOST_CHARS", 1000)
    sink = MemorySink()
    failures = Failures(sink)
    kinds = [KIND._replace(place=f"w.py:{i}") for i in range(5)]
    for kind in kinds * 10:
        failures.add(kind, 1, letter(kind, "x" * 300))
    assert [(f.tuples, f.examples >= 1) for f in failures.figures()] == [(10, True)] * 5
    assert len(sink.letters) < 10


def test_kinds_without_end_are_one_kind_for_each_element(monkeypatch):
    monkeypatch.setattr(module, "MOST_KINDS", 10)
    failures = Failures(MemorySink())
    for i in range(100):
        failures.add(FailureKind(f"parse{i % 2}", f"Error{i}", ""), 1, None)
    figures = failures.figures()
    assert len(figures) == 12
    assert sum(f.tuples for f in figures) == 100


def test_what_the_latest_of_a_kind_said_is_known_and_short():
    failures = Failures(MemorySink())
    assert failures.said(*KIND) == ""
    for text in ("first", "second " + "x" * 10_000):
        failures.add(KIND, 1, letter()._replace(error=f"ValueError: {text}"))
    failures.add(KIND, 1000, None)
    assert failures.said(*KIND).startswith("ValueError: second ")
    assert len(failures.said(*KIND)) == module.MOST_SAID
    assert failures.said(*KIND._replace(element="other1")) == ""


def test_it_is_known_after_the_examples_are_all_there():
    failures = Failures(MemorySink())
    for number in range(MOST_EXAMPLES + 1):
        failures.add(KIND, 1, letter()._replace(error=f"ValueError: {number}"))
    assert failures.said(*KIND) == f"ValueError: {MOST_EXAMPLES}"
