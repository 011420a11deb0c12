"""`process` where `_process` is meant: what could never work is told, what might is left alone."""

from __future__ import annotations

from collections import Counter

import pytest

from hpcd4p.plan.bare_datum import misnamed
from hpcd4p.workflow.elements import ConsumerPE, GenericPE, IterativePE, ProducerPE


class Doubles(IterativePE):
    def process(self, data):
        return data * 2


class Splits(IterativePE):
    def process(self, line):
        self.write("output", line.split())


class TakesFirst(ConsumerPE):
    def process(self, data):
        self.first = data[0]


class Says(ProducerPE):
    def process(self, inputs):
        return f"{inputs}"


class Adds(IterativePE):
    def process(self, inputs):
        datum = inputs["input"]
        return datum + 1


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Doubles, "so `data * 2` fails"),
        (Splits, "so `line.split` fails"),
        (TakesFirst, "so `data[0]` fails"),
        (Says, "must return a dict, {'output': datum}, or None, not `f'{inputs}'`"),
        (Adds, "not `datum + 1`"),
    ],
)
def test_a_process_that_was_meant_for_the_bare_datum_is_told_with_the_line_that_shows_it(kind, words):
    assert words in misnamed(kind())


class OfDicts(IterativePE):
    def process(self, inputs):
        return {"output": inputs[self.INPUT_NAME] * 2}


class Generic(GenericPE):
    def process(self, data):
        return data * 2


class KnowsBoth(IterativePE):
    def process(self, data):
        if isinstance(data, dict):
            data = data["input"]
        return {"output": data * 2}


class Counts(IterativePE):
    def process(self, inputs):
        return Counter(output=1) + Counter(inputs)


class HandsOn(IterativePE):
    def process(self, inputs):
        def doubled(x):
            return x * 2

        return super().process({"input": doubled(inputs["input"])})

    def _process(self, data):
        return data


@pytest.mark.parametrize("kind", [OfDicts, Generic, KnowsBoth, Counts, HandsOn])
def test_a_process_that_may_know_dicts_is_left_alone(kind):
    assert misnamed(kind()) == ""
