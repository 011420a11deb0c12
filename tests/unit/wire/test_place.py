"""Places compare as the numbers on their way do; a watermark is the least of what is not finished."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.wire.place import (
    END,
    LAST,
    NOTHING,
    PAST,
    Numbering,
    Place,
    moves_before,
    origin_of,
    outstanding,
    past,
    past_turn,
    read,
    since,
    step,
    watermarks,
    writer_of,
)

numbers = st.integers(0, 1 << 70) | st.integers(230, 260)
paths = st.lists(numbers, max_size=5)


def path(steps):
    return "".join(map(step, steps))


@given(paths, paths)
def test_paths_compare_as_their_numbers(first, second):
    assert (path(first) < path(second)) == (first < second)
    assert (path(first) == path(second)) == (first == second)


@given(paths)
def test_all_paths_lie_between_nothing_and_the_last(steps):
    assert NOTHING <= path(steps) < LAST < END


def test_what_a_task_writes_comes_behind_it_in_turn():
    origin = Numbering(3)
    first, second = origin.child(0), origin.child(1)
    task = Numbering.of(first, ())
    assert task.known == first
    sent, published, rest = task.take(), task.child(0).path, task.take()
    assert first.path == sent < published < rest < second.path
    assert origin.here() > second.path
    assert (second.origin, second.reach) == (3, 1)


def test_a_task_that_is_run_again_gives_the_same_numbers():
    place = Numbering(0).child(0)
    first = Numbering.of(place, ())
    given_out = [first.take() for _ in range(4)]
    again = Numbering.of(place, (0, 17, 2))  # two of them are committed
    assert [again.take(), again.take()] == given_out[2:]
    assert Numbering.of(place, (0, 17, 2)).known == outstanding(place, (0, 17, 2))
    assert outstanding(place, (0, 17, 2)).path == given_out[2]


def test_a_task_inherits_the_age_of_its_origin():
    origin = Numbering(0)
    origin.age = 70
    assert Numbering.of(origin.child(0), ()).child(0).age == 70


@given(st.integers(0, 9), st.integers(-1, 9), st.integers(0, 10**9), paths)
def test_a_place_is_read_as_it_was_written(reach, origin, age, steps):
    place = Place(reach, origin, age, path(steps))
    assert read(place.word) == place


def test_the_past_keeps_its_order_and_comes_before_what_follows():
    old = Place(0, 2, 40, step(5) + step(0))
    first = past(old, 7)
    assert first.origin == PAST
    assert past(first, 9) == first  # it was of the past already
    later = past(Place(0, 0, 1, step(1) + step(0)), 9)
    assert first.path < later.path
    assert past_turn((2, old.path), 7) == (PAST, first.path)


@given(numbers, numbers, paths)
def test_who_has_written_something_is_known_in_the_past_as_well(epoch, element, steps):
    turn = origin_of(element, 7), path(steps)
    later = origin_of(element, 8), path(steps)
    old = past_turn(turn, epoch)
    assert writer_of(turn)[0] == writer_of(later)[0] == writer_of(old)[0] == element
    if epoch < 1 << 62:
        assert writer_of(old) < writer_of(later)


@given(numbers, numbers, paths)
def test_what_was_written_after_a_move_comes_behind_all_before_it(moves, more, steps):
    before, after = since(moves) + path(steps), since(moves + 1 + more) + path(steps)
    assert before < since(moves + 1) <= after < LAST < END
    assert (moves_before(before), moves_before(after)) == (moves, moves + 1 + more)


def test_a_watermark_is_the_least_of_all_lanes_and_of_what_its_origin_writes_next():
    lanes = ((0, 0), (1, 0), (0, 3), (0, PAST))
    marks = watermarks({(0, 0): "05", (1, 0): "03", (0, 3): None}, {0: "09", 3: "02"}, lanes)
    assert marks == {0: "03", 3: "02", PAST: NOTHING}
    assert watermarks({(0, PAST): None}, {PAST: END}, ((0, PAST),)) == {PAST: END}
