"""Words counted by key, each after a nap: source, pool, stateful group and collector all have work."""

from __future__ import annotations

import os
import time
from pathlib import Path

from hpcd4p import IterativePE, KeyedPE, ProducerPE, WorkflowGraph

TEXT = [
    "the",
    "more",
    "ranks",
    "a",
    "run",
    "has",
    "of",
    "words",
    "text",
    "are",
    "counted",
    "by",
    "other",
    "than",
]


def add_options(parser):
    parser.add_argument("--lines", type=int, default=400)
    parser.add_argument("--nap", type=float, default=0.0, help="seconds for each line")
    parser.add_argument("--seed", type=int, default=0)


class Lines(ProducerPE):
    def __init__(self, lines, seed):
        super().__init__()
        self.lines, self.seed = lines, seed

    def _process(self, inputs):
        for number in range(self.lines):
            self.write("output", [TEXT[(number * 7 + i * i + self.seed) % len(TEXT)] for i in range(9)])


class Split(IterativePE):
    stateful = False

    def __init__(self, nap):
        super().__init__()
        self.nap = nap

    def _process(self, line):
        time.sleep(self.nap)
        if self.nap:
            Path(f"begun-{os.uname().nodename}").touch()
        for word in line:
            self.write("output", (word, 1))


class Count(KeyedPE):
    def process_key(self, key, value, state):
        return (state or 0) + value


def build(options):
    graph = WorkflowGraph()
    lines, split, count = Lines(options.lines, options.seed), Split(options.nap), Count()
    graph.connect(lines, "output", split, "input")
    graph.connect(split, "output", count, "input")
    return graph
