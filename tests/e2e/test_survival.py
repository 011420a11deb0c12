"""Runs that keep checkpoints, are killed, and go on: the answer of one process, and bad input in one line.

A sample of each; for many: ``python -m tests.e2e.survival_loop SECONDS``.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from hpcd4p.checkpoint.lock import Lock
from hpcd4p.launch.mpi_program import command, environment, find_mpi
from hpcd4p.record.reader import read_record
from tests.e2e.answers import missing_and_extra
from tests.e2e.conftest import clean_environment
from tests.e2e.harness import MPICH, Runs
from tests.e2e.harness import WORKFLOWS as WORKFLOWS_FOLDER
from tests.e2e.sabotage import shared_redis
from tests.e2e.survival_loop import KEEP, SHORT, Answers, Case, epochs, faults, survive
from tests.e2e.test_blocks import may_mount

DEADLINE_S = 120

ANSWERS = Answers()

NAPS = """
    import time
    from pathlib import Path
    from hpcd4p import IterativePE, KeyedPE, ProducerPE, WorkflowGraph

    class Numbers(ProducerPE):
        def __init__(self):
            super().__init__()
            self.next = 0

        def _process(self, inputs):
            # many are left when this is killed, however fast the ranks are
            if self.next >= 100 and not Path("go-on").exists():
                time.sleep(0.5)
            self.next += 1
            return self.next - 1

    class Nap(IterativePE):
        def _process(self, number):
            time.sleep(0.01)
            return number % 7, number

    class Sum(KeyedPE):
        def process_key(self, key, value, state):
            return (state or 0) + value

    graph = WorkflowGraph()
    nap = Nap()
    graph.connect(Numbers(), "output", nap, "input")
    graph.connect(nap, "output", Sum(), "input")
"""


def goes_on(runs: Runs, case: Case, seed: int = 1) -> list[str]:
    """Run a case; gives what was killed."""
    outputs, failed = ANSWERS.of(case.workflow)
    ended, killed, wrong = survive(runs, case, seed)
    assert ended is not None, wrong
    assert faults(ended, outputs, failed, runs._runs[0].folder) == []
    return killed


# ---- killed, and right


@pytest.mark.parametrize(
    ("workflow", "sizes", "victims"),
    [("survivor", (4, 8, 2), ("job", "head")), ("survivor range", (2, 3), ("state",))],
)
def test_a_run_that_is_killed_again_and_again_goes_on_elsewhere(runs, workflow, sizes, victims):
    assert goes_on(runs, Case(f"{workflow} short", sizes, victims, spread_s=0.2))[:1] == [victims[0]]


def test_so_does_one_of_the_static_mapping_with_as_many_instances_as_before(runs):
    """Its arrays lie in memory that ranks share, and are written to while they are saved."""
    goes_on(runs, Case("arrays short", (3, 5), ("job",), "static", spread_s=0.2))


@pytest.mark.parametrize(
    ("sizes", "victims"), [((4, 2, 3), ("job", "state")), ((2, 1), ("head",)), ((1, 4), ("job",))]
)
def test_so_does_one_whose_checkpoint_holds_only_what_has_changed(runs, sizes, victims):
    case = Case("ledger short", sizes, victims, spread_s=0.2, referring=True)
    assert goes_on(runs, case)[:1] == [victims[0]]


@pytest.mark.skipif(not MPICH.exists(), reason="needs MPICH: make .venv/.ready-mpich")
def test_so_does_one_with_another_mpi_and_a_shared_redis(runs, tmp_path):
    (tmp_path / "s").mkdir()
    with shared_redis(tmp_path / "s") as (url, _):
        goes_on(runs, Case("load short", (4, 3), ("job",), "hybrid", str(MPICH), url, 0.2))


@pytest.mark.parametrize("mapping", ["hybrid", "static"])
def test_a_run_that_ends_leaves_no_checkpoints(runs, mapping):
    outputs, failed = ANSWERS.of("load short")
    run = runs.start("load", 3, *SHORT["load short"], *KEEP, "--mapping", mapping)
    run.until(lambda: epochs(run.folder))
    assert faults(run.wait(), outputs, failed, run.folder) == []


# ---- bad input


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A folder with w.py, and the checkpoints of a run of it that was killed."""
    folder = tmp_path_factory.mktemp("killed")
    runs = Runs(folder)
    file = folder / "w.py"
    file.write_text(textwrap.dedent(NAPS))
    run = runs.start(str(file), 3, "-i", "250", "--checkpoint", "0.2")
    run.until(lambda: len(epochs(run.folder)) >= 2)
    run.kill()
    runs.close()
    return folder


