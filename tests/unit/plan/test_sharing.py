"""Elements that share what one of them changes, as the plan places them."""

from __future__ import annotations

import pytest

from hpcd4p import IterativePE, KeyedPE, ProducerPE, WorkflowGraph
from hpcd4p.errors import WorkflowError
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.model import Role
from hpcd4p.plan.settings import EngineSettings

COUNTS: dict[str, int] = {}
OTHERS: list[int] = []
LIMIT = 3


def count(name):
    COUNTS[name] = COUNTS.get(name, 0) + 1
    return COUNTS[name]


class Source(ProducerPE):
    def _process(self, inputs):
        return 1


class CountingSource(ProducerPE):
    def _process(self, inputs):
        OTHERS.append(1)
        return len(OTHERS)


class Counts(IterativePE):
    stateful = True
    numprocesses = 3

    def _process(self, data):
        return count("a")


class Helped(IterativePE):
    def _process(self, data):
        return count("b")


class Both(IterativePE):
    def _process(self, data):
        OTHERS.append(len(COUNTS))
        return data


class Keyed(KeyedPE):
    key = 0

    def process_key(self, key, data, state):
        return LIMIT


class Spared(Helped):
    stateful = False


class Limited(IterativePE):
    def _process(self, data):
        return min(data, LIMIT)


def plan_of(*kinds, source=Source, size=13, mapping="hybrid", by_value=False):
    graph = WorkflowGraph()
    first = source()
    for kind in kinds:
        graph.connect(first, "output", kind(), "input")
    settings = EngineSettings(stateful_ranks=4)
    return make_plan(graph, size, settings, mapping=mapping, by_value=by_value)[0]


def hosts(plan, *elements):
    return {plan.owner(e, p) for e in elements for p in range(plan.elements[e].partitions)}


@pytest.mark.parametrize("mapping", ["hybrid", "static"])
def test_one_rank_has_all_that_shares_what_is_changed(mapping):
    plan = plan_of(Counts, Helped, Both, mapping=mapping)
    assert len(hosts(plan, 1, 2, 3)) == 1
    assert {plan.elements[i].role for i in (1, 2, 3)} == {Role.STATE}
    assert "COUNTS (a global of " in plan.elements[2].reason
    assert all(e.together for e in plan.elements[1:4])


@pytest.mark.parametrize("kinds", [(Keyed, Limited), (Limited, Limited), (Counts, Spared), (Counts,)])
def test_what_is_not_changed_or_does_not_matter_joins_nobody(kinds):
    plan = plan_of(*kinds)
    assert not any(e.together for e in plan.elements)


def test_constants_that_ranks_share_are_watched_as_they_might_change():
    plan = plan_of(Keyed, Limited)
    word = f"LIMIT (a global of {__name__})"
    assert [word in e.shared for e in plan.elements[:3]] == [False, True, True]


def test_elements_of_the_pool_alone_need_no_watch_beside_their_own():
    assert not any(e.shared for e in plan_of(Limited, Limited).elements)


def test_a_source_stays_with_the_head_and_what_it_shares_is_watched():
    plan = plan_of(Both, source=CountingSource)
    word = f"OTHERS (a global of {__name__})"
    assert word in plan.elements[0].shared
    assert word in plan.elements[1].shared


def test_one_process_has_nothing_to_share():
    plan = plan_of(Counts, Helped, size=1)
    assert not any(e.together or e.shared for e in plan.elements)
    assert plan.elements[2].role is Role.POOL


def test_two_ranks_have_all_in_one_place_but_the_source():
    plan = plan_of(Counts, Helped, size=2)
    assert hosts(plan, 1, 2) == {1}
    assert not any(e.shared for e in plan.elements)


def test_the_dynamic_mapping_says_what_it_cannot_place():
    with pytest.raises(WorkflowError, match=r"Both3.*OTHERS|Both3.*COUNTS"):
        plan_of(Spared, Helped, Both, mapping="dynamic")
