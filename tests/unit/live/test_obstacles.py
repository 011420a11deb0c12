from __future__ import annotations

import pytest

from hpcd4p.live.document import Checkpoints
from hpcd4p.live.facts import Behind, Standing, Turn
from hpcd4p.live.obstacles import checkpoint, order, stateful
from tests.unit.live.documents import document, element, facts, identity, in_call, rank_row

KEPT = Checkpoints(2, 3, 4.5, 1_000_000, 0.2, 0.4, 0.01, 0, "")
RANKS = [rank_row("0", role="head"), rank_row("1", role="stateful", host="n1"), rank_row("2"), rank_row("3")]
DOCUMENT = document(
    run=identity(checkpoints="/r/run 1.checkpoints"),
    elements=[element("Work1"), element("Slow2", role="stateful", backlog=940)],
    ranks=RANKS,
    checkpoints=KEPT,
)
BEHIND = Behind(1, 0.99, 12.5, "Slow2", 3, 0.8, 4, 8, True, [("'a'", 0.9), ("'b'", 0.1)])


def test_a_checkpoint_that_waits_for_a_rank_names_it_and_its_element():
    found = checkpoint(DOCUMENT, facts(standing=Standing(0.7, [1], ["Slow2"])))
    assert found is not None
    assert (found.kind, found.element, found.ranks, found.host) == ("checkpoint", "Slow2", "1", "n1")
    assert found.text == "a checkpoint waits for rank 1, in the middle of a tuple of Slow2"
    assert found.evidence == ["ranks with state have stood still for 700 ms", "3 checkpoints given up"]
    assert found.to_type == "hpcd4p resume --checkpoint 60 '/r/run 1.checkpoints'"


@pytest.mark.parametrize("standing", [None, Standing(0.1, [1], []), Standing(0.7, [], [])], ids=str)
def test_a_checkpoint_for_which_nobody_waits_long_is_none(standing):
    assert checkpoint(DOCUMENT, facts(standing=standing)) is None


def test_an_ordered_element_that_waits_names_whose_tuple_it_is():
    told = facts(turn=Turn("Slow2", "Work1", 3, 12.0), in_call=[in_call(3)])
    found = order(DOCUMENT, told)
    assert found is not None
    assert (found.kind, found.element, found.ranks) == ("order", "Slow2", "3")
    assert found.text == "Slow2 waits for an earlier tuple of Work1, at work on rank 3"
    assert found.evidence[:2] == ["it has waited for 12.0 s", "940 tuples for it not finished"]
    assert found.evidence[2].startswith("rank 3 (process 77 on here)")
    assert found.to_type == "ordered = False"


def test_a_tuple_that_nobody_has_waits_for_a_rank():
    found = order(DOCUMENT, facts(turn=Turn("Slow2", "Work1", None, 12.0)))
    assert found is not None
    assert found.text.endswith("which waits for a rank")


def test_outputs_that_wait_for_their_order_may_come_without_it():
    found = order(DOCUMENT, facts(turn=Turn("collector", "Work1", 3, 12.0)))
    assert found is not None
    assert (found.element, found.to_type) == ("", "ordered_outputs = False")
    assert found.text.startswith("the outputs wait for")


def test_a_wait_of_a_moment_is_none():
    assert order(DOCUMENT, facts(turn=Turn("Slow2", "Work1", 3, 1.0))) is None
    assert order(DOCUMENT, facts()) is None


@pytest.mark.parametrize(
    ("change", "to_type"),
    [
        ({}, "key = [0, 1]"),
        ({"keys": [("'a'", 0.2)]}, "--partitions 32"),
        ({"keyed": False}, "grouping = [0, 1]"),
        ({"keyed": False, "keys": []}, "numprocesses = 16"),
        ({"share": 0.2}, "hpcd4p resume --stateful-ranks 2 '/r/run 1.checkpoints'"),
    ],
    ids=["a hot key", "a hot partition", "a hot group", "a hot instance", "many partitions"],
)
def test_a_rank_that_is_behind_says_what_of_its_work_could_go_elsewhere(change, to_type):
    found = stateful(DOCUMENT, facts(behind=[BEHIND._replace(**change)]))
    assert found is not None
    assert (found.kind, found.element, found.ranks, found.host) == ("stateful", "Slow2", "1", "n1")
    assert found.text.startswith("rank 1 is behind with Slow2, partition 3")
    assert found.to_type == to_type


def test_a_rank_that_is_behind_has_its_load_and_its_keys_as_evidence():
    found = stateful(DOCUMENT, facts(behind=[BEHIND], congested=["Slow2"]))
    assert found is not None
    assert found.text == "rank 1 is behind with Slow2, partition 3, key 'a'"
    assert found.evidence == [
        "busy for 99 % of the time, and 12.5 s of work are in line",
        "partition 3 of Slow2 takes 80 % of its work, with what is in line; of its partitions 4 have any",
        "most of what is in line for it: key 'a' 90 %, key 'b' 10 %",
        "others wait with what they have for Slow2",
    ]


def test_rank_0_is_behind_with_outputs_where_senders_wait_for_no_element():
    found = stateful(DOCUMENT, facts(congested=["collector"]))
    assert found is not None
    assert (found.ranks, found.element) == ("0", "")
    assert stateful(DOCUMENT, facts(congested=["Slow2"])) is None