class Dead(NamedTuple):
    """A run that was killed, and what may be done to it."""

    place: Path
    """Where hpcd4p is called."""
    folder: Path
    """Of its checkpoints."""

    def resume(self, *words: str, under: tuple[str, ...] = (), variables: Mapping[str, str] | None = None):
        return subprocess.run(
            [*under, sys.executable, "-m", "hpcd4p", "resume", *words],
            cwd=self.place, capture_output=True, text=True, timeout=DEADLINE_S, check=False,
            env=clean_environment() | {**(variables or {})},
        )  # fmt: skip

    def refused(self, *words: str) -> str:
        """The one line that is told."""
        done = self.resume(*words)
        assert done.returncode == 2, (done.stdout, done.stderr)
        (line,) = done.stderr.splitlines()
        assert line.startswith("hpcd4p: error: ")
        assert "Traceback" not in done.stdout
        return line


@pytest.fixture
def dead(killed, tmp_path):
    shutil.copytree(killed / "run0", tmp_path / "here", ignore=shutil.ignore_patterns("stacks"))
    (folder,) = (tmp_path / "here").glob("results/*.checkpoints")
    made = Dead(tmp_path / "here", folder)
    edit(made, cwd=str(made.place))
    (made.place / "go-on").touch()
    return made


@contextmanager
def lock_of(folder: Path) -> Iterator[None]:
    """Be a run that works with a folder."""
    lock = Lock(str(folder / "lock"))
    lock.take()
    yield
    lock.release()


def edit(dead: Dead, **changes: object) -> None:
    path = dead.folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def newest(dead: Dead) -> Path:
    return max(dead.folder.glob("epoch-??????"))


def test_it_goes_on_where_it_was_and_says_so_when_it_has(dead):
    done = dead.resume("-n", "2")
    assert done.returncode == 0, done.stderr
    (record,) = dead.place.glob("results/*.h5")
    with read_record(record) as read:
        assert sorted(read.outputs("Sum2.output")) == [(key, sum(range(key, 250, 7))) for key in range(7)]
    assert not dead.folder.exists()
    assert "has finished: there is nothing to go on with" in dead.refused(str(record))
    assert "has no run that can go on" in dead.refused()


def test_the_ranks_of_mpirun_go_on_as_well(dead):
    mpi = find_mpi()
    (*under, program) = command(mpi, 2, [sys.executable])
    assert program == sys.executable
    done = dead.resume(under=tuple(under), variables=environment(mpi, clean_environment()))
    assert done.returncode == 0, done.stderr
    assert not dead.folder.exists()


def test_there_is_nothing(tmp_path):
    empty = Dead(tmp_path, tmp_path)
    assert "has no run that can go on" in empty.refused()
    assert "has no run that can go on" in empty.refused("none.h5")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--frobnicate",), "unknown option --frobnicate"),
        (("--chekpoint", "1"), "did you mean --checkpoint?"),
        (("a", "b"), "unexpected argument 'b'"),
        (("-n", "many"), "-n"),
        (("-n", "100000"), "takes up to"),
        (("-i", "7"), "inputs was 250 and is 7"),
        (("--checkpoint", "0"), "a number of seconds"),
    ],
)
def test_words_that_it_does_not_know(dead, words, says):
    assert says in dead.refused(*words)


@pytest.mark.parametrize("word", ["0", "-1", "inf", "soon", "nan"])
@pytest.mark.parametrize("ranks", [(), ("-n", "3")])
def test_intervals_that_are_none(hpcd4p, word, ranks):
    ended = hpcd4p("run", *ranks, "w.py", "--checkpoint", word, workflow=NAPS)
    assert ended.status == 2
    assert "a number of seconds from 0.05 on, not" in ended.error
    assert ended.err.strip() == ended.error.strip()  # no launcher was begun


def test_more_ranks_than_a_machine_takes(hpcd4p):
    ended = hpcd4p("run", "-n", "100000", "w.py", workflow=NAPS)
    assert ended.status == 2
    assert "takes up to" in ended.error


