"""Dicts are grouped by names of their entries."""

from dispel4py.base import ProducerPE
from dispel4py.core import GenericPE
from dispel4py.workflow_graph import WorkflowGraph


class StationReadings(ProducerPE):
    def _process(self, inputs):
        for hour in range(24):
            for station in ("AQU", "BEN", "CAM"):
                self.write("output", {"station": station, "half": hour // 12, "value": hour * len(station)})


class Total(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("reading", grouping=["station", "half"])
        self._add_output("total")
        self.totals = {}

    def process(self, inputs):
        reading = inputs["reading"]
        key = reading["station"], reading["half"]
        self.totals[key] = self.totals.get(key, 0) + reading["value"]

    def _postprocess(self):
        for key, value in self.totals.items():
            self.write("total", {"key": key, "value": value})


readings, total = StationReadings(), Total()
total.numprocesses = 4
graph = WorkflowGraph()
graph.connect(readings, "output", total, "reading")
