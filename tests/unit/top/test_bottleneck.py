from __future__ import annotations

import pytest

from hpcd4p.live.document import Document, Element, Ranks, Totals
from hpcd4p.top.bottleneck import Bottleneck, bottleneck, waiting_s
from tests.unit.live.documents import document, element, rank_row

IDLE = element(backlog=0, busy=0.0)


def limit(
    *elements: Element, ranks: list[Ranks] | None = None, busy: int = 2, rate: float = 41.0
) -> Bottleneck:
    totals = Totals(2400, 3, rate, 120.0, 50, 200, 12, busy, 3, "")
    given: Document = document(elements=list(elements), totals=totals, ranks=ranks or [rank_row("0")])
    return bottleneck(given)


def test_work_that_waits_is_tuples_times_what_each_has_taken():
    assert waiting_s(element(tuples_in=100, busy_s=10.0, backlog=5)) == pytest.approx(0.5)
    assert waiting_s(element(tuples_in=0, busy_s=0.0, backlog=5)) == 0.0


def test_it_is_the_element_with_the_most_work_waiting_not_the_one_with_the_most_tuples():
    quick = element("Quick1", backlog=5000, busy_s=0.01, tuples_in=10_000)
    slow = element("Slow2", backlog=40, busy_s=100.0, tuples_in=100, busy=0.0)
    assert limit(quick, slow) == Bottleneck("Slow2", "Slow2: 40 tuples wait, 40.0 s of work")


def test_a_pool_that_is_full_is_told():
    why = limit(element("Work1", backlog=900), busy=3).why
    assert why.endswith("; all 3 pool ranks are busy")
    assert limit(element("Work1", backlog=900), busy=2).why.endswith("; on average 2.5 ranks are inside it")


def test_a_rank_with_partitions_that_never_rests_is_named():
    slow = element("Tally2", role="stateful", backlog=900)
    rows = [rank_row("1", role="stateful", load=0.2), rank_row("2", role="stateful", load=0.97)]
    assert "; rank 2 of the stateful group is busy 97 %" in limit(slow, ranks=rows).why
    assert "rank" not in limit(slow, ranks=rows[:1]).why.replace("ranks are inside", "")


@pytest.mark.parametrize(
    ("elements", "name", "why"),
    [
        (
            [element("Numbers0", role="source", backlog=0, busy=0.9)],
            "Numbers0",
            "the source gives as fast as it can",
        ),
        (
            [element("Work1", backlog=0, busy=2.0)],
            "Work1",
            "on average 2.0 ranks are inside it, and little waits",
        ),
        ([element("Work1", backlog=1, busy=2.0, busy_s=1.0)], "Work1", "and little waits"),
        ([IDLE], "", "nothing waits: what comes is done at once"),
        ([], "", "nothing waits: what comes is done at once"),
    ],
)
def test_where_little_waits_it_is_the_busiest_one_or_none(elements, name, why):
    told = limit(*elements)
    assert told.element == name
    assert why in told.why


def test_before_anything_was_done_it_is_too_early():
    assert limit(IDLE, rate=0.0) == Bottleneck("", "too early to say")