def test_another_version(dead):
    edit(dead, version=99)
    assert "have another format than this hpcd4p reads" in dead.refused()


@pytest.mark.parametrize("text", ["[", "7", "{}", '{"version": 1, "elements": 7}'])
def test_run_json_that_is_none(dead, text):
    (dead.folder / "run.json").write_text(text)
    dead.refused()


def test_a_workflow_that_has_changed(killed, dead):
    file = killed / "w.py"
    before = file.read_text()
    try:
        file.write_text(before + "# changed\n")
        assert dead.refused().count("has changed since") == 1
        assert dead.resume("--anyway").returncode == 0
    finally:
        file.write_text(before)


def test_two_at_once(dead):
    with lock_of(dead.folder):
        line = dead.refused()
    assert f"in use by process {os.getpid()} on " in line


def test_a_damaged_checkpoint_and_the_one_before(dead):
    os.truncate(newest(dead) / "rank-1", 100)
    assert dead.resume("-n", "2").returncode == 0


@pytest.mark.parametrize("name", ["rank-1", "head", "manifest"])
def test_foreign_files_in_all_of_them(dead, name):
    for path in dead.folder.glob(f"epoch-*/{name}"):
        path.write_bytes(pickle.dumps(Harm()))
    assert "no checkpoint of the run can be used" in dead.refused()
    assert not Path("harm").exists()


