"""Many accounts that are opened quickly, and then seldom change: a checkpoint need not hold all of them."""

from __future__ import annotations

import time

from held import HeldRange

from hpcd4p import IterativePE, KeyedPE, WorkflowGraph
from hpcd4p.sources import RangePE


class Opened(IterativePE):
    def _process(self, number):
        return number, number


class Entries(IterativePE):
    def __init__(self, accounts, task_s):
        super().__init__()
        self.accounts = accounts
        self.task_s = task_s

    def _process(self, number):
        time.sleep(self.task_s)
        return number * 17 % self.accounts, number


class Ledger(KeyedPE):
    """The entries of each account."""

    partitions = 5

    def process_key(self, key, value, state):
        state = state or {"entries": [], "sum": 0}
        state["entries"].append(value)
        state["sum"] += value
        return state

    def end_key(self, key, state):
        if len(state["entries"]) > 1 or key % 100 == 0:
            self.write("output", (key, state["sum"], tuple(sorted(state["entries"]))))


def add_options(parser):
    parser.add_argument("--task-ms", type=float, default=4.0, help="time of an entry after the first")
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--more", type=int, default=400, help="entries after the first of each account")


def build(options):
    graph = WorkflowGraph()
    graph.name = "ledger"
    opened, entries, ledger = Opened(), Entries(options.accounts, options.task_ms / 1000), Ledger()
    graph.connect(RangePE(options.accounts), "output", opened, "input")
    graph.connect(HeldRange(options.more), "output", entries, "input")
    graph.connect(opened, "output", ledger, "input")
    graph.connect(entries, "output", ledger, "input")
    return graph
