"""Sensors: read, normalise, tell what is far from the mean of its sensor, alert, aggregate."""

from dispel4py.base import ConsumerPE, IterativePE, ProducerPE
from dispel4py.core import GenericPE
from dispel4py.workflow_graph import WorkflowGraph


class ReadSensorData(ProducerPE):
    def __init__(self):
        ProducerPE.__init__(self)
        self.hour = 0

    def _process(self, inputs):
        for sensor in ("A", "B", "C"):
            temperature = 20 + (self.hour * 7 + ord(sensor)) % 5 + 15 * (self.hour == 3)
            self.write("output", {"sensor": sensor, "time": self.hour, "temperature": float(temperature)})
        self.hour += 1


class Normalize(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)

    def _process(self, data):
        data["normalized"] = data["temperature"] / 40
        return data


class DetectAnomalies(GenericPE):
    def __init__(self, threshold=0.1):
        GenericPE.__init__(self)
        self._add_input("input", grouping=["sensor"])
        self._add_output("output")
        self.threshold = threshold
        self.readings = {}

    def _process(self, inputs):
        data = inputs["input"]
        self.readings.setdefault(data["sensor"], []).append(data)

    def _postprocess(self):
        for readings in self.readings.values():
            mean = sum(sorted(r["normalized"] for r in readings)) / len(readings)
            for data in readings:
                data["anomaly"] = abs(data["normalized"] - mean) > self.threshold
                self.write("output", data)


class Alert(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)

    def _process(self, data):
        if data.get("anomaly", False):
            self.write("alerts", f"{data['sensor']} at {data['time']}")  # not declared
        return data


class Aggregate(ConsumerPE):
    def __init__(self):
        ConsumerPE.__init__(self)
        self.temperatures = []

    def _process(self, data):
        self.temperatures.append(data["temperature"])

    def _postprocess(self):
        self.write("average", sum(sorted(self.temperatures)) / len(self.temperatures))  # not declared


read, normalize, detect, alert = ReadSensorData(), Normalize(), DetectAnomalies(), Alert()
read.name = "read"
graph = WorkflowGraph()
graph.connect(read, "output", normalize, "input")
graph.connect(normalize, "output", detect, "input")
graph.connect(detect, "output", alert, "input")
graph.connect(alert, "output", Aggregate(), "input")
