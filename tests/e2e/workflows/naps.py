"""Tuples that take some milliseconds, before a trivial sum: all ranks have time for them."""

from __future__ import annotations

import os
import time
from pathlib import Path

from held import hold

from hpcd4p import IterativePE, KeyedPE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    def __init__(self):
        super().__init__()
        self.next = 0

    def _process(self, inputs):
        hold(self.next)
        self.next += 1
        return self.next - 1


class Nap(IterativePE):
    def _preprocess(self):
        # says that this process has begun; the file is for the test, not for the answer
        Path(f"begun-{os.getpid()}").touch()

    def _process(self, number):
        time.sleep(0.005 + 0.001 * (number % 20))
        return number % 7, number


class Sum(KeyedPE):
    def process_key(self, key, value, state):
        return (state or 0) + value


graph = WorkflowGraph()
nap = Nap()
graph.connect(Numbers(), "output", nap, "input")
graph.connect(nap, "output", Sum(), "input")
