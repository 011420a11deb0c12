"""How rank 0 is left when there is nothing to run, or a signal came before the ranks had met."""

from __future__ import annotations

import pytest

from hpcd4p.errors import MpiSetupError, RankLost
from hpcd4p.launch import crew
from hpcd4p.launch.crew import Crew, Departure


@pytest.fixture
def ended(monkeypatch):
    """What `leave` does at the end of the process, in order."""
    done: list[object] = []
    monkeypatch.setattr(crew, "_end_launcher", lambda mpi: done.append(("launcher", mpi)))
    monkeypatch.setattr(crew.os, "_exit", lambda status: done.append(("exit", status)))
    return done


def refusing(error, monkeypatch):
    made = Crew()

    def meet():
        raise error

    monkeypatch.setattr(made, "meet", meet)
    return made


def test_a_crew_that_nobody_has_told_anything_lets_the_process_return(ended):
    closed = []
    Crew(lambda: closed.append(True)).leave(0)
    assert (closed, ended) == ([True], [])


def test_without_an_mpi_only_the_launcher_can_end_the_others(ended, monkeypatch):
    made = refusing(MpiSetupError("two MPIs"), monkeypatch)
    made.dismiss()
    made.leave(2)
    assert ended == [("launcher", False), ("exit", 2)]


def test_who_was_interrupted_before_the_ranks_met_does_not_wait_for_them(ended, monkeypatch):
    made = refusing(AssertionError("it waits"), monkeypatch)
    made.abandon()
    made.dismiss()  # they need not be told any more
    made.leave(3)
    assert ended == [("launcher", False), ("exit", 3)]


def test_a_rank_that_is_missing_is_no_error_of_the_dismissal(ended, monkeypatch):
    made = refusing(RankLost("rank 3 is missing"), monkeypatch)
    made.dismiss()
    made.leave(3)
    assert ended == []


def test_a_rank_that_was_lost_is_not_waited_for(ended):
    made = Crew()
    made.depart(Departure.EXIT)
    made.leave(0)
    assert ended == [("exit", 0)]


def test_two_crews_share_nothing(ended):
    first, second = Crew(), Crew()
    first.depart(Departure.EXIT)
    second.leave(0)
    assert ended == []
