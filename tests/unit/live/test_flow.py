from __future__ import annotations

from dataclasses import replace

import pytest

from hpcd4p.live.document import Scaler, Totals
from hpcd4p.live.facts import Backlog, Cores
from hpcd4p.live.flow import element as element_
from hpcd4p.live.flow import pool, scaler, source, tail
from tests.unit.live.documents import document, element, facts, identity, rank_row, source_facts

TOTALS = Totals(2400, 3, 41.0, 120.0, 0, 0, 30, 3, 3, "")
WORK = element("Work1", tuples_in=100, busy_s=10.0, busy=2.8, backlog=90)
NUMBERS = element("Numbers0", role="source", busy=0.0, backlog=0, rate=55.0, rate_mean=60.0)
DOCUMENT = document(elements=[NUMBERS, WORK], totals=TOTALS)
SLEEPS = Cores(2, 4, 1.0, share=0.01)


# ---- the pool


@pytest.mark.parametrize(
    ("given", "to_type", "why"),
    [
        ({"backlog": Backlog(30, 32, 0, 1, arrived=80.0, done=40.0)}, "-n 7", "as much is done as comes"),
        ({"sources": [source_facts(held_back=1.0)]}, "-n 34", "so many tasks wait"),
        (
            {"sources": [source_facts(held_back=1.0)], "cores": Cores(8, 4, 1.0, share=1.0)},
            "-n 8",
            "cores for",
        ),
    ],
    ids=["it grows", "the source waits", "four cores are free"],
)
def test_a_pool_that_is_too_small_is_told_how_many_more_would_help(given, to_type, why):
    found = pool(DOCUMENT, facts(**{"cores": SLEEPS, "idle": 0.1, **given}))
    assert found is not None
    assert (found.kind, found.element, found.wrong) == ("pool", "Work1", True)
    assert found.text == "all 3 ranks of the pool are busy, and 30 tasks wait: most are inside Work1"
    assert "Work1 takes 100 ms for a tuple" in found.evidence
    assert found.to_type == to_type
    assert why in found.advice


def test_a_pool_that_uses_all_cores_is_as_it_should_be():
    found = pool(DOCUMENT, facts(cores=Cores(4, 4, 4.0, share=1.0), sources=[source_facts(held_back=1.0)]))
    assert found is not None
    assert not found.wrong
    assert found.advice == "the cores of this node have work: more ranks need more cores"


@pytest.mark.parametrize("given", [{"idle": 1.0}, {"parked": 1}], ids=str)
def test_a_pool_of_which_ranks_rest_is_large_enough(given):
    assert pool(DOCUMENT, facts(**given)) is None


def test_a_pool_for_which_nothing_waits_is_large_enough():
    assert pool(replace(DOCUMENT, totals=replace(TOTALS, tasks=1)), facts()) is None


def test_ranks_that_are_parked_while_tasks_wait_are_the_scalers_doing():
    parked = replace(DOCUMENT, scaler=Scaler("knee", 2, 2, 1, "little waits", 1, 0.5))
    found = scaler(parked, facts(parked=1))
    assert found is not None
    assert (found.kind, found.wrong) == ("scaler", False)
    assert found.evidence[0] == "its reason: little waits"
    assert scaler(parked, facts()) is None


# ---- the source


def without_tasks():
    return replace(DOCUMENT, totals=replace(TOTALS, tasks=0))


def test_a_source_that_is_silent_is_named_with_since_when_and_what_it_waits_for():
    told = [source_facts(), source_facts("Lines2", silent_s=12.0, cpu=0.0, waits_for="a socket")]
    found = source(without_tasks(), facts(sources=told, idle=2.5))
    assert found is not None
    assert (found.kind, found.element, found.wrong) == ("source", "Lines2", True)
    assert found.text == "the source Lines2 has given nothing for 12.0 s"
    assert "2.5 of 3 ranks of the pool waited for a task, on average" in found.evidence
    assert "its thread on rank 0 takes 0 % of a core and waits for a socket" in found.evidence
    assert found.to_type == "-n 2"


def test_a_source_to_which_most_of_the_pool_keeps_up_is_no_fault():
    found = source(without_tasks(), facts(sources=[source_facts()], idle=0.8))
    assert found is not None
    assert not found.wrong
    assert found.text == "the source Numbers0 is slower than the pool"
    assert found.evidence[0] == "55 tuples/s lately, 60 tuples/s on average"


def test_a_source_that_computes_is_to_leave_work_to_the_pool():
    found = source(without_tasks(), facts(sources=[source_facts(cpu=0.98)], idle=2.5))
    assert found is not None
    assert (found.wrong, found.to_type) == (True, "-i N")


def test_a_source_that_waits_for_room_is_not_too_slow():
    assert source(without_tasks(), facts(sources=[source_facts(held_back=0.8)])) is None
    assert source(DOCUMENT, facts(sources=[source_facts()])) is None


# ---- the end, and runs without a pool


def test_the_last_tuples_are_named_with_who_has_them():
    last = replace(
        without_tasks(), ranks=[rank_row("2", since_rank=2), rank_row("3", state="idle", since_rank=3)]
    )
    found = tail(last, facts())
    assert found is not None
    assert (found.text, found.ranks) == ("nothing waits any more: the last 90 tuples are at work", "2")
    assert tail(last, facts(sources=[source_facts()])) is None


def test_one_process_is_told_where_its_time_goes_and_how_many_cores_there_are():
    alone = document(run=identity(ranks=1), elements=[WORK], totals=replace(TOTALS, tasks=0, pool=0, busy=0))
    found = element_(alone, facts(cores=Cores(8, 1, 1.0)))
    assert found is not None
    assert (found.text, found.to_type) == ("most of the time goes into Work1, in one process", "-n 8")
    assert element_(alone, facts(cores=Cores(1, 1, 1.0))).to_type == ""
    assert element_(DOCUMENT, facts()) is None


def test_one_process_that_is_in_its_source_needs_no_more_ranks():
    inside = replace(NUMBERS, busy=0.9)
    alone = document(run=identity(ranks=1), elements=[inside], totals=replace(TOTALS, tasks=0, pool=0))
    found = element_(alone, facts(cores=Cores(8, 1, 1.0)))
    assert found is not None
    assert (found.kind, found.element, found.to_type) == ("source", "Numbers0", "")
