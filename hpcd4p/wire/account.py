"""The sums of all that one rank has sent the broker, for which it vouches. Pure.

On a Redis that others may write to, every call of the broker carries the sealed account of its rank. The keys
of the run hold the sum of all accounts, or somebody else has written there (`transport.audit`).

Tasks, their progress and dead letters are counted, and their marks (`Codec.mark`) are summed: numbers that
only the run can compute. If one of them was put in the place of another, the counts still agree, but the sums
of marks do not when both are finished.
"""

from __future__ import annotations

from typing import Any

from hpcd4p.wire.ask import NOTHING_ASKED, Ask
from hpcd4p.wire.codec import ACCOUNT, Codec, about
from hpcd4p.wire.messages import Commit, Publication, Task
from hpcd4p.wire.statistics import add

ROUND = 1 << 128
"""Sums of marks are taken modulo this."""


class Account:
    """The account of one rank, or the sum of several.

    Attributes
    ----------
    number
        Number of changes so far.
    tx
        Last committed transaction.
    pending, tasks
        By element: tuples, and tasks, written less those finished.
    task_marks, part_marks
        Sums of the marks of tasks written less those finished, and of the progress of partly committed tasks.
    stats
        As in `Commit`.
    letters, letter_marks
        Dead letters, and the sum of their marks.
    reports
        Reports for the head.
    attempts
        Most ranks that had died with a task before it was finished.
    beside
        Tasks given back because a process beside this rank had died with them.
    congested
        Elements with which this rank is behind.
    asked, fills
        Pool elements that it has asked to own, and the content that each had here.
    """

    __slots__ = (
        "asked",
        "attempts",
        "beside",
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
        self.beside = 0
        self.task_marks = self.part_marks = self.letter_marks = 0
        # plain dictionaries: the head reads one of each rank, and a Counter takes several times as long
        self.pending: dict[int, int] = {}
        self.tasks: dict[int, int] = {}
        self.stats: dict[str, int] = {}
        self.congested: set[int] = set()
        self.asked: set[int] = set()
        self.fills: dict[int, str] = {}

    def seal(self, codec: Codec, rank: int) -> bytes:
        """The sealed account that a call carries."""
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
        self.beside += sign * other.beside


class Ledger:
    """Keeps the account of one rank as it talks to the broker."""

    def __init__(self, codec: Codec, rank: int) -> None:
        self.account = Account()
        self.leases: dict[tuple[int, str], tuple[int, Task, tuple[int, ...]]] = {}
        """Leased tasks: mark, task, and what is committed of it."""
        self._codec = codec
        self._rank = rank
        self._sealed = b""

    def take(self, task: Task) -> None:
        """Note that `task` is leased from now on."""
        self.leases[task.element, task.id] = self._mark(task), task, task.progress

    def book(self, commit: Commit, ask: Ask = NOTHING_ASKED) -> None:
        """Add what a step is about to send."""
        account, codec = self.account, self._codec
        if not (commit or ask.congest or ask.relieve):
            return
        self._sealed = b""
        account.tx = commit.tx or account.tx
        published: dict[int, int] = {}
        for publication in commit.publish:
            account.tasks[publication.element] = account.tasks.get(publication.element, 0) + 1
            mark = self._mark(publication)
            account.task_marks += mark
            published[mark] = publication.attempts
            if not commit.tx:  # what a checkpoint has kept: ranks of a former run have died with it
                account.part_marks += self._part(publication.payload, publication.progress)
                account.beside += publication.attempts
        for element, id_, progress in commit.progress:
            mark, task, before = self.leases[element, id_]
            self.leases[element, id_] = mark, task, progress
            account.part_marks += self._part(task.payload, progress) - self._part(task.payload, before)
        for each in commit.done:
            mark, task, before = self.leases.pop(each)
            account.tasks[task.element] = account.tasks.get(task.element, 0) - 1
            account.task_marks -= mark
            account.part_marks -= self._part(task.payload, before)
            account.attempts = max(account.attempts, task.attempts)
            account.beside += published.get(mark, 0) > task.attempts
        for payload in commit.dead:
            account.letters += 1
            account.letter_marks += codec.mark(payload)
        for element, delta in commit.counts.items():
            account.pending[element] = account.pending.get(element, 0) + delta
        add(account.stats, commit.stats)
        account.congested.update(ask.congest)
        account.congested.difference_update(ask.relieve)

    def ask(self, element: int, digest: str) -> None:
        """Note that this rank claims `element`."""
        self._sealed = b""
        self.account.asked.add(element)
        if digest:
            self.account.fills[element] = digest

    def announce(self) -> None:
        """Note that a report follows."""
        self._sealed = b""
        self.account.reports += 1

    def _mark(self, task: Task | Publication) -> int:
        return self._codec.mark(task.payload, task.place.word if task.place is not None else "")

    def _part(self, payload: bytes | memoryview, progress: tuple[int, ...]) -> int:
        return self._codec.mark(payload, " ".join(map(str, progress))) if progress else 0

    def next_sealed(self) -> bytes:
        """Seal the account that the next call carries, if it has changed since the last one."""
        if not self._sealed:
            account = self.account
            account.number += 1
            for name in ("task_marks", "part_marks", "letter_marks"):
                setattr(account, name, getattr(account, name) % ROUND)
            self._sealed = account.seal(self._codec, self._rank)
        return self._sealed
