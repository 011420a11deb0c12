"""What one rank has told the broker in all: the sums that it vouches for. Pure.

On a Redis that others may write to, every call of the broker takes along the account of its rank, sealed.
What the keys of the run hold is the sum of all accounts, or somebody else has written there
(`transport.audit`).

Tasks, their progress and dead letters are counted, and also summed by marks (`Codec.mark`): numbers that only
the run can compute. So one that is repeated in the place of another, which leaves all counts as they were, is
found when nothing is left of either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hpcd4p.wire.codec import ACCOUNT, Codec, about
from hpcd4p.wire.messages import Commit, Task

ROUND = 1 << 128
"""Sums of marks are taken modulo this."""


class Account:
    """The account of one rank, or the sum of several.

    Attributes
    ----------
    number
        Of changes so far.
    tx
        Last committed transaction.
    pending, tasks
        By element: tuples, and tasks, written less those finished.
    task_marks, part_marks
        Sums of the marks of tasks written less those finished, and of what is committed of tasks in part.
    stats
        As in `Commit`.
    letters, letter_marks
        Dead letters, and the sum of their marks.
    reports
        Reports for the head.
    attempts
        Most deaths that a task had behind it which was finished.
    congested
        Elements of which this rank is behind.
    asked, fills
        Pool elements that it has asked to own, and what it has found each to hold.
    """

    __slots__ = (
        "asked",
        "attempts",
        "congested",
        "fills",
        "letter_marks",
        "letters",
        "number",
        "part_marks",
        "pending",
        "reports",
        "stats",
        "task_marks",
        "tasks",
        "tx",
    )

    def __init__(self) -> None:
        self.number = self.tx = self.letters = self.reports = self.attempts = 0
        self.task_marks = self.part_marks = self.letter_marks = 0
        # plain dictionaries: the head reads one of each rank, and a Counter takes several times as long
        self.pending: dict[int, int] = {}
        self.tasks: dict[int, int] = {}
        self.stats: dict[str, int] = {}
        self.congested: set[int] = set()
        self.asked: set[int] = set()
        self.fills: dict[int, str] = {}

    def seal(self, codec: Codec, rank: int) -> bytes:
        """As it goes along with a call."""
        return codec.seal([getattr(self, name) for name in self.__slots__], about(ACCOUNT, rank))

    @classmethod
    def open(cls, codec: Codec, rank: int, payload: bytes) -> Account:
        """Inverse of `seal`; raises `ForeignBytesError` if that rank has not sealed it."""
        account = cls()
        for name, value in zip(cls.__slots__, codec.open(payload, about(ACCOUNT, rank)), strict=True):
            setattr(account, name, value)
        return account

    def add(self, other: Account, sign: int = 1) -> None:
        """Add the sums of another account, or take them off again."""
        for name in ("pending", "tasks", "stats"):
            mine: dict[Any, int] = getattr(self, name)
            for key, value in getattr(other, name).items():
                mine[key] = mine.get(key, 0) + sign * value
        for name in ("task_marks", "part_marks", "letter_marks"):
            setattr(self, name, (getattr(self, name) + sign * getattr(other, name)) % ROUND)
        self.letters += sign * other.letters


class Ledger:
    """Keeps the account of one rank as it talks to the broker."""

    def __init__(self, codec: Codec, rank: int) -> None:
        self.account = Account()
        self.leases: dict[tuple[int, str], tuple[int, Task, str]] = {}
        """What is in hand: mark, task, and what is committed of it."""
        self._codec = codec
        self._rank = rank
        self._sealed = b""

    def take(self, task: Task) -> None:
        """`task` is in hand from now on."""
        progress = " ".join(map(str, task.progress))
        self.leases[task.element, task.id] = self._codec.mark(task.payload), task, progress

    def book(self, commit: Commit, congest: Sequence[int], relieve: Sequence[int]) -> None:
        """Take in what a step is about to tell."""
        account, codec = self.account, self._codec
        if not (
            commit.tx or commit.stats or commit.counts or commit.done or commit.dead or congest or relieve
        ):
            return
        self._sealed = b""
        account.tx = commit.tx or account.tx
        for publication in commit.publish:
            account.tasks[publication.element] = account.tasks.get(publication.element, 0) + 1
            account.task_marks += codec.mark(publication.payload)
        for element, id_, text in commit.progress:
            mark, task, before = self.leases[element, id_]
            self.leases[element, id_] = mark, task, text
            account.part_marks += self._part(task, text) - self._part(task, before)
        for each in commit.done:
            mark, task, before = self.leases.pop(each)
            account.tasks[task.element] = account.tasks.get(task.element, 0) - 1
            account.task_marks -= mark
            account.part_marks -= self._part(task, before)
            account.attempts = max(account.attempts, task.attempts)
        for payload in commit.dead:
            account.letters += 1
            account.letter_marks += codec.mark(payload)
        for element, delta in commit.counts.items():
            account.pending[element] = account.pending.get(element, 0) + delta
        for name, value in commit.stats.items():
            account.stats[name] = account.stats.get(name, 0) + value
        account.congested.update(congest)
        account.congested.difference_update(relieve)

    def ask(self, element: int, digest: str) -> None:
        """Take in that this rank asks for `element`."""
        self._sealed = b""
        self.account.asked.add(element)
        if digest:
            self.account.fills[element] = digest

    def announce(self) -> None:
        """Take in that a report follows."""
        self._sealed = b""
        self.account.reports += 1

    def _part(self, task: Task, progress: str) -> int:
        return self._codec.mark(task.payload, progress) if progress else 0

    @property
    def sealed(self) -> bytes:
        """The account as it goes along with the call at hand."""
        if not self._sealed:
            account = self.account
            account.number += 1
            for name in ("task_marks", "part_marks", "letter_marks"):
                setattr(account, name, getattr(account, name) % ROUND)
            self._sealed = account.seal(self._codec, self._rank)
        return self._sealed
