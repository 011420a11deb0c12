"""When a run that was killed has new work."""

from __future__ import annotations

import pytest

from hpcd4p.bench.killing import new_work

BEFORE = [(1.0, 200), (2.0, 400), (3.0, 600)]


@pytest.mark.parametrize(
    ("after", "at"),
    [
        ([], None),
        ([(4.0, 800)], None),  # what has not died works on
        ([(4.0, 800), (5.0, 400), (6.0, 600), (7.0, 800)], None),  # done again
        ([(4.0, 800), (5.0, 400), (6.0, 800), (7.0, 1000), (8.0, 1200)], 7.0),
        ([(5.0, 400), (6.0, 600), (7.0, 800)], 7.0),
    ],
)
def test_new_is_what_was_never_done_before(after, at):
    assert new_work([*BEFORE, *after], 3.5) == at
