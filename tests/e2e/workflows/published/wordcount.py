"""Word count in the shape of Laminar's example: lines, words, a count for each word."""

from collections import defaultdict

from dispel4py.base import IterativePE, ProducerPE
from dispel4py.core import GenericPE
from dispel4py.workflow_graph import WorkflowGraph

TEXT = """The quick brown fox jumps over the lazy dog
the dog sleeps and the fox is gone
over and over"""


class SplitLines(ProducerPE):
    def __init__(self):
        ProducerPE.__init__(self)

    def _process(self, inputs):
        for line in TEXT.splitlines():
            self.write("output", line)


class SplitWords(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)

    def _process(self, data):
        for word in data.split(" "):
            self.write("output", (word, 1))


class CountWords(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input", grouping=[0])
        self._add_output("output")
        self.count = defaultdict(int)

    def _process(self, inputs):
        word, count = inputs["input"]
        self.count[word] += count

    def _postprocess(self):
        for word, count in self.count.items():
            self.write("output", (word, count))


split, words, count = SplitLines(), SplitWords(), CountWords()
count.numprocesses = 3
graph = WorkflowGraph()
graph.connect(split, "output", words, "input")
graph.connect(words, "output", count, "input")
