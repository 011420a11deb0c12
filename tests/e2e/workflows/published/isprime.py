"""Numbers, those that are prime, and what a consumer returns, which nobody gets."""

from dispel4py.base import ConsumerPE, IterativePE, ProducerPE
from dispel4py.workflow_graph import WorkflowGraph


class Numbers(ProducerPE):
    def __init__(self):
        ProducerPE.__init__(self)
        self.last = 7

    def _process(self, inputs):
        for _ in range(40):
            self.last = (self.last * 37 + 11) % 997
            self.write("output", self.last)


class IsPrime(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)

    def _process(self, num):
        if num > 1 and all(num % i for i in range(2, num)):
            return num


class PrintPrime(ConsumerPE):
    def __init__(self):
        ConsumerPE.__init__(self)
        self._add_output("output")

    def _process(self, num):
        self.log(f"the number {num} is prime")
        if num % 4 == 3:
            self.write("output", num)
        return num


graph, prime = WorkflowGraph(), IsPrime()
graph.connect(Numbers(), "output", prime, "input")
graph.connect(prime, "output", PrintPrime(), "input")
