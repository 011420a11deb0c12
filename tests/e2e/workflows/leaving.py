"""What a pool works on leaves the run: ``--range N`` readings, some of which take much longer than others.

``--meet`` has paths meet at an output, ``--state`` has one instance with state before another one.
"""

from __future__ import annotations

from order import Calibrate, Calls, Hop, Readings

from hpcd4p import GenericPE, WorkflowGraph


class Difference(GenericPE):
    """To the value before: one instance."""

    ordered = True

    def __init__(self):
        super().__init__()
        self._add_input("input", grouping="global")
        self._add_output("output")
        self.last = 0.0

    def process(self, inputs):
        sensor, number, value = inputs["input"]
        self.write("output", (sensor, number, round(value - self.last, 6)))
        self.last = value


class Aside(Hop):
    """Leaves in any order."""

    ordered_outputs = False


def add_options(parser):
    parser.add_argument("--range", type=int, default=400, help="readings")
    parser.add_argument("--ms", type=float, default=1.0, help="of most calls of an element of the pool")
    parser.add_argument("--meet", action="store_true")
    parser.add_argument("--state", action="store_true")


def build(options):
    graph = WorkflowGraph()
    graph.name = "leaving"
    ms = options.ms
    readings, calls = Readings(options.range), Calls()
    first = Hop("first", ms)
    edges = [
        (readings, first),
        (first, Calibrate("calibrate", ms)),
        (first, Aside("aside", ms)),
        (calls, Hop("again", ms)),
    ]
    if options.meet:
        joined = Hop("joined", ms)
        for side in (Hop("left", ms), Calibrate("right", ms)):
            edges += [(first, side), (side, joined)]
        edges += [(first, joined)]
    if options.state:
        state = Difference()
        edges += [(first, state), (state, Hop("behind", ms))]
    for before, after in edges:
        graph.connect(before, "output", after, "input")
    return graph
