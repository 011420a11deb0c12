"""One tuple kills the process that works on it."""

from __future__ import annotations

import os
import signal

from hpcd4p import IterativePE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    def __init__(self):
        super().__init__()
        self.next = 0

    def _process(self, inputs):
        self.next += 1
        return self.next


class Deadly(IterativePE):
    def _process(self, number):
        if number == 20:
            os.kill(os.getpid(), signal.SIGKILL)
        return number


numbers, deadly = Numbers(), Deadly()
graph = WorkflowGraph()
graph.connect(numbers, "output", deadly, "input")
