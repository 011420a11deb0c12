"""The names of older versions: camelCase, ports as dicts, types that propagate, a graph that is flattened."""

from dispel4py.base import create_iterative_chain
from dispel4py.core import DESCRIPTION, META, NAME, TYPE, WRITER, GenericPE
from dispel4py.workflow_graph import WorkflowGraph


class OldProducer(GenericPE):
    OUTPUT_NAME = "output"

    def __init__(self):
        GenericPE.__init__(self)
        out1 = {}
        out1[NAME] = "output"
        out1[TYPE] = ["number", "name"]
        out1[DESCRIPTION] = "numbers and names"
        out1[META] = WRITER
        self.outputconnections["output"] = out1

    def process(self, inputs):
        return {"output": [inputs["number"], "n%d" % inputs["number"]]}


class OldFilter(GenericPE):
    def __init__(self, column):
        GenericPE.__init__(self)
        self.column = column
        self.inputconnections = {"input": {NAME: "input"}}
        self.outputconnections = {"output": {NAME: "output"}}
        self.pickleIgnore.append("scratch")
        self.scratch = None

    def setInputTypes(self, types):
        self.types = types["input"]

    def getOutputTypes(self):
        return {"output": self.types}

    def process(self, inputs):
        position = self.types.index(self.column)
        return {"output": (self.column, inputs["input"][position])}


def same(data):
    return data


producer = OldProducer()
chain = create_iterative_chain([same])
names, numbers = OldFilter("name"), OldFilter("number")
graph = WorkflowGraph()
graph.connect(producer, "output", names, "input")
graph.connect(producer, "output", numbers, "input")
graph.connect(names, "output", chain, "input")
graph.flatten()
graph.propagate_types()
assert len(graph.getContainedObjects()) == len(list(graph.graph.nodes())) == 4
assert all(graph.objToNode[pe].getContainedObject() is pe for pe in graph.getContainedObjects())
