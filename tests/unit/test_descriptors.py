"""What the engine's own descriptors do when their numbers lead elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from hpcd4p import descriptors
from hpcd4p.descriptors import Waker


@pytest.fixture
def waker() -> Iterator[Waker]:
    made = Waker()
    yield made
    made.close()


def test_who_is_woken_finds_a_sign(waker):
    waker.wake()
    waker.empty()
    os.set_blocking(waker.end, False)
    with pytest.raises(BlockingIOError):
        waker.empty()


def test_one_that_is_closed_writes_into_no_other_file_of_the_engine(waker):
    """The thread of a source may outlive it: a run that goes back opens the same numbers again."""
    waker.close()
    left = [descriptors.hold(each) for _ in range(8) for each in os.pipe()]
    try:
        waker.wake()
        for end in left[::2]:
            os.set_blocking(end, False)
            with pytest.raises(BlockingIOError):
                os.read(end, 1)
    finally:
        for each in left:
            descriptors.close(each)


def test_one_whose_pipe_others_have_closed_is_silent(waker):
    os.close(waker._far)
    waker.wake()
