"""The shell that removes what a killed run leaves."""

import threading
import time
from contextlib import suppress

import pytest

from hpcd4p.launch.blocks_folder import _guard, blocks_folder
from hpcd4p.launch.watchdog import Watchdog

WRITES_S = 0.4


@pytest.fixture
def written_in(tmp_path):
    """A folder that a rank still writes into for a while, as long as it is there."""
    folder = tmp_path / "blocks"
    folder.mkdir()
    end = time.monotonic() + WRITES_S

    def write():
        number = 0
        while time.monotonic() < end:
            number += 1
            with suppress(FileNotFoundError):
                (folder / str(number)).touch()

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    yield folder
    for thread in threads:
        thread.join()


def test_a_folder_goes_though_a_rank_still_writes_into_it(written_in):
    guard = _guard(str(written_in))
    assert guard is not None
    guard.release(10)
    assert not written_in.exists()


def test_so_does_one_that_goes_with_a_server(written_in, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    watchdog = Watchdog(["sleep", "100"], home, also=str(written_in))
    watchdog.release()
    assert not written_in.exists()
    assert not home.exists()


def test_a_folder_that_a_rank_is_slow_to_leave_goes_with_the_next_one(tmp_path):
    old, new, left = tmp_path / "old", tmp_path / "new", tmp_path / "old" / "left"
    with blocks_folder(str(old), guarded=True) as made:
        assert made == str(old)
        left.mkdir()  # what cannot be removed yet
    assert old.exists()
    with blocks_folder(str(new), guarded=True, also=[str(old)]) as made:
        assert made == str(new)
        left.rmdir()
    assert not old.exists()
    assert not new.exists()


def test_one_that_is_there_is_not_taken_for_a_new_one(tmp_path):
    with blocks_folder(str(tmp_path), guarded=True) as made:
        assert made == ""
    assert tmp_path.exists()
