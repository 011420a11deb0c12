"""The workflow that *survival* kills a part of: it never ends, and says how far it is.

How far it is belongs to the state, so it goes back with it when something has died, and a number that is
larger than before means work that had not been done before.
"""

from __future__ import annotations

import argparse
import os

from hpcd4p import IterativePE, KeyedPE, WorkflowGraph
from hpcd4p.bench.stamps import STAMPS, stamp
from hpcd4p.bench.survival_workloads import account
from hpcd4p.bench.workloads import chain
from hpcd4p.sources import RangePE

EACH = 200
"""Tuples between two stamps."""


class Entry(IterativePE):
    """(account, number)."""

    def __init__(self, accounts: int) -> None:
        super().__init__()
        self.accounts = accounts

    def _process(self, number: int) -> tuple[int, int]:
        return account(number, self.accounts), number


class Told(KeyedPE):
    """A sum for each account; stamps how many tuples it has had."""

    partitions = 1

    def __init__(self, stamps: str) -> None:
        super().__init__()
        self.stamps = stamps
        self.tuples = 0

    def _preprocess(self) -> None:
        os.environ[STAMPS] = self.stamps

    def process_key(self, key: int, value: int, state: int | None) -> int:
        """Add."""
        self.tuples += 1
        if not self.tuples % EACH:
            stamp(str(self.tuples))
        return (state or 0) + value


def add_options(parser: argparse.ArgumentParser) -> None:
    """The file for the stamps, and how many keys there are."""
    parser.add_argument("--stamps", required=True)
    parser.add_argument("--accounts", type=int, default=1000)


def build(options: argparse.Namespace) -> WorkflowGraph:
    """Source, pool, state."""
    return chain(RangePE(10**12), Entry(options.accounts), Told(options.stamps))
