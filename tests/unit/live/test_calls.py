from __future__ import annotations

from typing import NamedTuple

import pytest

from hpcd4p.live.calls import files, holds_up, is_long, known, outside, stuck
from hpcd4p.live.facts import Kernel
from tests.unit.live.documents import document, element, facts, identity, in_call

WORK = element("Work1", tuples_in=100, busy_s=10.0)
DOCUMENT = document(elements=[WORK])


def waits(**given):
    return in_call(cpu=0.0, state="S", **{"waits_for": "a socket", **given})


# ---- how long is long


@pytest.mark.parametrize(("since_s", "long"), [(1.9, False), (2.1, True)])
def test_a_call_of_two_seconds_is_long_where_tuples_are_quick(since_s, long):
    assert is_long(DOCUMENT, in_call(since_s=since_s)) is long


@pytest.mark.parametrize(("since_s", "long"), [(9.0, False), (11.0, True)])
def test_where_tuples_take_seconds_a_call_is_long_after_ten_times_as_long(since_s, long):
    slow = document(elements=[element("Work1", tuples_in=10, busy_s=10.0)])
    assert is_long(slow, in_call(since_s=since_s)) is long


# ---- which of them


def test_a_call_that_computes_is_stuck_with_rank_process_host_and_tuple():
    found = stuck(DOCUMENT, facts(in_call=[in_call(tuple_text="('a', 7)", place="w.py:12 in work")]))
    assert found is not None
    assert (found.kind, found.element, found.ranks, found.host) == ("stuck", "Work1", "2", "here")
    assert found.text == "rank 2 has been in one tuple of Work1 for 12.0 s"
    assert found.evidence == [
        "rank 2 (process 77 on here), since 12.0 s, 100 % of a core, tuple ('a', 7), at w.py:12 in work"
    ]
    assert found.to_type == "kill -KILL 77"


def test_of_another_host_the_line_to_type_goes_there():
    found = stuck(DOCUMENT, facts(in_call=[in_call(host="n17")]))
    assert found is not None
    assert found.to_type == "ssh n17 kill -KILL 77"


def test_of_a_rank_that_cannot_be_seen_only_the_time_is_known():
    found = stuck(DOCUMENT, facts(in_call=[in_call(host="", pid=None, cpu=None, state="")]))
    assert found is not None
    assert (found.evidence, found.to_type) == (["rank 2, since 12.0 s"], "")


def test_a_process_that_is_stopped_is_to_go_on():
    found = stuck(DOCUMENT, facts(in_call=[in_call(state="T", cpu=0.0)]))
    assert found is not None
    assert found.text == "the process of rank 2 is stopped, inside Work1"
    assert found.to_type == "kill -CONT 77"


def test_a_call_that_does_not_compute_waits_for_something_outside():
    told = facts(in_call=[waits(rank=2), waits(rank=3, since_s=9.0)])
    found = outside(DOCUMENT, told)
    assert found is not None
    assert (found.kind, found.ranks, found.element) == ("outside", "2-3", "Work1")
    assert found.text == (
        "ranks 2-3 have been inside one call of Work1 for 12.0 s without computing: it waits for a socket"
    )
    assert found.to_type == "ls -l /proc/77/fd"
    assert stuck(DOCUMENT, told) is None


def test_a_call_whose_share_of_a_core_is_not_known_yet_is_not_said_to_wait():
    told = facts(in_call=[in_call(state="S", cpu=None)])
    assert outside(DOCUMENT, told) is None
    assert stuck(DOCUMENT, told) is not None


def test_a_call_that_waits_for_a_file_in_the_kernel_is_one_of_files():
    told = facts(in_call=[in_call(state="D", cpu=0.0, waits_for="a file server")])
    found = files(DOCUMENT, told)
    assert found is not None
    assert (found.kind, found.ranks, found.element) == ("files", "2", "Work1")
    assert found.text == "rank 2 waits in the kernel for a file server, inside Work1"
    assert outside(DOCUMENT, told) is stuck(DOCUMENT, told) is None


def test_quick_calls_that_are_found_in_the_kernel_again_and_again_are_too():
    kernel = Kernel(5, blocked=0.6, ranks=[1, 3], waits_for="a disk", host="here", pid=71)
    found = files(DOCUMENT, facts(kernel=kernel))
    assert found is not None
    assert (found.ranks, found.to_type) == ("1,3", "ls -l /proc/71/fd")
    assert found.evidence == ["60 % of the ranks with work were so (state D), at 5 looks"]


@pytest.mark.parametrize("kernel", [Kernel(1, blocked=1.0, locked=1.0), Kernel(5, blocked=0.2, locked=0.2)])
def test_one_look_and_a_few_waits_say_nothing(kernel):
    assert files(DOCUMENT, facts(kernel=kernel)) is None
    assert outside(DOCUMENT, facts(kernel=kernel)) is None


def test_ranks_that_are_found_waiting_for_a_lock_are_named_with_it():
    kernel = Kernel(
        5, locked=0.8, ranks=[1, 2], waits_for="the lock on /d/f, which process 9 (w) has", pid=71
    )
    found = outside(DOCUMENT, facts(kernel=kernel))
    assert found is not None
    assert found.text == "ranks 1-2 inside Work1: waiting for the lock on /d/f, which process 9 (w) has"


@pytest.mark.parametrize(
    ("checkpoints", "to_type"), [("", "--results /tmp/results"), ("/r/c", "--results /tmp/results")]
)
def test_rank_0_that_writes_for_most_of_its_time_waits_for_its_file_system(checkpoints, to_type):
    found = files(document(run=identity(checkpoints=checkpoints)), facts(writing=0.5))
    assert found is not None
    assert (found.kind, found.ranks, found.to_type) == ("files", "0", to_type)
    assert found.evidence[0].startswith("50 % of its time")
    assert files(DOCUMENT, facts(writing=0.3)) is None


# ---- whether they keep the run from going on


def test_a_call_holds_up_the_run_where_all_others_rest():
    assert holds_up(DOCUMENT, facts(in_call=[in_call()], idle=2.0))
    assert not holds_up(DOCUMENT, facts(in_call=[in_call()], idle=0.5))


def test_a_call_for_which_senders_wait_holds_up_the_run():
    assert holds_up(DOCUMENT, facts(in_call=[in_call()], idle=0.0, congested=["Work1"]))


# ---- what processes tell of their calls


class Told(NamedTuple):
    rank: int
    element: str
    tuple: str
    host: str
    pid: int
    since_s: float
    line: str


def test_what_a_process_tells_of_its_call_counts_more_than_what_the_head_guesses():
    seen = [in_call(2, elements=("Work1", "More2"), since_s=12.0), in_call(3, since_s=9.0)]
    told = [Told(2, "More2", "('a', 7)", "here", 77, 11.5, "w.py:3 in work")]
    first, second = known(seen, told)
    assert (first.rank, first.elements, first.since_s) == (2, ("More2",), 12.0)
    assert (first.tuple_text, first.place, first.cpu) == ("('a', 7)", "w.py:3 in work", 1.0)
    assert second == seen[1]


def test_a_process_beside_a_rank_or_on_another_node_is_known_by_what_it_tells():
    (found,) = known([], [Told(9, "", "7", "n4", 31, 40.0, "")])
    assert (found.rank, found.elements, found.host, found.pid, found.cpu) == (9, (), "n4", 31, None)
    assert known([in_call(9, pid=30, cpu=0.0)], [Told(9, "A0", "7", "n4", 31, 40.0, "")])[0].cpu is None
