"""What runs where its input is written, in the static mapping: failures, and state that nobody declared."""

from __future__ import annotations

import pytest

from hpcd4p import IterativePE
from hpcd4p.testing.cluster import Cluster
from tests.sim.compare import seeds
from tests.sim.one_process import OneProcess
from tests.sim.test_order import Echo, Heard, Hop, Stays, join, meeting_of

BAD = "3 of 7"


class Fails(Hop):
    """Some tuples cannot be worked on."""

    def _process(self, item):
        if item[2] % 7 == 3:
            raise ValueError(BAD)
        super()._process(item)


def note(pe):
    vars(pe)["n"] = vars(pe).get("n", 0) + 1


class Counts(IterativePE):
    """Holds state, which reading it does not show."""

    def _process(self, item):
        note(self)
        return item[0], f"{item[1]}n ", item[2]


def behind(source, *hops):
    return meeting_of(source, Heard(), *hops, directly=True)


def behind_state(*hops):
    source, echo = Stays(), Echo()
    graph = behind(echo, *hops)
    join(graph, source, echo)
    return graph


@pytest.mark.parametrize("size", [2, 4, 9])
def test_failed_tuples_are_those_of_one_process(size):
    def graph():
        return behind(Stays(), Fails("a"), Hop("b"))

    alone = OneProcess(graph(), 80, 0, every_s=1e9)
    alone.run()
    for seed in seeds(3):
        cluster = Cluster(graph(), size, 80, seed, mapping="static")
        summary = cluster.run()
        assert summary.status == 1
        assert letters(cluster.sink) == letters(alone.sink) != []


def letters(sink):
    return sorted((each.element, each.input, each.value_text) for each in sink.letters)


@pytest.mark.parametrize(
    ("build", "status"),
    [(lambda: behind(Stays(), Counts(), Hop("b")), 0), (lambda: behind_state(Counts(), Hop("b")), 1)],
    ids=["on one rank", "on several ranks"],
)
def test_state_that_nobody_declared_is_in_doubt_where_several_ranks_have_it(build, status):
    summary = Cluster(build(), 6, 80, 1, mapping="static").run()
    assert summary.status == status, summary.reason
    assert ("Counts" in summary.reason) == bool(status)
