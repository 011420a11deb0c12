"""The run is over when, and only when, nothing is left to do: whatever order things happen in."""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hpcd4p.control.ending import ElementState, Ending, Finishing
from hpcd4p.plan.model import Role
from tests.unit.control.plans import plan_of


class Run(RuleBasedStateMachine):
    """A run as the counters see it. Tuples are finished, and lead to others, in any order."""

    @initialize(data=st.data(), count=st.integers(1, 5))
    def begin(self, data, count):
        roles = [Role.ROOT] + [data.draw(st.sampled_from([Role.POOL, Role.STATE])) for _ in range(count)]
        edges = []
        for e in range(1, count + 1):
            sources = data.draw(st.sets(st.integers(0, e - 1), min_size=1))
            edges += [(source, e) for source in sorted(sources)]
        plan = plan_of(roles, edges, data.draw(st.integers(1, 3)))
        mute = data.draw(st.sets(st.integers(0, count)))  # elements that declare no output
        self.plan = plan._replace(
            routes=tuple(r for r in plan.routes if r.target != plan.collector or r.source not in mute)
        )
        self.ending = Ending(self.plan)
        self.pending = Counter({0: 1})
        self.unfinished = {e.index: e.partitions for e in self.plan.elements if e.role is Role.STATE}
        self.given = []

    def send(self, element, data):
        for route in self.plan.routes:
            if route.source == element:
                more = data.draw(st.integers(0, 2))
                self.pending[route.target] += more
        if element != self.plan.collector:  # on an output that nobody declared
            self.pending[self.plan.collector] += data.draw(st.integers(0, 1))

    @precondition(lambda self: any(self.pending.values()))
    @rule(data=st.data())
    def one_tuple_is_finished(self, data):
        element = data.draw(st.sampled_from([e for e, n in self.pending.items() if n]))
        finishing = self.ending.state(element) is ElementState.FINISHING
        if finishing:
            self.unfinished[element] -= 1
        self.send(element, data)
        self.pending[element] -= 1

    @rule()
    def the_head_looks(self):
        for order in self.ending.observe(dict(self.pending)):
            self.given.append(order)
            self.pending[order.element] += order.instances

    @invariant()
    def nothing_happens_behind_what_is_drained(self):
        if not hasattr(self, "plan"):
            return
        for element in self.plan.elements:
            e = element.index
            if self.ending.state(e) is not ElementState.OPEN:
                assert all(self.ending.state(u) is ElementState.DRAINED for u in self.plan.upstream()[e])
            if self.ending.state(e) is ElementState.DRAINED:
                assert not self.pending.get(e)
                assert not self.unfinished.get(e)

    @invariant()
    def every_element_is_finished_once(self):
        if hasattr(self, "given"):
            elements = [order.element for order in self.given]
            assert len(elements) == len(set(elements))

    @invariant()
    def it_is_over_only_when_nothing_is_left(self):
        if hasattr(self, "ending") and self.ending.over:
            assert not any(self.pending.values())
            assert not any(self.unfinished.values())
            assert self.ending.open_elements() == []

    def teardown(self):
        """From wherever it is, the run comes to its end."""
        if not hasattr(self, "ending"):
            return
        for _ in range(100):
            for e in list(self.pending):
                if self.ending.state(e) is ElementState.FINISHING:
                    self.unfinished[e] -= self.pending[e]
                self.pending[e] = 0
            self.the_head_looks()
            if self.ending.over:
                break
        assert self.ending.over
        assert not any(self.unfinished.values())


TestRun = Run.TestCase
TestRun.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_an_element_finishes_when_its_last_tuple_is_done_and_the_next_only_after_it():
    ending = Ending(plan_of([Role.ROOT, Role.STATE, Role.STATE], [(0, 1), (1, 2)], partitions=3))
    assert ending.observe({0: 1}) == []
    assert ending.observe({0: 0, 1: 4}) == []
    assert ending.observe({0: 0, 1: 0}) == [Finishing(1, 3)]
    assert ending.observe({0: 0, 1: 2, 2: 9}) == []
    assert ending.observe({0: 0, 1: 0, 2: 0}) == [Finishing(2, 3)]
    assert ending.observe({0: 0, 1: 0, 2: 0, 3: 1}) == []
    assert not ending.over
    ending.observe({})
    assert ending.over


def test_elements_without_state_are_drained_in_one_look():
    ending = Ending(plan_of([Role.ROOT, Role.POOL, Role.POOL], [(0, 1), (1, 2)]))
    assert ending.observe({}) == []
    assert ending.over


def test_a_workflow_that_collects_nothing_is_not_over_before_its_work_is_done():
    plan = plan_of([Role.ROOT, Role.POOL], [(0, 1)])
    ending = Ending(plan._replace(routes=tuple(r for r in plan.routes if r.target != plan.collector)))
    ending.observe({0: 1})
    assert not ending.over
    assert ending.open_elements() == ["e0", "e1", "collector"]
    ending.observe({})
    assert ending.over


def test_what_is_drained_stays_drained():
    ending = Ending(plan_of([Role.ROOT], []))
    ending.observe({})
    assert ending.observe({0: 5, 1: 5}) == []
    assert ending.over
    assert ending.state(0) is ElementState.DRAINED
