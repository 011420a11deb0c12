"""Some tuples end the process that works on them, in the way that an option says."""

from __future__ import annotations

import ctypes
import os
import signal

from held import hold

from hpcd4p import IterativePE, KeyedPE, ProducerPE, WorkflowGraph

HOW = {
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "exit": lambda: os._exit(7),
    "segfault": lambda: ctypes.string_at(1),
}


class Numbers(ProducerPE):
    def __init__(self):
        super().__init__()
        self.next = 0

    def _process(self, inputs):
        hold(self.next)
        self.next += 1
        return self.next


class Deadly(IterativePE):
    def __init__(self, how, deadly):
        super().__init__()
        self.how, self.deadly = how, deadly

    def _process(self, number):
        if number in self.deadly:
            HOW[self.how]()
        return number


class Parity(IterativePE):
    def _process(self, number):
        return number % 2, number


class Sum(KeyedPE):
    def __init__(self, how, deadly):
        super().__init__()
        self.how, self.deadly = how, deadly

    def process_key(self, key, value, state):
        if value in self.deadly:
            HOW[self.how]()
        return (state or 0) + value


def add_options(parser):
    parser.add_argument("--how", choices=HOW, default="kill")
    parser.add_argument("--in-state", action="store_true", help="they do so in the stateful element")
    parser.add_argument("--stateless", action="store_true", help="leave the sum out")
    parser.add_argument("--deadly", type=int, nargs="*", default=[20], help="the tuples that do so")


def build(options):
    graph = WorkflowGraph()
    pool, state = ((), options.deadly) if options.in_state else (options.deadly, ())
    numbers, deadly, parity = Numbers(), Deadly(options.how, pool), Parity()
    graph.connect(numbers, "output", deadly, "input")
    graph.connect(deadly, "output", parity, "input")
    if not options.stateless:
        graph.connect(parity, "output", Sum(options.how, state), "input")
    return graph
