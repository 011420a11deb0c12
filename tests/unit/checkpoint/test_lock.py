"""One process alone has the lock, whatever the file system can do; a dead one has it no more."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from textwrap import indent

import pytest

from hpcd4p.checkpoint.lock import Lock
from hpcd4p.checkpoint.lock import holder as holder_of
from hpcd4p.errors import CheckpointInUse, CheckpointNotWritten
from tests.unit.checkpoint.crash import before_step, full_disk

HOLD = """
import sys
from hpcd4p.checkpoint.lock import Lock
Lock(sys.argv[1]).take()
print("has it", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "lock")


@pytest.fixture
def holder(path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "has it\n"
    yield process
    process.kill()
    process.communicate(timeout=60)


def test_another_process_is_named(path, holder):
    with pytest.raises(CheckpointInUse, match=f"in use by process {holder.pid} on "):
        Lock(path).take()


def test_the_lock_of_a_killed_process_is_free(path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait(60)
    lock = Lock(path)
    lock.take()
    with open(path) as file:
        assert json.load(file)["pid"] == os.getpid()
    lock.release()


def test_of_many_one_has_it(path):
    code = f"try:\n{indent(HOLD, '  ')}except Exception: print('has it not', flush=True)"
    command = [sys.executable, "-c", code, path]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    crowd = [subprocess.Popen(command, text=True, **pipes) for _ in range(4)]
    said = [process.stdout.readline() for process in crowd]
    for process in crowd:
        process.communicate("", timeout=60)
    assert sorted(said) == ["has it\n", *["has it not\n"] * 3]


def test_it_may_be_taken_again_and_released_again(path):
    lock = Lock(path)
    lock.take()
    lock.take()
    lock.release()
    lock.release()
    Lock(path).take()


def test_an_element_that_closes_it_does_not_lose_it_for_ever(path):
    lock = Lock(path)
    lock.take()
    os.close(lock._held)
    lock.take()
    with pytest.raises(CheckpointInUse):
        Lock(path).take()
    lock.release()


def test_a_child_that_is_forked_does_not_keep_it(path):
    lock = Lock(path)
    lock.take()
    end, write = os.pipe()
    ready, say = os.pipe()
    child = os.fork()
    if not child:
        os.write(say, b"x")
        os.close(write)
        os.read(end, 1)
        os._exit(0)
    try:
        os.read(ready, 1)
        os.close(lock._held)  # as if this process had ended
        Lock(path).take()
    finally:
        os.close(write)
        os.waitpid(child, 0)
        for descriptor in (end, ready, say):
            os.close(descriptor)


def test_one_that_was_removed_is_not_taken_for_the_one_that_is_there(path, monkeypatch):
    Lock(path).take()
    real = os.open

    def too_late(name, *args, **named):
        file = real(name, *args, **named)
        if name == path and os.path.exists(path) and len(seen) < 2:
            seen.append(name)
            os.unlink(path)
        return file

    seen: list[str] = []
    monkeypatch.setattr(os, "open", too_late)
    lock = Lock(path)
    with pytest.raises(CheckpointInUse):  # what it opens first is locked by the one that removes it
        lock.take()
    lock.take()
    assert os.path.samestat(os.fstat(lock._held), os.stat(path))


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP])
def test_without_locks_of_the_file_system_the_note_has_to_do(path, holder, monkeypatch, number):
    def none(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", none)
    with pytest.raises(CheckpointInUse, match=f"process {holder.pid} "):
        Lock(path).take()
    holder.kill()
    holder.wait(60)
    Lock(path).take()


def test_without_locks_a_note_of_another_host_says_nothing(path, monkeypatch):
    def none(*_: object) -> None:
        raise OSError(errno.ENOSYS, "no")

    monkeypatch.setattr(fcntl, "flock", none)
    with open(path, "w") as file:
        json.dump({"host": "elsewhere", "pid": 1, "since": time.time()}, file)
    Lock(path).take()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', "\0\0"])
def test_a_note_that_nobody_can_read_is_no_obstacle(path, text, holder):
    with open(path, "w") as file:
        file.write(text)
    with pytest.raises(CheckpointInUse, match="in use by process"):
        Lock(path).take()


def test_a_full_disk_is_told_in_one_class_or_does_not_matter(path):
    with before_step(0, full_disk), pytest.raises(CheckpointNotWritten):
        Lock(path).take()
    with before_step(2, full_disk) as seen:
        Lock(path).take()
    assert seen[2] == "pwrite"


def test_whoever_holds_it_is_told_without_taking_it(tmp_path):
    path = tmp_path / "lock"
    assert holder_of(path) is None
    lock = Lock(str(path))
    lock.take()
    found = holder_of(path)
    assert found is not None
    assert (found.lives, found.host, found.pid) == (True, os.uname().nodename, os.getpid())
    lock.release()
    assert holder_of(path) is None


def test_a_holder_that_has_died_is_told_as_such(tmp_path):
    path = tmp_path / "lock"
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    note = {"host": os.uname().nodename, "pid": done.pid, "since": 5.0}
    path.write_text(json.dumps(note))
    found = holder_of(path)
    assert found is not None
    assert (found.lives, found.pid, found.since) == (False, done.pid, 5.0)


@pytest.mark.parametrize("held", [True, False])
def test_of_another_host_the_lock_itself_tells(tmp_path, held):
    path = tmp_path / "lock"
    path.write_text(json.dumps({"host": "elsewhere", "pid": 7, "since": 5.0}))
    with open(path) as file:
        if held:
            fcntl.flock(file, fcntl.LOCK_EX)
        found = holder_of(path)
        assert found is not None
        assert (found.lives, found.host) == (held, "elsewhere")
