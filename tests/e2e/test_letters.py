"""On real ranks, too, every tuple is delivered or a dead letter; and letters stay small."""

from __future__ import annotations

import pytest

SOURCE = """
import threading
from hpcd4p import GenericPE, IterativePE, KeyedPE, WorkflowGraph

class Unreadable:
    def __reduce__(self):
        return int, ("this is no number",)

class Strange:
    __hash__ = object.__hash__

MAKE = {
    "unpicklable": lambda: ("key", threading.Lock()),
    "unreadable": lambda: ("key", Unreadable()),
    "key": lambda: (Strange(), 1),
}

class Source(GenericPE):
    def __init__(self):
        super().__init__()
        self._add_output("output")
        self.calls = 0

    def process(self, inputs):
        self.calls += 1
        if "PLACE" == "process":
            return {"output": MAKE["FAULT"]()}

    def postprocess(self):
        if "PLACE" == "postprocess":
            self.write("output", MAKE["FAULT"]())

class Count(KeyedPE):
    def process_key(self, key, value, state):
        return (state or 0) + 1

class Pass(IterativePE):
    def _process(self, pair):
        return pair

source, target = Source(), TARGET()
graph = WorkflowGraph()
graph.connect(source, "output", target, "input")
"""


@pytest.mark.parametrize("place", ["process", "postprocess"])
@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("Pass", "unpicklable"),
        ("Pass", "unreadable"),
        ("Count", "unpicklable"),
        ("Count", "unreadable"),
        ("Count", "key"),
    ],
)
def test_the_only_tuple_of_a_source_is_not_lost_in_silence(hpcd4p, target, fault, place):
    text = SOURCE.replace("PLACE", place).replace("FAULT", fault).replace("TARGET", target)
    ended = hpcd4p("run", "-n", "3", "w.py", "-i", "1", workflow=text)
    assert ended.status == 1, ended.out
    record = ended.record()
    (letter,) = record["dead_letters"]
    assert letter["element"] == ("Source0" if fault == "unpicklable" else f"{target}1")
    assert record["summary"]["failures"] == [
        {name: letter[name] for name in ("element", "place")}
        | {"error": letter["kind"], "tuples": 1, "examples": 1}
    ]


COMPANIONS = """
from hpcd4p import IterativePE, ProducerPE, WorkflowGraph

class Reading:
    def __init__(self, number):
        self.number = number

    def __setstate__(self, state):
        if state["number"] % 50 == 7:
            raise ValueError(f"reading {state['number']} is torn")
        self.__dict__.update(state)

class Read(ProducerPE):
    def __init__(self):
        super().__init__()
        self.number = 0

    def _process(self, inputs):
        self.number += 1
        return Reading(self.number)

class Scale(IterativePE):
    def _process(self, reading):
        return reading.number

read, scale = Read(), Scale()
graph = WorkflowGraph()
graph.connect(read, "output", scale, "input")
"""


def test_a_tuple_that_cannot_be_unpickled_takes_no_other_with_it(hpcd4p):
    ended = hpcd4p("run", "-n", "3", "w.py", "-i", "200", "--hopeless-after", "5", workflow=COMPANIONS)
    assert ended.status == 1, ended.err
    record = ended.record()
    assert sorted(record["outputs"]["Scale1.output"]["values"]) == [n for n in range(1, 201) if n % 50 != 7]
    told = sorted(letter["error"] for letter in record["dead_letters"])
    assert told == sorted(f"ValueError: reading {n} is torn" for n in (7, 57, 107, 157))
    (kind,) = record["summary"]["failures"]
    assert (kind["element"], kind["tuples"]) == ("Scale1", 4)


LOUD = """
from hpcd4p import IterativePE, ProducerPE, WorkflowGraph

class Make(ProducerPE):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def _process(self, inputs):
        self.calls += 1
        return self.calls

class Loud(IterativePE):
    def _process(self, number):
        if number % 21:
            raise ValueError(f"{number}: " + "x" * 2_000_000)
        return number

make, loud = Make(), Loud()
graph = WorkflowGraph()
graph.connect(make, "output", loud, "input")
"""


def test_loud_failures_are_counted_exactly_and_hold_little(hpcd4p):
    ended = hpcd4p("run", "-n", "3", "w.py", "-i", "2100", workflow=LOUD)
    assert ended.status == 1, ended.err
    assert "2,000 in Loud1: ValueError at w.py:" in ended.out
    assert "2000 tuples failed" in ended.out or "2,000 tuples failed" in ended.out
    record = ended.record()
    assert record["summary"]["outputs"] == {"Loud1.output": 100}
    (kind,) = record["summary"]["failures"]
    assert (kind["tuples"], kind["examples"]) == (2000, 100)
    assert len(record["dead_letters"]) == 100
    (path,) = (ended.folder / "results").glob("*.h5")
    assert path.stat().st_size < 4 << 20
    assert record["summary"]["ranks_figures"][0]["peak_rss_bytes"] < 400 << 20
