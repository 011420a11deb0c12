"""However much elements say, the record gets a bounded part of it, and the rest is counted."""

from __future__ import annotations

import pytest

from hpcd4p.record import element_lines
from hpcd4p.record.element_lines import ElementLines
from hpcd4p.record.memory import MemorySink
from hpcd4p.record.summary import LogFigures, Summary


def row(number: int, text: str = "") -> tuple[float, int, str, int, str, str]:
    return float(number), 1, "parse1", 0, "INFO", text or str(number)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(element_lines, "FIRST_LINES", 5)
    monkeypatch.setattr(element_lines, "LAST_LINES", 3)


def kept(numbers, left_out=0) -> tuple[list[int], LogFigures]:
    sink = MemorySink()
    lines = ElementLines(sink)
    for number in numbers:
        lines.add([row(number)])
    lines.add([], left_out)
    return [int(line.time_s) for line in sink.lines if line.text], lines.finish()


@pytest.mark.usefixtures("small")
def test_what_has_room_is_all_there():
    assert kept(range(5)) == ([0, 1, 2, 3, 4], LogFigures(kept=5, left_out=0))


@pytest.mark.usefixtures("small")
def test_of_more_the_first_and_the_last_are_there_and_the_others_are_counted():
    sink = MemorySink()
    lines = ElementLines(sink)
    lines.add(map(row, range(20)), left_out=7)
    assert lines.finish() == LogFigures(kept=8, left_out=12 + 7)
    assert [int(line.time_s) for line in sink.lines] == [0, 1, 2, 3, 4, 17, 18, 19]


def test_long_texts_end_the_first_lines_sooner(monkeypatch):
    monkeypatch.setattr(element_lines, "FIRST_CHARS", 100)
    monkeypatch.setattr(element_lines, "LAST_LINES", 1)
    sink = MemorySink()
    lines = ElementLines(sink)
    lines.add([row(number, "x" * 60) for number in range(10)])
    assert lines.finish() == LogFigures(kept=3, left_out=7)


def test_the_summary_keeps_the_numbers():
    summary = Summary("w", log=LogFigures(3, 4))
    assert Summary.from_dict(summary.as_dict()).log == LogFigures(3, 4)
    assert Summary.from_dict({"workflow": "of an older version"}).log == LogFigures()
