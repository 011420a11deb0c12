"""What the pickles beside this file are made of."""

from dispel4py.base import ConsumerPE, IterativePE, ProducerPE
from dispel4py.core import GenericPE


class Lines(ProducerPE):
    def __init__(self, count):
        ProducerPE.__init__(self)
        self.count = count

    def _process(self, inputs):
        for number in range(self.count):
            self.write("output", f"{inputs.get('word', 'line')} {number % 4}")


class Split(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)

    def _process(self, line):
        for word in line.split():
            self.write("output", (word, 1))


class Count(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input", grouping=[0])
        self._add_input("other", grouping=[0])
        self._add_output("output")
        self.counts = {}

    def process(self, inputs):
        for word, number in inputs.values():
            self.counts[word] = self.counts.get(word, 0) + number

    def _postprocess(self):
        for item in self.counts.items():
            self.write("output", item)


class Drop(ConsumerPE):
    def __init__(self):
        ConsumerPE.__init__(self)

    def _process(self, data):
        pass


def lower(pair):
    return pair[0].lower(), pair[1]


def weigh(pair, by):
    return pair[0], pair[1] * by
