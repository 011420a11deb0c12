"""Compares what the keys of a run hold with what its ranks have vouched for, on the head. Pure.

Both are read at one moment, and every call of a rank changes both at once: so they agree to the last tuple,
or somebody else has written there.
"""

from __future__ import annotations

from hpcd4p.errors import ForeignBytesError, foreign
from hpcd4p.wire.account import ROUND, Account
from hpcd4p.wire.codec import REPORT, Codec, about
from hpcd4p.wire.keys import Keys
from hpcd4p.wire.messages import Books, Observation


class Audit:
    """The audit of one run; lives on the head. Raises `ForeignBytesError` for what the run has not written.

    Parameters
    ----------
    keys
        For messages.
    """

    def __init__(self, codec: Codec, keys: Keys) -> None:
        self._keys = keys
        self.given: dict[int, int] = {}
        """How many orders each rank was given."""
        self._codec = codec
        self._sealed: dict[int, bytes] = {}
        self._accounts: dict[int, Account] = {}
        self._sum = Account()
        self._letters = self._letter_marks = 0
        self._reports: set[bytes] = set()
        self._reported: dict[int, int] = {}
        self._fenced: dict[int, int] = {}
        self._attempts = 0

    def note_fenced(self, rank: int, committed: int) -> None:
        """Note that `rank` was declared lost, and which was its last committed transaction."""
        self._fenced[rank] = committed

    def waits_for(self) -> list[int]:
        """Ranks whose orders are to be checked."""
        return [rank for rank in self.given if rank not in self._fenced]

    def take_in(self, seen: Observation) -> None:
        """Take in the letters and reports of a look."""
        self._letters += len(seen.dead)
        for letter in seen.dead:
            self._letter_marks = (self._letter_marks + self._codec.mark(letter)) % ROUND
        self._take_reports(seen.reports)

    def look(self, seen: Observation, books: Books) -> frozenset[int]:
        """Compare; gives the ranks that have announced a report that has not come."""
        if not books.head:
            raise foreign(self._keys.head, "is gone, or the run was stopped for too long")
        self._read(books)
        self._check_commits(seen)
        self._check_counts(seen, books)
        self._check_tasks(books)
        self._check_letters(books)
        self._check_ranks(seen, books)
        # a lost rank may have died before it could leave the report that it had announced
        here = [(rank, account) for rank, account in self._accounts.items() if rank not in self._fenced]
        return frozenset(rank for rank, account in here if account.reports > self._reported.get(rank, 0))

    def _read(self, books: Books) -> None:
        """Take in the accounts that have changed."""
        for rank, sealed in books.accounts.items():
            if sealed == self._sealed.get(rank):
                continue
            try:
                account = Account.open(self._codec, rank, sealed)
            except ForeignBytesError:
                raise foreign(
                    self._keys.accounts, f"holds for rank {rank} what that has not written"
                ) from None
            before = self._accounts.get(rank)
            if before is not None:
                if account.number <= before.number:
                    raise foreign(self._keys.accounts, f"holds for rank {rank} what that wrote earlier")
                self._sum.add(before, -1)
            self._sum.add(account)
            self._sealed[rank], self._accounts[rank] = sealed, account
            self._attempts = max(self._attempts, account.attempts)
        gone = self._accounts.keys() - books.accounts.keys()
        if gone:
            raise foreign(self._keys.accounts, f"has lost rank {min(gone)}")

    def _check_commits(self, seen: Observation) -> None:
        for rank, tx in {**seen.committed, **self._fenced}.items():
            known = self._accounts.get(rank)
            if tx != (known.tx if known is not None else 0):
                raise foreign(self._keys.state, f"says that rank {rank} has committed {tx}, which it has not")
        gone = self._accounts.keys() - seen.committed.keys()
        if gone:
            raise foreign(self._keys.state, f"has lost rank {min(gone)}")

    def _check_counts(self, seen: Observation, books: Books) -> None:
        for key, vouched, there in (
            (self._keys.pending, self._sum.pending, seen.pending),
            (self._keys.stats, self._sum.stats, seen.stats.fields),
        ):
            for name in {*vouched, *there}:
                ours, theirs = vouched.get(name, 0), there.get(name, 0)
                if ours != theirs:
                    raise foreign(key, f"holds {theirs} under {name} where the ranks have written {ours}")
        if books.size and not (books.tasks or books.letters):
            raise foreign(self._keys.state, f"tells of {books.size} bytes where nothing waits")

    def _check_tasks(self, books: Books) -> None:
        left = self._sum.tasks
        for element, waiting in books.waiting.items():
            if waiting > left.get(element, 0):
                key = self._keys.queue(element)
                raise foreign(key, f"holds {waiting} tasks where the ranks have left {left.get(element, 0)}")
        strangers = {rank for rank, count in books.leased.items() if count} - self._accounts.keys()
        if strangers:
            raise foreign(self._keys.lease(min(strangers)), "is of no rank that has begun")
        waits, leased, there = sum(books.waiting.values()), sum(books.leased.values()), sum(left.values())
        if waits + leased != there:
            raise foreign(
                self._keys.queues, f"hold {waits} tasks, and ranks {leased}, where they have left {there}"
            )
        if waits != books.tasks or books.size < 0:
            raise foreign(self._keys.state, f"does not tell how much waits ({waits} tasks)")
        if not any(self._sum.tasks.values()) and (self._sum.task_marks or self._sum.part_marks):
            which = "tasks" if self._sum.task_marks else "the progress of tasks"
            raise foreign(self._keys.queues, f"had {which} that had been there before in the place of others")
        if self._attempts > len(self._fenced) + self._sum.beside:
            raise foreign(self._keys.queues, f"said of a task that {self._attempts} ranks had died with it")

    def _check_letters(self, books: Books) -> None:
        there = self._letters + books.letters
        if there != self._sum.letters:
            raise foreign(
                self._keys.dead, f"had {there} letters where the ranks have written {self._sum.letters}"
            )
        if not books.letters and self._letter_marks != self._sum.letter_marks:
            raise foreign(self._keys.dead, "had a letter twice, and another one not at all")

    def _take_reports(self, reports: list[bytes]) -> None:
        for report in reports:
            if report in self._reports:
                raise foreign(self._keys.reports, "holds a report a second time")
            self._reports.add(report)
            try:
                self._codec.check(report, about(REPORT))
            except ForeignBytesError:
                raise foreign(self._keys.reports, "holds a report that no rank has written") from None
            rank = Codec.sealer(report)
            self._reported[rank] = self._reported.get(rank, 0) + 1

    def _check_ranks(self, seen: Observation, books: Books) -> None:
        vouched = {(e, rank) for rank, account in self._accounts.items() for e in account.congested}
        if vouched != books.congested:
            raise foreign(self._keys.congested, "does not hold what the ranks are congested with")
        if set(self._fenced) != books.lost:
            raise foreign(self._keys.lost, f"holds {sorted(books.lost)}, and lost are {sorted(self._fenced)}")
        for element, rank in seen.owners.items():
            if rank not in self._accounts or element not in self._accounts[rank].asked:
                raise foreign(
                    self._keys.owners, f"gives an element to rank {rank}, which has not asked for it"
                )
        for element, (rank, digest) in books.fills.items():
            if rank not in self._accounts or self._accounts[rank].fills.get(element) != digest:
                raise foreign(self._keys.fills, f"holds what rank {rank} has not written")
        for rank, count in books.orders.items():
            if count != self.given[rank]:
                raise foreign(
                    self._keys.orders(rank), f"had {count} orders, and {self.given[rank]} were given"
                )
