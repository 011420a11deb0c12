"""State that is said with the attribute of the hybrid mapping: by nature, all in one, to all, by key."""

from dispel4py.base import IterativePE, ProducerPE
from dispel4py.core import GenericPE
from dispel4py.workflow_graph import WorkflowGraph


class PairSource(ProducerPE):
    def _process(self, inputs):
        for number in range(40):
            self.write("output", (number % 5, number))


class Running(IterativePE):
    """Writes how many tuples it has seen of each kind."""

    def __init__(self, stateful):
        IterativePE.__init__(self)
        self.stateful = stateful
        self.seen = {}

    def _process(self, data):
        self.seen[data[0]] = self.seen.get(data[0], 0) + 1
        return data[0], self.seen[data[0]]


class Greatest(GenericPE):
    stateful = "all"

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_output("output")
        self.greatest = None

    def process(self, inputs):
        number = inputs["input"][1]
        self.greatest = number if self.greatest is None else max(number, self.greatest)

    def _postprocess(self):
        self.write("output", self.greatest)


pairs = PairSource()
by_nature, in_one, by_key, greatest = Running("nature"), Running("global"), Running([0]), Greatest()
in_one.numprocesses = by_key.numprocesses = greatest.numprocesses = 3
graph = WorkflowGraph()
for pe in (by_nature, in_one, by_key, greatest):
    graph.connect(pairs, "output", pe, "input")
graph.partitions = [[pairs], [by_nature, in_one], [by_key, greatest]]
