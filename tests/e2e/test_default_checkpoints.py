"""Checkpoints that nobody has asked for: set up late, of use in time, and gone when all is done."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpcd4p.record.reader import read_record
from tests.e2e.answers import missing_and_extra, plain
from tests.e2e.harness import Ended, Run, Runs
from tests.e2e.test_blocks import may_mount

COUNT = ("-i", "4000")
WORDS = (*COUNT, "--nap-ms", "25")
"""A hundred seconds of work, unless the run is let go before."""


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> Iterator[Ended]:
    runs = Runs(tmp_path_factory.mktemp("sequential"))
    ended = runs.run("wanders", 1, *COUNT, "--checkpoint", "off")
    yield ended
    runs.close()


def kept(run: Run) -> list[Path]:
    """Folders of checkpoints, wherever they are."""
    return sorted(run.folder.rglob("*.checkpoints"))


@pytest.mark.parametrize("deed", ["nothing", "chdir"])
@pytest.mark.parametrize("ranks", [1, 3])
def test_a_run_that_is_asked_to_end_goes_on_wherever_its_elements_go(runs, expected, ranks, deed):
    run = runs.start("wanders", ranks, *WORDS, "--deed", deed)
    run.until_touched("at-work")
    run.process.send_signal(signal.SIGUSR1)
    ended = run.wait(held=True)
    assert ended.status == 3, ended.err
    assert "no checkpoint" not in ended.err
    assert [folder.parent for folder in kept(run)] == [run.folder / "results"]
    again = runs.start("", ranks, after=run).wait()
    assert again.status == 0, again.err
    assert missing_and_extra(expected.outputs, again.outputs) == ""
    assert kept(run) == []


@pytest.mark.parametrize("victim", ["redis", "state"])
def test_a_run_without_a_checkpoint_begins_again_in_its_job(runs, expected, victim):
    run = runs.start("wanders", 3, *WORDS)
    run.until_touched("at-work")
    os.kill(run.redis() if victim == "redis" else run.rank(1), signal.SIGKILL)
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert "it goes on from its start" in ended.err
    assert "Traceback" not in ended.err
    assert missing_and_extra(expected.outputs, ended.outputs) == ""
    assert kept(run) == []


def test_a_run_that_is_asked_to_end_and_cannot_go_on_leaves_its_record_alone(runs):
    run = runs.start("unsaved", 3, "-i", "60", "--holds", "class")
    run.until(run.is_held)
    run.process.send_signal(signal.SIGUSR1)
    ended = run.wait(held=True)
    assert ended.status == 3, ended.err
    assert "Holds2 cannot be saved" in ended.err
    assert ended.summary is not None
    assert kept(run) == []


@pytest.mark.skipif(not may_mount(), reason="needs root, for a file system of its own")
@pytest.mark.parametrize("ranks", [1, 3])
def test_where_there_is_room_for_the_record_alone_that_comes_out(runs, ranks):
    """The journal would have the same 20 MB once more."""
    words = ("-i", "1000", "--size", "20000")
    expected = runs.run("wanders", 1, *words, "--checkpoint", "off")
    mounts = 'mkdir results && mount -t tmpfs -o size=30m tmpfs results && "$@" && cp -r results ../kept'
    ended = runs.run("wanders", ranks, *words, under=["unshare", "--mount", "sh", "-c", mounts, "sh"])
    assert ended.status == 0, ended.err
    (record,) = runs._folder.glob("kept/*")
    with read_record(record) as read:
        outputs = Counter((name, plain(v)) for name in read.names for v in read.outputs(name))
    assert missing_and_extra(expected.outputs, outputs) == ""
