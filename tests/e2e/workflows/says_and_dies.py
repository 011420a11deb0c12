"""An element that says what it gets; one tuple kills whoever runs it."""

from __future__ import annotations

import os
import signal

from hpcd4p import IterativePE, ProducerPE, WorkflowGraph

LAST = 19


class Numbers(ProducerPE):
    def _process(self, inputs):
        for n in range(LAST + 1):
            self.write("output", n)


class Says(IterativePE):
    def _process(self, n):
        self.log(f"got {n}")
        if n == 7:
            os.kill(os.getpid(), signal.SIGKILL)
        return n


graph = WorkflowGraph()
graph.connect(Numbers(), "output", Says(), "input")
