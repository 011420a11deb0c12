from __future__ import annotations

import pytest

from hpcd4p.live import document, file
from hpcd4p.live.document import from_text, to_text
from hpcd4p.live.first_words import NAME, STARTING, VERSION, text
from hpcd4p.live.starting import StartingRank, StartSeen, first_document, start_cause
from tests.unit.live.documents import identity

START = first_document(identity(job="5"), 1000.0)


def ranks(*numbers: int, **given) -> list[StartingRank]:
    usual = {"state": "S", "has_mpi": True, "waits_for": ""}
    return [StartingRank(number, 70 + number, **{**usual, **given}) for number in numbers]


def test_the_first_status_can_be_read_and_is_that_which_is_written_without_its_classes():
    assert from_text(to_text(START), "here") == START
    assert from_text(text(vars(START.run), 1000.0), "here") == START
    assert (VERSION, NAME, STARTING) == (document.VERSION, file.NAME, document.STARTING)


def test_a_rank_that_has_not_loaded_mpi_is_the_one_that_all_wait_for():
    seen = StartSeen("here", [*ranks(0, 1, 3), *ranks(2, has_mpi=False, waits_for="a file server")], 4)
    found = start_cause(START, 40.0, seen)
    assert (found.kind, found.ranks, found.wrong) == ("start", "2", True)
    assert found.text == "the start waits for rank 2 on here, before MPI_Init"
    assert found.evidence == [
        "rank 2 is process 72, state S, waits for a file server",
        "rank 0 (process 17 on here) has waited for 40.0 s",
    ]
    assert found.to_type == "ls -l /proc/72/fd"


def test_a_rank_whose_process_is_stopped_is_to_go_on():
    found = start_cause(START, 3.0, StartSeen("here", [*ranks(0, 1, 2), *ranks(3, state="T")], 4))
    assert (found.text, found.to_type) == (
        "the start waits for rank 3 on here, whose process is stopped",
        "kill -CONT 73",
    )
    assert found.wrong


def test_a_rank_that_is_not_there_is_named():
    found = start_cause(START, 40.0, StartSeen("here", ranks(0, 1, 3), 4))
    assert found.text == "the start waits for rank 2 on here: no such process is there"


def test_ranks_of_other_nodes_are_looked_at_from_there():
    found = start_cause(START, 40.0, StartSeen("here", ranks(0, 1), 2, "c[11-12]"))
    assert (found.text, found.ranks) == ("the start waits for ranks 2-3, on other nodes (c[11-12])", "2-3")
    assert found.to_type == ("srun --jobid 5 --overlap --ntasks-per-node 1 hpcd4p explain /r/factors-1.h5")


def test_ranks_of_this_node_that_are_missing_have_no_numbers_where_there_are_several_nodes():
    found = start_cause(START, 40.0, StartSeen("here", ranks(0), 2))
    assert (found.text, found.ranks) == ("the start waits for 1 rank on here: no such process is there", "")


def test_where_all_are_there_they_meet():
    found = start_cause(START, 0.3, StartSeen("here", ranks(0, 1, 2, 3), 4))
    assert (found.text, found.wrong) == ("all ranks are in MPI_Init, or meet", False)


@pytest.mark.parametrize(("since_s", "wrong"), [(3.0, False), (30.0, True)])
def test_from_another_host_only_the_time_is_known(since_s, wrong):
    found = start_cause(START, since_s, None)
    assert (found.text, found.wrong) == ("its ranks are not all there yet", wrong)
    assert found.to_type == "ssh here hpcd4p explain /r/factors-1.h5"
