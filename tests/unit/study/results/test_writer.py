"""The results file is written by one process at a time, and appears as a whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hpcd4p.errors import RecordError
from hpcd4p.record.aside import AsideFile
from hpcd4p.study.results.collect import collect
from hpcd4p.study.results.reader import read_results
from hpcd4p.study.running.one_writer import one_writer
from tests.unit.study.attempts_made import StudyMade, end_of

WRITER = """
import sys
from pathlib import Path
from hpcd4p.study.results.collect import collect
print("ready", flush=True)
while True:
    collect(Path(sys.argv[1]), merge=True)
    print("written", flush=True)
"""


@pytest.fixture
def study(tmp_path: Path) -> StudyMade:
    made = StudyMade(tmp_path / "results")
    for ranks in (1, 2, 4):
        made.attempt({"ranks": ranks}, end=end_of())
    return made


def writer(study: StudyMade) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(study.path)], stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[4],
    )  # fmt: skip


def test_a_writer_that_is_killed_at_any_moment_leaves_a_whole_file(study: StudyMade) -> None:
    collect(study.path)
    moments = random.Random(7)
    for _ in range(6):
        process = writer(study)
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            time.sleep(moments.uniform(0.0, 0.05))
            for _ in range(20):  # readers meanwhile
                assert len(read_results(study.file).rows) == 3
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
            process.stdout.close()
        assert len(read_results(study.file).rows) == 3
    collect(study.path)  # what the dead have left is in nobody's way, and is taken away
    assert sorted(path.name for path in study.path.parent.iterdir()) == ["s", "s.h5"]


def test_two_writers_at_once_both_write_one_after_the_other(study: StudyMade) -> None:
    processes = [writer(study) for _ in range(2)]
    try:
        for process in processes:
            assert process.stdout is not None
            assert [process.stdout.readline() for _ in range(4)] == ["ready\n", *3 * ["written\n"]]
    finally:
        for process in processes:
            process.kill()
            process.wait()
            process.stdout.close()  # type: ignore[union-attr]
    assert len(read_results(study.file).rows) == 3


def test_another_writer_is_named_when_it_does_not_end(study: StudyMade) -> None:
    with one_writer(study.file), pytest.raises(RecordError) as caught, one_writer(study.file, 0.0):
        pass
    text = str(caught.value)
    for part in (str(study.file), f"process {os.getpid()} on {os.uname().nodename}", ".s.h5.lock"):
        assert part in text


def test_the_lock_of_a_dead_process_of_this_host_is_broken(study: StudyMade) -> None:
    lock = study.file.with_name(".s.h5.lock")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for pid, began in ((gone.pid, "1"), (os.getpid(), "1")):  # the second: its number was given again
        lock.write_text(json.dumps({"host": os.uname().nodename, "pid": pid, "began": began, "mark": "x"}))
        with one_writer(study.file, 0.0):
            assert json.loads(lock.read_text())["pid"] == os.getpid()
        assert not lock.exists()


@pytest.mark.parametrize("text", ['{"host": "elsewhere", "pid": 1, "began": "1"}', "", "{"])
def test_a_lock_of_which_nobody_here_knows_is_kept(study: StudyMade, text: str) -> None:
    lock = study.file.with_name(".s.h5.lock")
    lock.write_text(text)
    with pytest.raises(RecordError, match=f"remove {lock}"), one_writer(study.file, 0.0):
        pass
    assert lock.read_text() == text


def test_where_there_are_no_hard_links_there_is_one_writer_too(
    study: StudyMade, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with one_writer(study.file), pytest.raises(RecordError, match="written by"), one_writer(study.file, 0.0):
        pass
    assert [path.name for path in study.path.parent.iterdir()] == ["s"]


def test_a_lock_that_was_removed_by_hand_is_left_to_its_new_owner(study: StudyMade) -> None:
    lock = study.file.with_name(".s.h5.lock")
    with one_writer(study.file):
        lock.write_text("another's")
    assert lock.read_text() == "another's"


def test_a_folder_that_cannot_be_written_is_told(study: StudyMade) -> None:
    with pytest.raises(RecordError, match=r"results file /proc/s\.h5 cannot be written: .*-o"):
        collect(study.path, Path("/proc/s.h5"))


@pytest.mark.parametrize("merge", [False, True])
def test_a_full_disk_leaves_the_old_file(
    study: StudyMade, monkeypatch: pytest.MonkeyPatch, merge: bool
) -> None:
    collect(study.path)
    before = study.file.read_bytes()
    write = AsideFile.write

    def fails(self: AsideFile, data: memoryview) -> int:
        if self._at + len(data) > 4096 and self.error is None:
            self.error = OSError(errno.ENOSPC, "No space left on device")
        return write(self, data)

    monkeypatch.setattr(AsideFile, "write", fails)
    with pytest.raises(RecordError, match=r"s\.h5 could not be written: No space left on device"):
        collect(study.path, merge=merge)
    assert study.file.read_bytes() == before
    assert sorted(path.name for path in study.path.parent.iterdir()) == ["s", "s.h5"]
