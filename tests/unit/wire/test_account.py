"""What a rank vouches for: sums of all that it has told, which only it can have sealed."""

from __future__ import annotations

import pytest

from hpcd4p.errors import ForeignBytesError
from hpcd4p.wire.account import Account, Ledger
from hpcd4p.wire.ask import Ask
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.messages import Commit, Publication, Task

CODEC = Codec(b"secret", rank=3)


def payload(number=0):
    return CODEC.seal(number)


def task(payload, id_="1", progress=(), attempts=0):
    return Task(1, id_, 5, payload, attempts, progress)


def ledger():
    return Ledger(CODEC, 3)


def told(**given):
    commit = Commit(1)
    for name, value in given.items():
        setattr(commit, name, value)
    return commit


def test_what_is_written_and_finished_leaves_nothing():
    mine, sealed = ledger(), payload()
    mine.book(told(publish=[Publication(1, 5, sealed)], counts={1: 5}))
    assert mine.account.task_marks == CODEC.mark(sealed)
    mine.take(task(sealed))
    mine.book(told(done=[(1, "1")], counts={1: -5}))
    assert mine.account.task_marks == 0
    assert not any(mine.account.tasks.values())
    assert not any(mine.account.pending.values())


def test_a_task_that_is_finished_in_the_place_of_another_leaves_something():
    mine, one, other = ledger(), payload(1), payload(2)
    mine.book(told(publish=[Publication(1, 5, one), Publication(1, 5, other)], counts={1: 10}))
    for id_ in "12":
        mine.take(task(one, id_))
        mine.book(told(done=[(1, id_)], counts={1: -5}))
    assert not any(mine.account.tasks.values())
    assert mine.account.task_marks != 0


@pytest.mark.parametrize(("found", "left"), [((0, 7), False), ((0, 6), True), ((), True)])
def test_progress_leaves_nothing_if_the_next_rank_found_what_the_last_one_wrote(found, left):
    first, second, sealed = ledger(), ledger(), payload()
    first.take(task(sealed))
    first.book(told(progress=[(1, "1", (0, 3))]))
    first.book(told(progress=[(1, "1", (0, 7))]))
    second.take(task(sealed, progress=found, attempts=1))
    second.book(told(done=[(1, "1")]))
    both = Account()
    for each in (first, second):
        both.add(each.account)
    assert bool(both.part_marks) is left
    assert second.account.attempts == 1


def test_an_account_comes_as_it_was_sealed_and_for_its_rank_only():
    mine = ledger()
    mine.book(told(counts={1: 5}, stats={"n:1": 2}, dead=[payload()]), Ask(congest=[4]))
    sealed = mine.next_sealed()
    found = Account.open(CODEC, 3, sealed)
    assert (found.pending, found.stats, found.letters) == ({1: 5}, {"n:1": 2}, 1)
    assert (found.tx, found.congested) == (1, {4})
    for reader, rank in ((CODEC, 2), (Codec(b"another"), 3)):
        with pytest.raises(ForeignBytesError):
            Account.open(reader, rank, sealed)


def test_an_account_is_sealed_anew_only_if_something_was_told():
    mine = ledger()
    before = mine.next_sealed()
    mine.book(Commit())
    assert mine.next_sealed() is before
    mine.book(told(counts={1: 1}))
    assert Account.open(CODEC, 3, mine.next_sealed()).number > Account.open(CODEC, 3, before).number


def test_the_sum_of_accounts_forgets_what_is_taken_off_again():
    one, other, both = ledger(), ledger(), Account()
    one.book(told(publish=[Publication(1, 5, payload())], counts={1: 5}))
    other.book(told(stats={"n:1": 2}, dead=[payload()]))
    for each in (one, other):
        both.add(each.account)
    both.add(one.account, -1)
    assert (both.tasks[1], both.task_marks, both.stats["n:1"], both.letters) == (0, 0, 2, 1)


def test_a_task_that_a_process_beside_has_died_with_is_told():
    mine, sealed = ledger(), payload()
    mine.take(task(sealed))
    mine.book(told(done=[(1, "1")], publish=[Publication(1, 5, sealed, 1)]))
    assert mine.account.beside == 1
    mine.take(task(sealed, id_="2", attempts=1))
    mine.book(told(done=[(1, "2")], publish=[Publication(1, 5, sealed, 1)]))  # nothing new has died
    assert mine.account.beside == 1
    assert mine.account.attempts == 1
