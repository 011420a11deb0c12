"""Words are counted by an element that is grouped by a position; it writes each count that it reaches."""

from dispel4py.core import GROUPING, NAME, TYPE, GenericPE
from dispel4py.workflow_graph import WorkflowGraph


class WordLines(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self.inputconnections["line"] = {NAME: "line"}
        self.outputconnections["output"] = {NAME: "output", TYPE: ["word"]}

    def process(self, inputs):
        for word in inputs["line"].split():
            self.write("output", [word])


class WordCounter(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self.inputconnections["input"] = {NAME: "input", GROUPING: [0]}
        self.outputconnections["output"] = {NAME: "output", TYPE: ["word", "count"]}
        self.mywords = {}

    def process(self, inputs):
        word = inputs["input"][0]
        self.mywords[word] = self.mywords.get(word, 0) + 1
        return {"output": [word, self.mywords[word]]}


lines, count = WordLines(), WordCounter()
count.numprocesses = 3
graph = WorkflowGraph()
graph.connect(lines, "output", count, "input")
