"""A workflow may be deeper than Python's calls, and a call in its middle may hold more where it is deep."""

from __future__ import annotations

import sys
import tracemalloc

import pytest

from hpcd4p import GenericPE, IterativePE, ProducerPE, WorkflowGraph, run
from hpcd4p.runtime.execute.depth import NESTED_CALLS, Nesting, Work, depth_first

DEEP = 2 * sys.getrecursionlimit()


class Numbers(ProducerPE):
    def _process(self, inputs):
        return 0


class More(IterativePE):
    def _process(self, number):
        return number + 1


class Counts(IterativePE):
    stateful = True

    def __init__(self):
        super().__init__()
        self.seen = 0

    def _process(self, number):
        self.seen += 1
        return number + 1


class Large(GenericPE):
    """Writes more in a call than is held: what follows runs in the middle of it."""

    def __init__(self):
        super().__init__()
        self._add_input("input")
        self._add_output("output")

    def process(self, inputs):
        for _ in range(2):
            self.write("output", inputs["input"])


def chain(kinds):
    graph, last = WorkflowGraph(), Numbers()
    for kind in kinds:
        pe = kind()
        graph.connect(last, "output", pe, "input")
        last = pe
    return graph


def answers(graph, count):
    ((_, values),) = run(graph, count).outputs.items()
    return values


@pytest.mark.parametrize("kinds", [[More], [Counts], [More, Counts]], ids=["stateless", "stateful", "mixed"])
def test_a_chain_may_be_deeper_than_calls_of_python(kinds):
    graph = chain([kinds[i % len(kinds)] for i in range(DEEP)])
    assert answers(graph, 3) == [DEEP] * 3


def test_a_source_may_feed_thousands():
    graph, source = WorkflowGraph(), Numbers()
    for _ in range(DEEP):
        graph.connect(source, "output", More(), "input")
    outputs = run(graph, 2).outputs
    assert len(outputs) == DEEP
    assert all(values == [1, 1] for values in outputs.values())


def test_calls_that_write_much_may_lie_in_each_other(monkeypatch):
    from hpcd4p.runtime.execute import instance

    monkeypatch.setattr(instance, "FIRST_LOOK_TUPLES", 1)
    monkeypatch.setattr(instance, "OVERFLOW_TUPLES", 1)
    graph = chain([Large] * 3 + [More] * DEEP + [Large] * 2)
    assert answers(graph, 1) == [DEEP] * 2**5


def test_a_chain_of_calls_that_write_much_may_be_deeper_than_calls_of_python(monkeypatch):
    from hpcd4p.runtime.execute import instance

    monkeypatch.setattr(instance, "FIRST_LOOK_TUPLES", 1)
    monkeypatch.setattr(instance, "OVERFLOW_TUPLES", 1)

    class Once(Large):
        def process(self, inputs):
            self.write("output", inputs["input"])

    assert answers(chain([Once] * DEEP), 2) == [0, 0]


def test_the_deeper_calls_lie_in_each_other_the_more_each_must_hold():
    nesting = Nesting()
    levels = 0
    with_all_of_memory = 1 << 40
    while nesting.allows(with_all_of_memory, most=8192):
        nesting.__enter__()
        levels += 1
    assert NESTED_CALLS < levels < NESTED_CALLS + 40
    while levels:
        nesting.__exit__()
        levels -= 1
    assert nesting.allows(8192, most=8192)


def test_copies_for_several_receivers_are_not_all_alive_at_once():
    class Lists(ProducerPE):
        def _process(self, inputs):
            return [0.5] * 10_000

    class Length(IterativePE):
        def _process(self, values):
            return len(values)

    graph, source = WorkflowGraph(), Lists()
    for _ in range(100):
        graph.connect(source, "output", Length(), "input")
    tracemalloc.start()
    try:
        run(graph, 1)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 100 * 80_000 / 4


def test_work_is_done_depth_first_and_in_order():
    done = []

    def work(name: str, *below: Work) -> Work:
        done.append(f"{name} begins")
        yield from below
        done.append(f"{name} ends")

    depth_first(work("a", work("b", work("c")), work("d")))
    assert " ".join(done) == "a begins b begins c begins c ends b ends d begins d ends a ends"


def test_work_may_be_fifty_thousand_levels_deep():
    deepest = 50_000
    done = []

    def work(level: int) -> Work:
        if level < deepest:
            yield work(level + 1)
        done.append(level)

    depth_first(work(1))
    assert done == list(range(deepest, 0, -1))


def test_memory_holds_one_batch_for_each_level_not_all_that_comes_of_them():
    alive = most = 0

    def work(level: int) -> Work:
        nonlocal alive, most
        alive += 1
        most = max(most, alive)
        if level < 6:
            for _ in range(5):
                yield work(level + 1)
        alive -= 1

    depth_first(work(0))
    assert most == 7


def test_what_comes_of_a_branch_is_done_before_the_next_one_begins():
    seen = []

    class Twice(IterativePE):
        def _process(self, number):
            self.write("output", number)
            self.write("output", number + 10)

    class Note(IterativePE):
        def __init__(self, name):
            super().__init__()
            self.label = name

        def _process(self, number):
            seen.append((self.label, number))
            return number

    graph, source, twice = WorkflowGraph(), Numbers(), Twice()
    graph.connect(source, "output", twice, "input")
    for name in "ab":
        first, second = Note(name), Note(name * 2)
        graph.connect(twice, "output", first, "input")
        graph.connect(first, "output", second, "input")
    run(graph, 1)
    # the first batch of an element is one tuple
    assert seen == [(name * k, n) for name in "ab" for n in (0, 10) for k in (1, 2)]


@pytest.mark.filterwarnings("ignore:3 tuples failed")
def test_a_failure_deep_in_a_chain_tells_of_the_element_alone():
    class Fails(IterativePE):
        def _process(self, number):
            raise ValueError("no")

    ended = run(chain([More] * (DEEP // 2) + [Fails] + [More] * 10), 3)
    assert ended.summary.failed == 3
    for letter in ended.dead_letters:
        assert len(letter.traceback.splitlines()) < 8
