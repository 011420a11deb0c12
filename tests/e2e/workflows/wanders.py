"""A source that may change its working folder, and takes its time until it is let go."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

from hpcd4p import IterativePE, KeyedPE, ProducerPE, WorkflowGraph

HERE = Path.cwd()


def change_folder():
    os.makedirs("elsewhere", exist_ok=True)
    os.chdir("elsewhere")


DEEDS = {"nothing": bool, "chdir": change_folder}


class Wanders(ProducerPE):
    """One number for each call; repeated from its start."""

    def __init__(self, deed, nap_s):
        super().__init__()
        self.deed = deed
        self.nap_s = nap_s
        self.next = 0

    def _process(self, inputs):
        if self.next == 0:
            DEEDS[self.deed]()
        if self.next == 5:
            (HERE / "at-work").touch()
        if self.nap_s and not (HERE / "go-on").exists():
            time.sleep(self.nap_s)
        self.next += 1
        return self.next - 1


class Key(IterativePE):
    def _process(self, number):
        return number % 7, number


class Sum(KeyedPE):
    partitions = 4

    def __init__(self, size):
        super().__init__()
        self._add_output("seen")
        self.size = size

    def process_key(self, key, value, state):
        self.write("seen", random.Random(value).randbytes(self.size) if self.size else value)
        return (state or 0) + value


def add_options(parser):
    parser.add_argument("--nap-ms", type=float, default=0, help="time of a call until there is a file go-on")
    parser.add_argument("--size", type=int, default=0, help="bytes of what is seen")
    parser.add_argument("--deed", choices=DEEDS, default="nothing")


def build(options):
    graph = WorkflowGraph()
    key = Key()
    graph.connect(Wanders(options.deed, options.nap_ms / 1000), "output", key, "input")
    graph.connect(key, "output", Sum(options.size), "input")
    return graph
