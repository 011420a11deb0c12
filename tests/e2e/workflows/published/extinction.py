"""Internal extinction of galaxies: coordinates, a table of each, two columns, a formula."""

import math
from itertools import pairwise
from xml.etree import ElementTree

from dispel4py.base import GenericPE, IterativePE
from dispel4py.workflow_graph import WorkflowGraph

TYPES = {"E": -5, "S0": -2, "Sa": 1, "Sb": 3, "Sc": 6, "SBd": 8}


class ReadRaDec(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_output("output")

    def _process(self, inputs):
        for count in range(12):
            self.write("output", [count, str(count * 7.5), str(-count), 0.001])


class GetVOTable(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)

    def _process(self, data):
        count, ra, dec, _ = data
        galaxy = [*TYPES, "?"][count % (len(TYPES) + 1)]
        return [count, ra, dec, f"<row><MType>{galaxy}</MType><logR25>{count / 20}</logR25></row>"]


class FilterColumns(IterativePE):
    def __init__(self, columns=("MType", "logR25")):
        IterativePE.__init__(self)
        self.columns = columns

    def _process(self, data):
        count, ra, dec, table = data
        row = ElementTree.fromstring(table)
        return [count, ra, dec, *(row.find(name).text for name in self.columns)]


class InternalExtinction(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)
        self.type_dict = dict(TYPES)

    def internal_extinction(self, mtype, logr25, c=0.04):
        kind = float(self.type_dict.get(mtype, -10.0))
        k = min(1.0, 0.754 * 10 ** (-0.2 * kind))
        k2 = 0.12 - 0.007 * kind if kind < 0 else 0.094
        exponent = 2 * c * (1 + 0.2 / k2) - 1
        return kind, -2.5 * math.log10(k + (1 - k) * (10.0**logr25) ** exponent)

    def _process(self, data):
        count, ra, dec, mtype, logr25 = data
        if mtype == "?":
            return None
        return [count, ra, dec, mtype, logr25, *self.internal_extinction(mtype, float(logr25))]


elements = [ReadRaDec(), GetVOTable(), FilterColumns(), InternalExtinction()]
graph = WorkflowGraph()
for one, other in pairwise(elements):
    graph.connect(one, "output", other, "input")
