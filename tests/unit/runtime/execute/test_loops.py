"""What the loops do by themselves; with an element around them: `test_instance`."""

from __future__ import annotations

import pytest

from hpcd4p.runtime.execute.loops import Leave, batch_loop, item_loop, root_loop


def halves(failures):
    def half(number):
        return None if number == 2 else 6 // number

    def failed(port, value, error):
        failures.append((port, value, type(error)))

    return half, failed


def test_a_loop_goes_on_behind_the_tuple_that_raised():
    failures, out = [], []
    half, failed = halves(failures)
    item_loop(half, out, failed)("input", [1, 0, 2, 3])
    assert out == [6, 2]
    assert failures == [("input", 0, ZeroDivisionError)]


def test_what_is_returned_without_an_output_is_dropped():
    failures = []
    half, failed = halves(failures)
    item_loop(half, None, failed)("input", [1, 0])
    assert failures == [("input", 0, ZeroDivisionError)]


def test_calls_by_number_get_no_inputs():
    seen, out = [], []
    root_loop(lambda inputs: seen.append(inputs) or len(seen), out, lambda *_: None)("", range(5, 7))
    assert (seen, out) == ([{}, {}], [1, 2])


@pytest.mark.parametrize(
    ("find", "asked", "failed"),
    [
        (True, [[1, 2], [3, 0], [3], [0], [5]], [0]),
        (False, [[1, 2], [3, 0], [5]], [3, 0]),
    ],
)
def test_of_a_batch_that_fails_the_tuples_are_found_where_it_can_be_asked_again(find, asked, failed):
    batches, failures = [], []

    def attempt(part):
        batches.append(part)
        return ValueError() if 0 in part else None

    batch_loop(attempt, 2, find, lambda port, value, error: failures.append(value))("input", [1, 2, 3, 0, 5])
    assert batches == asked
    assert failures == failed


def test_a_batch_that_was_left_is_not_asked_again():
    batches, failures = [], []
    batch_loop(
        lambda part: batches.append(part) or Leave(), None, True, lambda *failure: failures.append(failure)
    )("input", [1, 2])
    assert batches == [[1, 2]]
    assert len(failures) == 2
