from __future__ import annotations

import os

import pytest

from hpcd4p.processes import began, stat_of


def test_the_kernel_tells_of_this_process():
    stat = stat_of("self")
    assert stat.lives
    assert stat.parent == os.getppid()
    assert began(os.getpid()) is not None


def test_of_a_process_that_is_not_there_it_tells_nothing():
    with pytest.raises(FileNotFoundError):
        stat_of(2**22 + 1)
    assert began(2**22 + 1) is None
