"""What a dead letter says, how long it may be, and when there are enough."""

from __future__ import annotations

import json

import pytest

from hpcd4p import IterativePE, ProducerPE, SimpleFunctionPE, WorkflowGraph
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.summary import FailureKind
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.letters import MOST_KEPT, MOST_KINDS, VALUE_CHARS, Letters, cut, show_value
from hpcd4p.wire.statistics import Cause


class Make(ProducerPE):
    def _process(self, inputs):
        return 1


class Parse(IterativePE):
    def _process(self, data):
        return self.parsed(data)

    def parsed(self, data):
        return json.loads(data)


class Tell(IterativePE):
    def _process(self, data):
        self.write(["no name"], data)


def half(data):
    return 1 // data


def letters(size: int = 4) -> Letters:
    graph = WorkflowGraph()
    graph.connect(Make(), "output", Parse(), "input")
    return Letters(make_plan(graph, size, EngineSettings())[0], 2, Clock())


def raised(error: Exception) -> Exception:
    try:
        raise error
    except type(error) as caught:
        return caught


def kind_of(pe, value) -> FailureKind:
    """The kind of failure that an element makes of `value`."""
    graph = WorkflowGraph()
    graph.connect(Make(), "output", pe, "input")
    plan, elements = make_plan(graph, 2, EngineSettings())
    found = []
    writer = Letters(plan, 1, Clock())
    instance = Instance(
        plan.elements[1],
        elements[1],
        0,
        1,
        lambda i, port, v, error: found.append(writer.write(1, Cause.RAISED, port, v, error)),
        Clock(),
    )
    instance.start()
    instance.run("input", [value])
    (failure,) = found
    assert failure.letter is not None
    assert (failure.letter.kind, failure.letter.place) == failure.kind[1:]
    return failure.kind


def test_the_place_is_the_deepest_line_of_the_file_of_the_element_not_of_a_library():
    element, error, place = kind_of(Parse(), "{")
    assert (element, error) == ("Parse1", "JSONDecodeError")
    file, line = place.split(" in ")[0].split(":")
    assert file == "test_letters.py"
    assert place.endswith(" in Parse.parsed")
    with open(__file__) as text:
        assert "json.loads(data)" in text.readlines()[int(line) - 1]


def test_the_place_is_a_line_of_the_user_also_where_the_engine_stands_before_or_behind_it():
    assert kind_of(SimpleFunctionPE(half), 0).place.endswith("half")
    assert kind_of(Tell(), 0).place.endswith(" in Tell._process")


def test_the_first_of_a_kind_are_written_out_and_the_others_counted():
    writer = letters()
    error = raised(ValueError("no"))
    written = [writer.write(1, Cause.RAISED, "input", i, error) for i in range(MOST_KEPT + 50)]
    assert sum(failure.letter is not None for failure in written) == MOST_KEPT
    assert {failure.kind for failure in written} == {written[0].kind}
    assert all(failure.tuples == 1 for failure in written)
    other = writer.write(1, Cause.RAISED, "input", 1, raised(KeyError("no")))
    assert other.letter is not None


def test_many_ranks_write_fewer_each():
    writer = letters(2000)
    error = raised(ValueError("no"))
    written = [writer.write(1, Cause.RAISED, "input", i, error) for i in range(50)]
    assert sum(failure.letter is not None for failure in written) == 5


def test_kinds_without_end_are_one_kind():
    writer = letters()
    kinds = set()
    for i in range(MOST_KINDS + 500):
        error = type(f"Error{i}", (Exception,), {})("no")
        kinds.add(writer.write(1, Cause.RAISED, "input", i, error).kind)
    assert len(kinds) == MOST_KINDS + 1
    assert FailureKind("Parse1", "other errors", "") in kinds


def test_texts_are_cut_and_say_how_long_they_were():
    text = "x" * 2_000_000
    letter = letters().write(1, Cause.RAISED, "input", [text], raised(ValueError(text))).letter
    assert letter is not None
    for part, length in ((letter.value_text, 2_000_004), (letter.error, 2_000_012)):
        assert len(part) < VALUE_CHARS + 30
        assert part.endswith(f"... ({length} characters)")
    assert len(letter.traceback) < 8100
    assert letter.traceback.startswith("Traceback")
    assert "characters, the middle is left out" in letter.traceback


def test_a_value_that_cannot_be_shown_is_named():
    class Shy:
        def __repr__(self):
            raise RuntimeError

    assert show_value(Shy()) == "<Shy whose repr raised RuntimeError>"


@pytest.mark.parametrize("value", ["x" * 5000, b"x" * 5000, ["x" * 5000]])
def test_a_long_value_is_cut(value):
    assert show_value(value).endswith(" characters)")
    assert len(show_value(value)) < VALUE_CHARS + 30


def test_what_is_short_is_not_cut():
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 2, 2) == "abcd"
    assert cut("abcd", 3) == "abc... (4 characters)"
    assert cut("abcde", 2, 1) == "ab\n... (5 characters, the middle is left out) ...\ne"
