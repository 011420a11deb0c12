"""Every line of the table of `control.placing`."""

from __future__ import annotations

import pytest

from hpcd4p.control.placing import KEPT_BYTES, LASTING_BYTES, Placing
from hpcd4p.control.sealing import goes_aside

GIB = 1 << 30


@pytest.mark.parametrize(
    ("size", "least", "aside"),
    [(99, 100, False), (100, 100, True), (10**9, 100, True), (10**9, 0, False), (0, 0, False)],
)
def test_buffers_go_aside_from_the_least_size_on_and_never_if_it_is_0(size, least, aside):
    assert goes_aside(size, least) is aside


@pytest.mark.parametrize(("size", "fits"), [(7 * GIB, True), (7 * GIB + 1, False)])
def test_the_last_eighth_of_the_memory_is_left_to_others(size, fits):
    assert Placing(4, 1).fits(size, 8 * GIB, 8 * GIB) is fits


def test_a_memory_that_others_have_filled_has_no_room():
    assert not Placing(4, 1).fits(1, 10_000, 64 << 20)


def test_a_rank_keeps_so_much_and_no_large_block():
    rule = Placing(4, 1)
    assert rule.lasts(LASTING_BYTES, 0, 64 * GIB)
    assert not rule.lasts(LASTING_BYTES + 1, 0, 64 * GIB)
    assert rule.lasts(1 << 20, KEPT_BYTES - (1 << 20), 64 * GIB)
    assert not rule.lasts(1 << 20, KEPT_BYTES - (1 << 20) + 1, 64 * GIB)


def test_what_all_ranks_keep_is_a_quarter_of_a_small_memory():
    rule = Placing(16, 1)
    assert rule.lasts(1 << 20, 0, 64 << 20)
    assert not rule.lasts(1 << 20, 1, 64 << 20)
