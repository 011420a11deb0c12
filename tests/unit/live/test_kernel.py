from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time

import pytest

from hpcd4p.live.kernel import Looks, in_words, is_file_lock, lock_in_words, locked, waits_in

LOCKS = """1: FLOCK  ADVISORY  WRITE 10 fe:00:99 0 EOF
1: -> FLOCK  ADVISORY  WRITE 20 fe:00:99 0 EOF
2: POSIX  ADVISORY  READ 11 fe:00:98 0 EOF
"""


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("hrtimer_nanosleep", "a time to be over (a sleep)"),
        ("futex_wait_queue", "a lock of its own process"),
        ("locks_lock_inode_wait", "a file lock"),
        ("nfs_wait_bit_killable", "a file server"),
        ("rpc_wait_bit_killable", "a file server"),
        ("unix_stream_read_generic", "a socket"),
        ("anon_pipe_read", "a pipe"),
        ("poll_schedule_timeout.constprop.0", "a socket, a pipe or a time"),
        ("folio_wait_bit_common", "a disk"),
        ("do_wait", "a process that it has started"),
        ("brand_new", "something outside (brand_new)"),
        ("", ""),
    ],
)
def test_a_function_of_the_kernel_has_words(function, words):
    assert in_words(function) == words


def test_who_has_a_lock_is_found_from_who_waits_for_it():
    assert locked(LOCKS, 20) == (10, "fe:00:99")
    assert locked(LOCKS, 10) is locked(LOCKS, 11) is locked("", 20) is None


def test_a_process_that_waits_for_a_lock_is_seen_with_who_has_it(tmp_path):
    path = tmp_path / "lock"
    code = f"import fcntl; fcntl.flock(open({str(path)!r}, 'a'), fcntl.LOCK_EX)"
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        child = subprocess.Popen([sys.executable, "-c", code])
        try:
            end = time.monotonic() + 60
            while not is_file_lock(waits_in(str(child.pid))):
                assert time.monotonic() < end
                time.sleep(0.01)
            assert lock_in_words(child.pid).startswith(f"the lock on {path}, which process {os.getpid()} (")
        finally:
            child.kill()
            child.wait()
    assert lock_in_words(child.pid) == "a file lock"


def test_a_process_that_computes_has_its_share_of_a_core():
    looks, who = Looks(), "self"
    first = looks.look(who, time.monotonic())
    assert first is not None
    assert first.cpu is None
    end = time.process_time() + 0.1
    while time.process_time() < end:
        pass
    second = looks.look(who, time.monotonic())
    assert second is not None
    assert second.cpu is not None
    assert second.cpu > 0


def test_a_process_that_is_gone_is_not_seen():
    assert Looks().look(str(2**22 + 1), 0.0) is None
    assert waits_in(str(2**22 + 1)) == ""


def test_what_is_not_kept_is_seen_for_the_first_time_again():
    looks = Looks()
    looks.look("self", 1.0)
    looks.keep([])
    again = looks.look("self", 2.0)
    assert again is not None
    assert again.cpu is None
