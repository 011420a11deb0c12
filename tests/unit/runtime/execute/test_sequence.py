"""What an element has written: output by output, or in the order of its writes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hpcd4p import BatchPE, GenericPE, IterativePE
from hpcd4p.plan.model import UNDECLARED, ElementPlan, Role
from hpcd4p.runtime.execute.flow import Flow
from hpcd4p.runtime.execute.repetition import Repetition
from hpcd4p.wire.position import SourcePosition, Stage

CLOCK = SimpleNamespace(now=lambda: 0.0, started=0.0)


class Sides(GenericPE):
    """Writes each letter on an output of its own: a, b, or the rest on c."""

    def __init__(self):
        super().__init__()
        self._add_input("input")
        for name in "abc":
            self._add_output(name)

    def process(self, inputs):
        for letter in inputs["input"]:
            self.write(letter if letter in "ab" else "c", letter)


class Plain(IterativePE):
    """Gives what it does not write."""

    def __init__(self):
        super().__init__()
        self._add_output("b")

    def _process(self, item):
        if item % 2:
            self.write("b", item)
            return None
        return item


class Batches(BatchPE):
    def __init__(self):
        super().__init__()
        self._add_output("b")

    def process_batch(self, batch):
        self.write("b", batch[0])
        if "bad" in batch:
            raise ValueError
        return batch


def plan_of(element):
    collector = ElementPlan(1, "c", Role.COLLECT, False, 1, (), (), "", False)
    return SimpleNamespace(elements=(element, collector), outgoing=lambda: [{}, {}], size=1)


def started(pe, forks=("a", "b"), failed=lambda *_: None):
    outputs = tuple(pe.outputconnections)
    plan = ElementPlan(0, "e", Role.POOL, False, 0, ("input",), outputs, "", False, forks=forks)
    instance = Flow(plan_of(plan), 0, failed, CLOCK).instance(plan, pe)
    instance.on_failure = failed
    instance.start()
    return instance


def test_writes_are_taken_in_their_order():
    instance = started(Sides())
    instance.run("input", ["abba", "xa"])
    assert instance.take() == [("a", ["a"]), ("b", ["b", "b"]), ("a", ["a", "a"]), ("c", ["x"])]
    assert instance.written_by == {"a": 3, "b": 2, "c": 1}
    assert (instance.written, instance.take()) == (6, [])


def test_no_write_is_taken_before_one_that_may_not_be():
    instance = started(Sides())
    instance.run("input", ["aabab"])
    assert instance.take({"a": 1}) == [("a", ["a"])]
    assert instance.take({"b": 0}) == [("a", ["a"])]
    assert instance.take({"b": 1}) == [("b", ["b"]), ("a", ["a"])]
    assert instance.take() == [("b", ["b"])]


def test_what_a_call_gives_is_a_write_among_the_others():
    instance = started(Plain(), ("output", "b"))
    instance.run("input", [0, 2, 1, 4, 3])
    assert instance.take() == [("output", [0, 2]), ("b", [1]), ("output", [4]), ("b", [3])]


def test_a_batch_that_fails_has_written_nothing():
    failures = []
    instance = started(Batches(), ("output", "b"), lambda *failure: failures.append(failure[2]))
    instance.run("input", ["x", "y"])
    instance.run("input", ["bad"])
    instance.run("input", ["z"])
    assert failures == ["bad"]
    assert instance.take() == [("b", ["x"]), ("output", ["x", "y"]), ("b", ["z"]), ("output", ["z"])]


def test_what_is_forgotten_is_out_of_the_sequence():
    instance = started(Sides())
    mark = instance.mark()
    instance.run("input", ["ab"])
    instance.go_back(mark)
    instance.run("input", ["ba"])
    assert instance.take() == [("b", ["b"]), ("a", ["a"])]


def test_what_was_done_elsewhere_comes_in_its_order():
    instance = started(Sides())
    instance.stands_for(1, 0.0, [("b", [1]), ("a", [2]), ("b", [3, 4]), ("c", [5])])
    assert instance.take() == [("b", [1]), ("a", [2]), ("b", [3, 4]), ("c", [5])]


def test_a_call_that_writes_much_hands_over_in_order():
    instance, taken = started(Sides()), []
    instance.overflow_at = 2
    instance.on_overflow = lambda full: taken.append(full.take())
    instance.run("input", ["abba"])
    assert taken == [[("a", ["a"]), ("b", ["b", "b"])]]
    assert instance.take() == [("a", ["a"])]


def test_what_is_repeated_is_dropped_from_the_sequence():
    instance = started(Sides())
    at = SourcePosition(0, Stage.HEAD, 1, True, {"a": 2, "b": 1}, 0, 0.0, None)
    repeated = Repetition(instance, at)
    instance.run("input", ["aba", "bba"])
    assert instance.take(repeated.limits()) == []
    assert repeated.drop()
    assert instance.take(repeated.limits()) == [("b", ["b", "b"]), ("a", ["a"])]


@pytest.mark.parametrize(("forks", "keeps"), [((), False), (("a",), False), (("a", "b"), True)])
def test_only_who_parts_paths_on_several_outputs_keeps_a_sequence(forks, keeps):
    instance = started(Sides(), forks)
    assert (instance.sequence is not None) is keeps
    instance.run("input", ["abxa"])
    once = [("a", ["a"]), ("b", ["b"]), ("a", ["a"])] if keeps else [("a", ["a", "a"]), ("b", ["b"])]
    assert instance.take() == [*once, ("c", ["x"])]


def test_a_write_that_another_thread_is_making_is_taken_once_it_is_made():
    instance = started(Sides())
    instance.stands_for(0, 0.0, [("b", [1])])
    instance.sequence.note("a")
    instance.stands_for(0, 0.0, [("b", [3])])
    assert instance.take() == [("b", [1])]
    instance.out["a"].append(2)
    assert instance.take() == [("a", [2]), ("b", [3])]


def test_undeclared_outputs_are_taken_all_the_same():
    pe = Sides()
    instance = started(pe)
    pe.write("x", 1)
    pe.write("a", 2)
    assert instance.take() == [("a", [2]), (UNDECLARED, [("x", 1)])]
