"""Partitions of a group that is behind move, on real ranks; the answer is that of one process."""

from __future__ import annotations

import pytest

from hpcd4p.control.behind import BEHIND, LINE_S
from hpcd4p.record.reader import read_record
from tests.e2e.answers import missing_and_extra
from tests.e2e.harness import PYTHONS
from tests.e2e.test_scaling_account import record_of

CALLS = ("-i", "200")
ALL = ("--move", "all")


def moves(ended):
    return [text for kind, text in ended.events if kind == "moved"]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The run of one process, for each kind."""
    from tests.e2e.harness import Runs

    made = Runs(tmp_path_factory.mktemp("alone"))
    yield {kind: made.run("hot", 1, "--kind", kind, *CALLS) for kind in ("hot", "keyed", "ordered", "sticky")}
    made.close()


def same(alone, kind, ended):
    assert ended.status == 0, ended.err
    assert missing_and_extra(alone[kind].outputs, ended.outputs) == ""
    assert not ended.leftovers


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("kind", ["hot", "keyed"])
@pytest.mark.parametrize("ranks", [4, 8])
def test_hot_partitions_of_one_rank_are_spread_and_nothing_is_lost_or_out_of_order(
    runs, alone, kind, ranks, python
):
    ended = runs.run("hot", ranks, "--kind", kind, *CALLS, *ALL, python=python)
    same(alone, kind, ended)
    assert any("has moved from rank 1 to rank" in text for text in moves(ended))


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("ranks", [4, 8])
def test_partitions_of_an_ordered_element_move_and_each_key_keeps_its_sequence(runs, alone, ranks, python):
    expected = {("Sequences2.output", (key, tuple(found))) for key, found in in_order(200).items()}
    assert set(alone["ordered"].outputs) == expected
    # at any moment, so that it does not go by the cores that are free
    ended = runs.run(
        "hot", ranks, "--kind", "ordered", *CALLS, *ALL, python=python, variables={"E2E_MOVES": "1 0.5"}
    )
    same(alone, "ordered", ended)
    assert sum("of Sequences2 has moved from rank" in text for text in moves(ended)) > 3


def in_order(calls):
    """What `Sequences` hears of `Numbers`, by key."""
    found = {}
    for number in range(1, calls + 1):
        found.setdefault(number % 2 if number % 4 else number % 30, []).append(number)
    return found


def test_it_is_said_what_moved_and_why(runs, alone, hpcd4p):
    run = runs.start("hot", 4, *CALLS, *ALL)
    ended = run.wait()
    same(alone, "hot", ended)
    (moved,) = moves(ended)
    assert "of Hot1 has moved from rank 1 to rank 2" in moved
    assert "s of work were in line, and others had room" in moved
    said = hpcd4p("explain", str(record_of(run)))
    assert said.status == 0
    assert " ".join(moved.split()) in " ".join(said.out.split())
    line = "1 partition moved from rank 1 to rank 2 ("
    for told in (ended.out, said.out, hpcd4p("show", str(record_of(run))).out):
        assert line in " ".join(told.split())
    with read_record(record_of(run)) as record:
        (move,) = record.scaling().moves.made
        places = record.scaling().moves.first
    assert (move.element, move.source, move.target) == ("Hot1", 1, 2)
    assert 0 < move.ordered_s <= move.time_s < ended.summary.elapsed_s
    assert move.size > 0
    assert 0 < move.share < 1
    assert move.busy >= BEHIND
    assert move.line_s >= LINE_S
    assert {place.rank for place in places} == {1}
    assert len(places) == 4


@pytest.mark.parametrize(
    ("ranks", "words"),
    [(3, ALL), (4, ()), (4, ("--move", "off")), (4, ("--mapping", "static")), (2, ALL)],
    ids=["no rank to spare", "a group of one", "off", "static", "two ranks"],
)
def test_where_nothing_may_move_nothing_does(runs, alone, ranks, words):
    ended = runs.run("hot", ranks, *CALLS, *words)
    same(alone, "hot", ended)
    assert not moves(ended)


def test_what_cannot_be_pickled_stays_and_that_is_said_once(runs, alone):
    ended = runs.run("hot", 4, "--kind", "sticky", *CALLS, *ALL)
    same(alone, "sticky", ended)
    (text,) = [text for kind, text in ended.events if kind == "stays"]
    assert text.startswith("Sticky1 stays where it is: its state cannot be pickled: ")


def test_what_it_can_be_is_told(runs):
    ended = runs.run("hot", 4, "--move", "on")
    assert ended.status == 2
    assert "must be group or all or off, not 'on'" in ended.err
    assert "Traceback" not in ended.err


def test_the_group_spreads_among_its_own(runs, alone):
    ended = runs.run("hot", 6, "--kind", "keyed", *CALLS, "--stateful-ranks", "2")
    same(alone, "keyed", ended)
    assert {f.rank for f in ended.summary.ranks_figures if "pool" in f.role} == {3, 4, 5}
    assert not any(f"to rank {rank} " in text for text in moves(ended) for rank in (3, 4, 5))
