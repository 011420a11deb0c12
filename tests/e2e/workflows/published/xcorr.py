"""Cross-correlation: traces through a chain of steps, all pairs of a source, their lag."""

from dispel4py.base import ConsumerPE, GenericPE, IterativePE, ProducerPE, create_iterative_chain
from dispel4py.workflow_graph import WorkflowGraph


class Traces(ProducerPE):
    def __init__(self):
        ProducerPE.__init__(self)

    def _process(self, inputs):
        for station in range(6):
            samples = [(i * i * (station + 3) + 5 * station) % 17 for i in range(40)]
            self.write("output", (station, samples))


def demean(trace):
    station, samples = trace
    mean = sum(samples) / len(samples)
    return station, [x - mean for x in samples]


def decimate(trace, by):
    return trace[0], trace[1][::by]


def one_bit(trace, norm):
    station, samples = trace
    if norm == "sign":
        return station, [(x > 0) - (x < 0) for x in samples]
    return trace


class Product(GenericPE):
    """Every pair of different stations, once all are there."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input", grouping="global")
        self._add_output("output")
        self.store = {}

    def process(self, inputs):
        station, samples = inputs["input"]
        self.store[station] = samples

    def _postprocess(self):
        for one in self.store:
            for other in self.store:
                if one < other:
                    self.write("output", [one, other, self.store[one], self.store[other]])


class Xcorr(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)

    def _process(self, data):
        one, other, a, b = data
        lags = range(-5, 6)
        values = [sum(x * b[i + lag] for i, x in enumerate(a) if 0 <= i + lag < len(b)) for lag in lags]
        return one, other, values


class Store(ConsumerPE):
    def __init__(self, name):
        ConsumerPE.__init__(self)
        self.name = name
        self.counter = 0

    def _process(self, data):
        self.counter += 1

    def _postprocess(self):
        self.write("stored", self.counter)  # not declared


class Lag(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)

    def _process(self, data):
        one, other, values = data
        return {"pair": [one, other], "lag": values.index(max(values)) - 5}


graph, product, xcorr = WorkflowGraph(), Product(), Xcorr()
chain = create_iterative_chain([demean, (decimate, {"by": 2}), (one_bit, {"norm": "sign"})])
graph.connect(Traces(), "output", chain, "input")
graph.connect(chain, "output", product, "input")
graph.connect(product, "output", xcorr, "input")
graph.connect(xcorr, "output", Store("Xcorr"), "input")
graph.connect(xcorr, "output", Lag(), "input")
