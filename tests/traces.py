"""What is so of every trace, however it was made: the answers of a record and of its spans are the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

import pytest

from hpcd4p.record.spans import Kind
from hpcd4p.record.summary import ElementFigures
from hpcd4p.record.trace import Span

ROUNDING_S = 2e-6
"""Of the busy time of an element on one rank: figures are sums of whole microseconds."""


def assert_apart(spans: Iterable[Span]) -> None:
    """Spans of one lane of a rank do not overlap."""
    lanes: dict[tuple[int, int, int], list[tuple[float, float]]] = defaultdict(list)
    for span in spans:
        assert span.begin_s <= span.end_s, span
        lanes[span.life, span.rank, span.lane].append((span.begin_s, span.end_s))
    for lane, times in lanes.items():
        times.sort()
        for (_, end), (begin, _) in pairwise(times):
            assert begin >= end - 1e-9, (lane, begin, end)


def assert_complete(spans: Iterable[Span], names: list[str], figures: Iterable[ElementFigures]) -> None:
    """The spans of each element have its tuples and its busy time."""
    tuples: dict[str, int] = defaultdict(int)
    busy: dict[str, float] = defaultdict(float)
    parts: dict[str, set[tuple[int, int, int]]] = defaultdict(set)
    for span in spans:
        if span.kind == Kind.RUN:
            name = names[span.element]
            tuples[name] += span.tuples
            assert span.busy_s <= span.end_s - span.begin_s + 1e-6, span
            busy[name] += span.busy_s
            parts[name].add((span.rank, span.lane, span.partition))
    for element in figures:
        assert tuples[element.name] == element.tuples_in, element
        # statistics are sent now and then, each time in whole microseconds
        least_s = 1e-4 + ROUNDING_S * max(1, len(parts[element.name]))
        assert busy[element.name] == pytest.approx(element.busy_s, rel=1e-3, abs=least_s), element
