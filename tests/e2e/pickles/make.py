"""Makes the pickles beside this file, with dispel4py itself: python make.py (stream-d4py and cloudpickle)."""

import pickle
from pathlib import Path

import cloudpickle
import counting_elements as parts
from dispel4py.base import IterativePE, SimpleFunctionPE, create_iterative_chain
from dispel4py.examples.graph_testing import split_merge
from dispel4py.workflow_graph import WorkflowGraph

HERE = Path(__file__).parent


def counting():
    graph, lines, split, count = WorkflowGraph(), parts.Lines(10), parts.Split(), parts.Count()
    chain = create_iterative_chain([parts.lower, (parts.weigh, {"by": 2})])
    graph.connect(lines, "output", split, "input")
    graph.connect(split, "output", chain, "input")
    graph.connect(chain, "output", count, "input")
    graph.connect(split, "output", count, "other")
    graph.connect(split, "output", parts.Drop(), "input")
    return graph


class Negative(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)

    def _process(self, number):
        return -number


def main():
    for protocol in (0, 2, 5):
        (HERE / f"counting{protocol}.pickle").write_bytes(pickle.dumps(counting(), protocol))
    (HERE / "examples.pickle").write_bytes(pickle.dumps(split_merge.graph))
    by_value, own = WorkflowGraph(), Negative()
    by_value.connect(SimpleFunctionPE(abs), "output", own, "input")
    (HERE / "value.pickle").write_bytes(cloudpickle.dumps(by_value))
    (HERE / "script.pickle").write_bytes(pickle.dumps(by_value))


if __name__ == "__main__":
    main()
