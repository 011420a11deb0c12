"""The workflow of *survival* with large state; see `workloads`."""

from __future__ import annotations

from typing import Any

from hpcd4p import IterativePE, KeyedPE, ProducerPE, WorkflowGraph
from hpcd4p.bench.workloads import chain

HOT = 8
"""After all accounts are open, one of so many gets all that follows."""

MORE, MOST_MORE = 3, 3_000_000
"""Entries that follow, for each account; of many accounts fewer."""


def entries(accounts: int) -> int:
    """Tuples in all."""
    return accounts + min(MORE * accounts, max(MOST_MORE, accounts))


def account(number: int, accounts: int) -> int:
    """Whose the entry of that number is."""
    return number if number < accounts else number * 7919 % max(1, accounts // HOT)


class Entries(ProducerPE):
    """(account, amount): first each account once, then the hot ones."""

    stateful = True
    seeks_in_calls = True

    def __init__(self) -> None:
        super().__init__()
        self.done = 0

    def _process(self, inputs: Any) -> None:
        accounts = inputs["accounts"]
        for number in range(self.done, entries(accounts)):
            self.done += 1
            self.write("output", (account(number, accounts), number))

    def position(self) -> int:
        """How many are written."""
        return self.done

    def seek(self, position: int) -> None:
        """Go on after so many."""
        self.done = position


class Accounts(KeyedPE):
    """A sum for each account, about 100 bytes in all; at the end how many there are, and their sum."""

    partitions = 16

    def __init__(self) -> None:
        super().__init__()
        self.accounts = self.sum = 0

    def process_key(self, key: int, value: int, state: int | None) -> int:
        """Add."""
        return (state or 0) + value

    def end_key(self, key: int, state: int) -> None:
        """Add up."""
        self.accounts += 1
        self.sum += state

    def _postprocess(self) -> None:
        self.write("output", (self.accounts, self.sum))


class Total(IterativePE):
    """Of all partitions."""

    def __init__(self) -> None:
        super().__init__()
        self.inputconnections["input"]["grouping"] = "global"
        self.accounts = self.sum = 0

    def _process(self, item: tuple[int, int]) -> None:
        self.accounts += item[0]
        self.sum += item[1]

    def _postprocess(self) -> None:
        self.write("output", (self.accounts, self.sum))


def accounts() -> WorkflowGraph:
    """Large state of which an eighth changes, once it is there."""
    return chain(Entries(), Accounts(), Total())
