"""While a commit is outstanding, only what a look could get is weighed."""

from __future__ import annotations

import pytest

from hpcd4p.control.taking import takeable

QUICK, SLOW, NEW = 1, 2, 3


@pytest.mark.parametrize(
    ("wanted", "waiting", "asked_for"),
    [
        # an element that may be slow holds nobody up as long as it has no task
        ([QUICK], {}, [QUICK]),
        ([NEW, QUICK], {}, [QUICK]),
        ([NEW, SLOW, QUICK], {QUICK: 5}, [QUICK]),
        ([QUICK, NEW], {NEW: 0}, [QUICK]),
        # when it has one and its turn comes, the rank waits for its commit
        ([SLOW, QUICK], {SLOW: 1, QUICK: 5}, []),
        ([NEW, QUICK], {NEW: 1}, []),
        # what is more wanted than that goes first
        ([QUICK, SLOW], {SLOW: 1}, [QUICK]),
        ([QUICK, SLOW, 4], {SLOW: 1, 4: 9}, [QUICK]),
        # nothing but slow elements
        ([SLOW], {}, []),
        ([], {QUICK: 1}, []),
    ],
)
def test_only_slow_elements_with_tasks_that_wait_hold_a_rank_back(wanted, waiting, asked_for):
    assert takeable(wanted, {SLOW, NEW}, waiting) == asked_for
