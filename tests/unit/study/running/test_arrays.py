from __future__ import annotations

import pytest

from hpcd4p.study.running.arrays import shares


@pytest.mark.parametrize(
    ("at_once", "sizes", "limits"),
    [(8, [10, 10, 10], [3, 3, 2]), (2, [5, 5, 5], [1, 1, 1]), (4, [100], [4]), (1, [3], [1])],
)
def test_arrays_share_the_number_of_points_at_once(at_once, sizes, limits):
    assert shares(at_once, sizes) == limits
