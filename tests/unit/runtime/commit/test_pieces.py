"""Where paths part that meet again, each piece of what is written has a place of its own."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hpcd4p.plan.model import Route, Spread
from hpcd4p.plan.order import Order
from hpcd4p.runtime.commit.outbox import Outbox
from hpcd4p.runtime.commit.placing import PIECE_TUPLES, Placing
from hpcd4p.wire.messages import Commit, Segment, Task
from hpcd4p.wire.place import Numbering, Place, origin_of, since, step

SOURCE, FORK, LEFT, RIGHT, PLAIN, END, OTHER = range(7)

ORDER = Order(
    frozenset({END}),
    (frozenset({END}),),
    {FORK: 0, LEFT: 0, RIGHT: 0, PLAIN: 0},
    {0: frozenset({(SOURCE, 0)})},
    frozenset({(SOURCE, "output"), (FORK, "output")}),
    frozenset({FORK}),
    {SOURCE: frozenset({END})},
)

CLOCK = SimpleNamespace(now=lambda: 1.0, elapsed=lambda: 0.25)


@pytest.fixture
def placing():
    return Placing(ORDER, 3, CLOCK)


def outbox_of(element):
    """That of a task of `element` whose own number is 2 of origin 7."""
    task = Task(element, "1", 5, b"", 0, (), "", Place(0, 7, 40, step(2) + step(0)))
    outbox = Outbox(CLOCK)
    outbox.numbers = Numbering.of(task.place, (), element)
    return outbox


def route(source, target, port="input"):
    return Route(source, "output", target, port, Spread.SHUFFLE, None)


def places(placing, outbox):
    """Of all pieces that are tasks: the first of each, and a second one if it does not fit into one."""
    return [
        [placing.of_task(outbox, piece.route.target, piece.route.source, piece.numbers).path for _ in "12"]
        for piece in outbox.pieces.published
    ]


def test_pieces_are_in_the_order_in_which_they_are_written(placing):
    outbox = outbox_of(FORK)
    for number in (1, 2):
        assert placing.takes(outbox, route(FORK, LEFT), 0, [number])
        assert placing.takes(outbox, route(FORK, END), 0, [number])
        assert placing.takes(outbox, route(FORK, END), 1, [number])
        assert placing.takes(outbox, route(FORK, RIGHT), 0, [number])
    tasks = places(placing, outbox)
    sent = outbox.pieces.take_sent()
    # a number each, but one for all that is sent between two tasks
    assert [turn for turn, *_ in sent] == [(7, step(2) + step(1)), (7, step(2) + step(4))]
    paths = [path for pair in tasks for path in pair]
    assert paths == sorted(paths)
    assert [path[:4] for path in paths[::2]] == ["0200", "0202", "0203", "0205"]
    assert outbox.pieces.take_sent() == []
    rest = placing.of_task(outbox, FORK, FORK)
    assert rest.path > tasks[-1][-1]
    assert (rest.origin, rest.age) == (7, 40)


def test_what_goes_on_where_it_was_is_no_new_piece(placing):
    outbox = outbox_of(FORK)
    before = outbox.tuples
    for number in (1, 2):
        assert placing.takes(outbox, route(LEFT, END), 0, [number])
    for number in (3, 4):
        assert placing.takes(outbox, route(FORK, RIGHT), 0, [number])
    assert placing.takes(outbox, route(LEFT, END), 0, [5])
    assert [piece.values for piece in outbox.pieces.published] == [[3, 4]]
    assert [segments for _, segments, _ in outbox.pieces.take_sent()] == [
        [Segment(END, 0, "input", [1, 2])],
        [Segment(END, 0, "input", [5])],
    ]
    assert outbox.unsent == 3
    assert outbox.tuples == before + 5 + PIECE_TUPLES  # a piece weighs more than a tuple


def test_the_inputs_of_a_partition_keep_their_order(placing):
    outbox = outbox_of(FORK)
    for number, port in enumerate(("first", "second", "second", "first")):
        placing.takes(outbox, route(FORK, END, port), 0, [number])
    (sent,) = outbox.pieces.take_sent()
    assert [each[2:] for each in sent.segments] == [("first", [0]), ("second", [1, 2]), ("first", [3])]


def test_a_task_from_which_no_paths_part_has_no_pieces(placing):
    outbox = outbox_of(PLAIN)
    assert not placing.takes(outbox, route(PLAIN, LEFT), 0, [1])
    assert not placing.takes(outbox, route(PLAIN, END), 0, [1])
    assert outbox.pieces is None


def test_what_leads_to_nothing_ordered_is_no_piece(placing):
    assert not placing.takes(outbox_of(FORK), route(FORK, OTHER), 0, [1])


def test_a_source_numbers_its_pieces_and_says_where_it_writes_next(placing):
    outbox, commit = Outbox(CLOCK), Commit()
    assert placing.takes(outbox, route(SOURCE, LEFT), 0, ["a"])
    assert placing.takes(outbox, route(SOURCE, END), 0, ["a"])
    origin = origin_of(SOURCE, 3)
    assert [path[0][:2] for path in places(placing, outbox)] == [step(0)]
    assert outbox.pieces.take_sent()[0].turn == (origin, step(1))
    placing.end(outbox, commit)
    assert commit.bounds == {origin: step(2)}
    assert not placing.takes(Outbox(CLOCK), route(PLAIN, END), 0, ["a"])  # it is no fork


def test_what_no_task_of_its_writer_can_come_before_does_not_wait(placing):
    order = ORDER._replace(tasks={SOURCE: frozenset()})
    placing = Placing(order, 3, CLOCK)
    outbox = Outbox(CLOCK)
    for port in ("first", "second"):
        assert placing.takes(outbox, route(SOURCE, END, port), 0, ["a"])
    (sent,) = outbox.pieces.take_sent()
    assert sent.turn is None
    assert [each.port for each in sent.segments] == ["first", "second"]


# ---- moves


def test_a_piece_keeps_its_number_whatever_is_heard_and_what_is_written_then_is_behind_the_move(placing):
    outbox, commit = Outbox(CLOCK), Commit()
    placing.takes(outbox, route(SOURCE, END), 0, [1])
    placing.moved(4)
    placing.takes(outbox, route(SOURCE, END), 1, [2])  # of the same piece
    placing.takes(outbox, route(SOURCE, LEFT), 0, [3])
    placing.takes(outbox, route(SOURCE, END), 0, [4])
    ((task, _),) = places(placing, outbox)
    before, after = (turn[1] for turn, *_ in outbox.pieces.take_sent())
    assert before < since(4) < task < after
    assert [placing.moves_before(path) for path in (before, task, after)] == [0, 4, 4]
    placing.end(outbox, commit)
    assert commit.bounds == {origin_of(SOURCE, 3): since(4) + step(3)}
    whole = placing.of_task(Outbox(CLOCK), PLAIN, SOURCE)
    assert whole.path > after  # pieces and whole transactions have one counter, and begin alike
    assert placing.moves_before(whole.path) == 4


def test_pieces_of_a_task_go_by_its_place(placing):
    outbox = outbox_of(FORK)
    placing.moved(4)
    placing.takes(outbox, route(FORK, LEFT), 0, [1])
    placing.takes(outbox, route(FORK, END), 0, [1])
    ((task, _),), ((turn, *_),) = places(placing, outbox), outbox.pieces.take_sent()
    assert [placing.moves_before(path) for path in (task, turn[1])] == [0, 0]
