"""The places of what a transaction writes: deeper first, then its rest; and what is outstanding then."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hpcd4p.plan.model import Route, Spread
from hpcd4p.plan.order import Order
from hpcd4p.runtime.commit.outbox import Outbox
from hpcd4p.runtime.commit.placing import Placing, finish
from hpcd4p.wire.messages import Commit, Segment, Task
from hpcd4p.wire.place import Numbering, Place, origin_of, since, step

SOURCE, NEAR, FAR, ELSEWHERE, SERIES, TOTAL = range(6)

ORDER = Order(
    frozenset({SERIES}),
    (frozenset({SERIES}),),
    {NEAR: 0, FAR: 0},
    {0: frozenset({(SOURCE, 0)})},
)

CLOCK = SimpleNamespace(now=lambda: 1.0, elapsed=lambda: 0.25)


@pytest.fixture
def placing():
    return Placing(ORDER, 3, CLOCK)


@pytest.fixture
def task():
    return Task(NEAR, "1", 5, b"", 0, (), "", Place(0, 7, 40, "0200"))


def of_task(task):
    outbox = Outbox(CLOCK)
    outbox.numbers = Numbering.of(task.place, task.progress)
    return outbox


def route(source, target):
    return Route(source, "output", target, "input", Spread.SHUFFLE, None)


def test_what_comes_from_no_task_is_numbered_by_its_writer(placing):
    outbox, commit = Outbox(CLOCK), Commit()
    first, second = (placing.of_task(outbox, NEAR, SOURCE) for _ in range(2))
    assert first == Place(0, origin_of(SOURCE, 3), 250, step(0) + step(0))
    assert first.path < second.path
    placing.end(outbox, commit)
    assert commit.bounds == {origin_of(SOURCE, 3): step(2)}
    nothing = Commit()
    placing.end(Outbox(CLOCK), nothing)
    assert nothing.bounds == {}


def test_a_task_that_leads_to_nothing_ordered_has_no_place(placing):
    assert placing.of_task(Outbox(CLOCK), ELSEWHERE, SOURCE) is None


def test_only_messages_of_a_task_to_what_is_ordered_have_a_place(placing, task):
    series, total = Segment(SERIES, 0, "input", [1]), Segment(TOTAL, 0, "input", [1])
    assert placing.turn_of(Outbox(CLOCK), [series]) is None
    outbox = of_task(task)
    assert placing.turn_of(outbox, [total]) is None
    assert placing.turn_of(outbox, [total, series]) == (7, "0200")
    assert placing.turn_of(outbox, [series]) == (7, "0200")  # one transaction has one place


def test_what_a_task_has_sent_comes_before_what_it_publishes_and_that_before_its_rest(placing, task):
    outbox = of_task(task)
    outbox.publish = {route(NEAR, FAR): ["near"], route(FAR, SERIES): ["far"]}
    placing.begin(outbox)
    assert [values for _, values in placing.in_turn(outbox.publish.items())] == [["far"], ["near"]]
    places = [outbox.path, *(placing.of_task(outbox, FAR, NEAR).path for _ in range(2))]
    rest = placing.of_task(outbox, NEAR, NEAR)
    assert [*places, rest.path] == sorted([*places, rest.path])
    assert (rest.origin, rest.age) == (7, 40)
    outbox.done.append((NEAR, "1"))
    commit = Commit()
    placing.end(outbox, commit)
    assert (commit.settled, commit.begun, commit.bounds) == ([task.place], [], {})


def test_a_part_commit_goes_on_with_the_next_number(placing, task):
    outbox, commit = of_task(task), Commit()
    numbers = outbox.numbers
    placing.begin(outbox)
    placing.of_task(outbox, FAR, NEAR)
    outbox.progress.append((NEAR, "1", (0, 9)))
    commit.progress = list(outbox.progress)
    placing.end(outbox, commit)
    now = task.place._replace(path="0202")
    assert (commit.settled, commit.begun) == ([task.place], [now])
    assert commit.progress == [(NEAR, "1", (0, 9, 2))]
    again = Numbering.of(task.place, commit.progress[0][2])  # the next holder, if this rank dies
    assert again.known == numbers.known == now
    assert again.here() == numbers.here()


def test_a_task_that_is_given_up_is_settled_where_it_stood(task):
    commit = Commit()
    finish(commit, task._replace(progress=(0, 9, 2)))
    assert (commit.done, commit.settled) == ([(NEAR, "1")], [task.place._replace(path="0202")])
    finish(commit, task._replace(place=None))
    assert len(commit.settled) == 1


# ---- moves


@pytest.fixture
def source():
    return Placing(ORDER, 0, CLOCK)


def test_what_is_written_after_a_move_was_heard_of_comes_behind_it(source):
    outbox = Outbox(CLOCK)
    before = source.of_task(outbox, NEAR, SOURCE)
    source.moved(3)
    after = source.of_task(outbox, NEAR, SOURCE)
    assert (before.path, after.path) == ("0000", "g030100")
    assert before.path < since(3) < after.path
    assert [source.moves_before(each.path) for each in (before, after)] == [0, 3]


def test_a_rank_from_which_tasks_come_tells_that_it_has_heard_even_if_it_has_written_nothing(source):
    source.moved(1)
    assert source.tells()
    commit = Commit()
    source.end(Outbox(CLOCK), commit)
    origin = origin_of(SOURCE, 0)
    assert commit.bounds == {origin: "g0100"}
    assert commit.begun == commit.settled == [Place(0, origin, 250, "g0100")]  # whoever waits is rung
    again = Commit()
    source.end(Outbox(CLOCK), again)
    assert not again.bounds


def test_it_tells_so_with_the_transaction_of_a_task_as_well(source, task):
    source.moved(1)
    source.tells()
    commit, outbox = Commit(), of_task(task)
    outbox.done.append((task.element, task.id))
    source.end(outbox, commit)
    assert commit.bounds == {origin_of(SOURCE, 0): "g0100"}
    assert task.place in commit.settled


def test_a_rank_from_which_no_tasks_come_tells_nothing(placing):
    placing.moved(1)
    assert not placing.tells()


def test_a_task_keeps_its_place_whatever_is_heard_while_it_runs(placing, task):
    outbox = of_task(task)
    placing.moved(1)
    assert placing.of_task(outbox, FAR, NEAR).path == "020000"
    assert placing.moves_before(outbox.numbers.prefix) == 0
