"""Elements for the tests of the plan."""

from __future__ import annotations

from hpcd4p import BatchPE, ConsumerPE, GenericPE, IterativePE, KeyedPE, ProducerPE


class Make(ProducerPE):
    def _process(self, inputs):
        return 1


class Pass(IterativePE):
    def _process(self, data):
        return data


class Source(ProducerPE):
    """Stays with the head."""

    stateful = True

    def _process(self, inputs):
        return 1, 1


class Hop(IterativePE):
    def _process(self, item):
        return item


class See(ConsumerPE):
    def _process(self, data):
        pass


class Count(KeyedPE):
    def process_key(self, key, value, state):
        return (state or 0) + value


class Batch(BatchPE):
    def process_batch(self, items):
        return items


class Last(IterativePE):
    def _process(self, data):
        return None

    def _postprocess(self):
        self.write("output", 0)


class Ports(GenericPE):
    """Inputs by keyword, name to grouping; outputs 'x' and 'y'."""

    def __init__(self, numprocesses=1, **inputs):
        super().__init__(numprocesses)
        for name, grouping in inputs.items():
            self._add_input(name, grouping=grouping)
        self._add_output("x")
        self._add_output("y")

    def process(self, inputs):
        return None


class NoSuper(GenericPE):
    def __init__(self):
        pass


class Empty(IterativePE):
    pass