class Harm:
    """Does something when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("harm",)


def test_another_key_or_none(dead):
    (dead.folder / "key").write_bytes(bytes(32))
    assert "was written by another run" in dead.refused()
    os.unlink(dead.folder / "key")
    assert "key cannot be read" in dead.refused()


def test_a_run_that_was_killed_before_its_first(dead):
    for path in dead.folder.glob("epoch-*"):
        shutil.rmtree(path)
    assert "has no checkpoint yet" in dead.refused()


@pytest.mark.parametrize("word", [(), ("results",)])
def test_of_several_it_takes_one_that_can_go_on(dead, word):
    other = dead.folder.with_name("younger.checkpoints")
    shutil.copytree(dead.folder, other, ignore=shutil.ignore_patterns("epoch-*"))
    now = time.time()
    os.utime(other / "run.json", (now + 60, now + 60))
    assert dead.resume(*word).returncode == 0
    assert not dead.folder.exists()
    assert "younger.checkpoints has no checkpoint yet" in dead.refused(*word)


# ---- folders that cannot be written


@pytest.mark.skipif(not may_mount(), reason="needs root, for a file system of its own")
def test_a_full_folder_costs_a_warning_and_not_the_run(runs, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    under = [
        "unshare",
        "--mount",
        "sh",
        "-c",
        'mount -t tmpfs -o size=2m tmpfs "$0" && exec "$@"',
        str(small),
    ]
    words = ("-i", "60", "--checkpoint", "0.1", "--checkpoint-dir", str(small / "c"))
    run = runs.start("heavy", 3, *words, under=under)
    run.until(lambda: "no checkpoint: " in (run.folder / "err").read_text())
    ended = run.wait()
    assert ended.status == 0, ended.err
    # it has filled while one was written, or the next would not fit: each is said once
    causes = ["No space left on device" in ended.err, "make room, or choose another place" in ended.err]
    assert ended.err.count("no checkpoint: ") == sum(causes) > 0, ended.err
    expected = runs.run("heavy", 1, "-i", "60", "--task-ms", "0")
    assert missing_and_extra(expected.outputs, ended.outputs) == ""
    assert ended.leftovers == []


@pytest.mark.skipif(not may_mount(), reason="needs root, for a file system of its own")
def test_a_folder_that_becomes_read_only_costs_a_warning_and_not_the_run(runs, tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    # when the first is complete, whoever comes to the folder finds another one, which is read-only
    waits = 'while [ -z "$(ls -d "$0"/c/epoch-?????? 2>/dev/null)" ]; do sleep 0.05; done'
    covers = f'({waits}; mount -t tmpfs -o ro tmpfs "$0"/c) >/dev/null 2>&1 & exec "$@"'
    under = ["unshare", "--mount", "sh", "-c", covers, str(shared)]
    words = ("-i", "60", "--checkpoint", "0.1", "--checkpoint-dir", str(shared / "c"))
    run = runs.start("heavy", 3, *words, under=under)
    run.until(lambda: "no checkpoint: " in (run.folder / "err").read_text())
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert ended.err.count("no checkpoint: ") == 1, ended.err
    assert "cannot be written" in ended.err
    assert "are of no use any more: remove " in ended.err
    expected = runs.run("heavy", 1, "-i", "60", "--task-ms", "0")
    assert missing_and_extra(expected.outputs, ended.outputs) == ""


@pytest.mark.skipif(not may_mount(), reason="needs root, for a file system of its own")
def test_a_folder_that_is_another_one_on_another_node_is_told_at_the_start(tmp_path):
    (tmp_path / "w.py").write_text(textwrap.dedent(NAPS))
    shared = tmp_path / "shared"
    shared.mkdir()
    node = '[ "$OMPI_COMM_WORLD_RANK" = 1 ] && mount -t tmpfs tmpfs "$0"; exec "$@"'
    mpi = find_mpi()
    program = ["unshare", "--mount", "sh", "-c", node, str(shared), sys.executable]
    words = ["-m", "hpcd4p", "run", "w.py", "--checkpoint", "1", "--checkpoint-dir", str(shared / "c")]
    done = subprocess.run(
        [*command(mpi, 3, program), *words], cwd=tmp_path, capture_output=True, text=True, check=False,
        timeout=DEADLINE_S, env=environment(mpi, clean_environment()),
    )  # fmt: skip
    assert done.returncode != 0
    (line,) = [each for each in done.stderr.splitlines() if each.startswith("hpcd4p: ")]
    assert f"the checkpoints of rank 0 in {shared / 'c'} are not seen from" in line
    assert "--checkpoint-dir" in line
    assert not (shared / "c").exists()


def test_a_folder_that_cannot_be_made_is_told_before_the_run(hpcd4p):
    ended = hpcd4p("run", "w.py", "--checkpoint", "1", "--checkpoint-dir", "/proc/none", workflow=NAPS)
    assert ended.status == 2
    assert "/proc/none cannot be written" in ended.error


# ---- elements that cannot be saved


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("lock", "the state of Holds2 cannot be pickled"),
        ("file", "the state of Holds2 cannot be pickled"),
        ("lambda", "the state of Holds2 cannot be pickled"),
        ("class", "Holds2 cannot be saved: it changes Holds.seen, which is not its own"),
        ("global", "Holds2 cannot be saved: it changes SEEN (a global of "),
        ("object", "Holds2 cannot be saved: it, or another element, has changed BOX (a global of "),
        ("claimed", "Works1 of the pool has changed while it works without declaring it"),
    ],
)
def test_what_cannot_be_saved_is_named_once_and_the_run_goes_on(runs, what, says):
    run = runs.start("unsaved", 3, "-i", "60", "--holds", what, "--checkpoint", "0.05")
    run.until(lambda: "no checkpoint: " in (run.folder / "err").read_text())
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert ended.err.count("no checkpoint: ") == 1, ended.err
    assert says in ended.err
    assert ended.outputs == {("Holds2.output", sum(range(60))): 1}
    assert ended.leftovers == []


@pytest.mark.parametrize("ranks", [1, 3])
@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("lock", "the state of Holds2 cannot be pickled"),
        ("class", "Holds2 cannot be saved: it changes Holds.seen, which is not its own"),
    ],
)
def test_where_checkpoints_are_required_it_is_refused(runs, tmp_path, what, says, ranks):
    run = runs.start("unsaved", ranks, "-i", "600", "--holds", what, "--checkpoint", "required")
    ended = run.wait(held=True)
    assert ended.status == 2, ended.err
    (line,) = [each for each in ended.err.splitlines() if each.startswith("hpcd4p: ")]
    assert line.startswith("hpcd4p: error: --checkpoint required")
    assert says in line
    assert list(tmp_path.rglob("*.checkpoints")) == []
    assert ended.leftovers == []


def test_what_can_be_saved_may_be_required(runs):
    ended = runs.run("unsaved", 3, "-i", "60", "--checkpoint", "required")
    assert ended.status == 0, ended.err
    assert "no checkpoint" not in ended.err


def test_plan_says_what_cannot_be_saved(hpcd4p):
    path = str(WORKFLOWS_FOLDER / "unsaved.py")
    assert "Holds2 cannot be saved: it changes Holds.seen" in hpcd4p("plan", path, "--holds", "class").out
    assert "No checkpoint" not in hpcd4p("plan", path).out
