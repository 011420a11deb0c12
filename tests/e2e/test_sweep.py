"""Studies on this machine: every point once, failures kept, killed drivers continued."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.conftest import clean_environment

DEADLINE_S = 180.0

WORKFLOW = """
import os, time
from hpcd4p import IterativePE, ProducerPE, WorkflowGraph

class Numbers(ProducerPE):
    def _process(self, inputs):
        return 1

class Work(IterativePE):
    def __init__(self, mode, nap):
        super().__init__()
        self.mode, self.nap = mode, nap

    def _process(self, data):
        if self.mode == "raise":
            raise ValueError("no number")
        if self.mode == "kill":
            os.kill(os.getpid(), 9)
        time.sleep(1000 if self.mode == "hang" else self.nap)
        return data

def add_options(parser):
    parser.add_argument("--mode", default="good", choices=["good", "raise", "hang", "kill"])
    parser.add_argument("--nap", type=float, default=0.0)

def build(options):
    made = WorkflowGraph()
    made.connect(Numbers(), "output", Work(options.mode, options.nap), "input")
    return made
"""


class Studies:
    """Starts sweeps in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[str]] = []
        (folder / "w.py").write_text(WORKFLOW)

    def write(self, text: str) -> None:
        study = f'[study]\nworkflow = "w.py"\nname = "s"\n{text}'
        (self.folder / "s.toml").write_text(
            study if "[launch]" in text else study + '\n[launch]\ncluster = "local"\n'
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "hpcd4p", "sweep", *(words or ("s.toml",))],
            cwd=self.folder, env=clean_environment() | {"PYTHONUNBUFFERED": "1"}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def run(self, *words: str) -> tuple[int, str, str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=DEADLINE_S)
        return process.returncode, out, err

    def until(self, what) -> None:
        end = time.monotonic() + DEADLINE_S
        while not what():
            assert time.monotonic() < end, self.tree()
            time.sleep(0.02)

    def tree(self) -> str:
        return "\n".join(str(p) for p in sorted(self.folder.rglob("*")) if p.is_file())

    def end(self, key: str, attempt: int = 1) -> dict:
        return json.loads((self.folder / "results" / "s" / key / str(attempt) / "end.json").read_text())

    def ends(self) -> list[Path]:
        return sorted((self.folder / "results" / "s").glob("*/*/end.json"))

    def rows(self) -> list[dict]:
        from hpcd4p.study.results.reader import read_results

        return read_results(self.folder / "results" / "s.h5").rows

    def close(self) -> None:
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        for entry in Path("/proc").iterdir():  # lanes and runs outlive their driver
            with suppress(OSError, ValueError):
                if os.readlink(entry / "cwd") == str(self.folder):
                    os.kill(int(entry.name), signal.SIGKILL)


@pytest.fixture
def studies(tmp_path):
    made = Studies(tmp_path)
    yield made
    made.close()


def test_every_point_is_run_once_and_stands_in_the_results_file(studies):
    studies.write("repeats = 2\n[axes]\nranks = [1, 2]\n")
    status, out, err = studies.run()
    assert status == 0, out + err
    rows = studies.rows()
    assert [(r["key"], r["attempt"], r["state"], r["ranks"]) for r in rows] == [
        ("ranks=1,repeat=1", 1, "completed", 1),
        ("ranks=1,repeat=2", 1, "completed", 1),
        ("ranks=2,repeat=1", 1, "completed", 2),
        ("ranks=2,repeat=2", 1, "completed", 2),
    ]
    assert all(r["tuples"] == 2 for r in rows)  # one of the source, one of the work
    assert all(out.count(r["key"]) == 1 for r in rows), "a point that completed is told once"
    status, out, err = studies.run()
    assert status == 0, err
    assert "nothing to do" in out
    assert len(studies.rows()) == 4


def test_failed_and_timed_out_points_are_rows_and_can_be_run_again(studies):
    studies.write('time = "8"\n[axes]\nmode = ["good", "raise", "hang"]\n')
    status, out, err = studies.run()
    assert status == 1, out + err
    assert [r["state"] for r in studies.rows()] == ["completed", "timed out", "failed tuples"]
    assert out.count("mode=raise,repeat=1") == 2, "what ended badly is listed once more at the end"
    hung = studies.end("mode=hang,repeat=1")
    assert "longer than the limit of 8 s" in hung["reason"]
    assert "--retry failed" in err
    status, out, err = studies.run()
    assert status == 1
    assert "nothing to do" in out
    better = WORKFLOW.replace('raise ValueError("no number")', "return data").replace("1000 if", "0 if")
    (studies.folder / "w.py").write_text(better)
    status, out, err = studies.run("--retry", "timed-out", "s.toml")
    assert [(r["key"], r["attempt"]) for r in studies.rows()] == [
        ("mode=good,repeat=1", 1),
        ("mode=hang,repeat=1", 1),
        ("mode=hang,repeat=1", 2),
        ("mode=raise,repeat=1", 1),
    ]
    studies.write('time = "8"\n[axes]\nmode = ["good", "raise"]\n')
    status, out, err = studies.run("--retry", "failed", "s.toml")
    assert status == 0, out + err
    assert studies.end("mode=raise,repeat=1", 2)["state"] == "completed"


def test_a_driver_that_is_killed_loses_nothing(studies):
    studies.write("[axes]\nnap = [0.5, 0.6, 0.7, 0.8]\n")
    driver = studies.start()
    studies.until(lambda: len(studies.ends()) == 1)
    driver.kill()
    driver.communicate()
    status, out, err = studies.run()
    assert status == 0, out + err
    assert [(r["state"], r["attempt"]) for r in studies.rows()] == [("completed", 1)] * 4


def test_ctrl_c_stops_in_order_and_the_next_start_goes_on(studies):
    studies.write("[axes]\nnap = [0.1, 30.0, 0.2]\n")
    driver = studies.start()
    running = studies.folder / "results" / "s" / "nap=30.0,repeat=1" / "1" / "out.txt"
    studies.until(running.exists)
    os.killpg(driver.pid, signal.SIGINT)
    out, err = driver.communicate(timeout=DEADLINE_S)
    assert driver.returncode == 3, out + err
    assert "Traceback" not in err
    assert studies.end("nap=30.0,repeat=1")["state"] == "cancelled"
    assert [p.parent.parent.name for p in studies.ends()] == ["nap=0.1,repeat=1", "nap=30.0,repeat=1"]
    text = (studies.folder / "w.py").read_text()
    (studies.folder / "w.py").write_text(text.replace("else self.nap", "else 0"))
    status, out, err = studies.run()
    assert status == 0, out + err
    states = [(r["key"], r["attempt"], r["state"]) for r in studies.rows()]
    assert states == [
        ("nap=0.1,repeat=1", 1, "completed"),
        ("nap=0.2,repeat=1", 1, "completed"),
        ("nap=30.0,repeat=1", 1, "cancelled"),
        ("nap=30.0,repeat=1", 2, "completed"),
    ]


def test_a_lane_that_is_killed_is_noticed_and_its_points_are_run_again(studies):
    studies.write('[axes]\nmode = ["good", "hang"]\n')
    driver = studies.start()
    plan = studies.folder / "results" / "s" / "mode=hang,repeat=1" / "1" / "plan.json"
    studies.until((plan.parent / "out.txt").exists)
    pid = int(json.loads(plan.read_text())["job"].rpartition("-")[2])
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            words = (entry / "cmdline").read_bytes()
            at = os.readlink(entry / "cwd")
            if at == str(studies.folder) and int(entry.name) not in (driver.pid,) and b"sweep" not in words:
                os.kill(int(entry.name), signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    out, err = driver.communicate(timeout=DEADLINE_S)
    assert driver.returncode == 1, out + err
    assert studies.end("mode=hang,repeat=1")["state"] == "lost"
    assert "ended without a word" in studies.end("mode=hang,repeat=1")["reason"]


def test_a_run_that_is_killed_is_a_row(studies):
    studies.write('[axes]\nmode = ["good", "kill"]\n')
    status, out, err = studies.run()
    assert status == 1, out + err
    assert [r["state"] for r in studies.rows()] == ["completed", "failed"]


def test_two_drivers_of_one_study_do_not_meet(studies):
    studies.write("[axes]\nnap = [5.0]\n")
    driver = studies.start()
    studies.until((studies.folder / "results" / "s" / "driver.lock").exists)
    status, out, err = studies.run()
    assert status == 2, out + err
    assert "the study s is followed by" in err
    assert f"process {driver.pid}" in err
    driver.kill()
    driver.communicate()
    status, out, err = studies.run()  # the lock of the dead one is no obstacle
    assert status == 0, out + err
    assert not (studies.folder / "results" / "s" / "driver.lock").exists()


def test_status_tells_where_every_point_is(studies):
    studies.write("[axes]\nnap = [0.0, 30.0]\n")
    studies.start()
    studies.until(lambda: len(studies.ends()) == 1)
    studies.until((studies.folder / "results/s/nap=30.0,repeat=1/1/out.txt").exists)
    status, out, err = studies.run("status", "s.toml")
    assert status == 3, err
    assert "s: 1 completed, 1 running" in out


def test_a_dry_run_lists_points_and_cost_and_writes_nothing(studies):
    studies.write('time = "1:00:00"\n[axes]\nranks = [1, 4]\nnap = [0.5]\n')
    status, out, err = studies.run("--dry-run", "s.toml")
    assert status == 0, err
    assert "ranks=4,nap=0.5,repeat=1" in out
    assert "python -m hpcd4p run -n=4 w.py -- --nap=0.5" in out
    assert "At most 5 core-hours" in out
    assert not (studies.folder / "results").exists()


def test_a_dry_run_for_slurm_shows_the_batch_text(studies):
    studies.write(
        "repeats = 3\n[axes]\nranks = [4, 8]\n[launch]\ncluster = 'slurm'\nranks_per_node = 4\nat_once = 4\n"
        "partition = 'main'\nsetup = ['module load mpi']\nslurm = { reservation = 'night' }\n"
    )
    status, out, err = studies.run("--dry-run", "s.toml")
    assert status == 0, err
    assert out.count("#!/bin/bash") == 2
    for line in (
        "#SBATCH --nodes=2", "#SBATCH --ntasks-per-node=4", "#SBATCH --partition=main",
        "#SBATCH --array=0-2%2", "#SBATCH --reservation=night", "module load mpi", "#SBATCH --time=12",
    ):  # fmt: skip
        assert line in out, line
    assert "srun" not in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("none.toml",), "cannot read the study none.toml"),
        (("--cluster", "pbs", "s.toml"), "--cluster takes auto, slurm, local, debug"),
        (("--retry", "some", "s.toml"), "--retry takes failed or timed-out"),
        (("--at-once", "0", "s.toml"), "--at-once must be from 1"),
        (("--results", "/proc/no", "s.toml"), "/proc/no"),
        (("status", "s.toml"), "has not been started"),
        (("s.toml", "t.toml"), "unexpected argument 't.toml'"),
        (("--dry", "s.toml"), "unknown option --dry"),
    ],
)
def test_bad_words_are_one_message(studies, words, told):
    studies.write("[axes]\nnap = [0.0]\n")
    status, out, err = studies.run(*words)
    assert status == 2, out + err
    assert told in err
    assert "Traceback" not in err
    assert not (studies.folder / "results").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[axes]\nmood = ['good']\n", "--mood"),
        ("[axes]\nautoscale = ['kne']\n", "kne"),
        ("[axes]\nranks = [2]\nautoscale = ['fixed:7']\n", "fixed:7"),
    ],
)
def test_an_option_that_a_point_does_not_have_is_found_before_the_first_run(studies, text, told):
    studies.write(text)
    status, out, err = studies.run()
    assert status == 2, out + err
    assert told in err
    assert not (studies.folder / "results").exists()


def test_slurm_without_sbatch_is_one_message(studies):
    studies.write("[axes]\nnap = [0.0]\n[launch]\ncluster = 'slurm'\n")
    path = studies.folder / "bin"
    path.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "hpcd4p", "sweep", "s.toml"], cwd=studies.folder, text=True,
        env=clean_environment() | {"PATH": str(path)}, timeout=DEADLINE_S, check=False, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "there is no sbatch on PATH" in done.stderr


def test_a_study_runs_in_this_process_too(studies):
    studies.write("[axes]\nnap = [0.0, 0.1]\n[launch]\ncluster = 'debug'\n")
    status, out, err = studies.run()
    assert status == 0, out + err
    assert len(studies.rows()) == 2


def test_status_watches_until_every_point_has_ended(studies):
    studies.write("[axes]\nnap = [0.0, 3.0]\n")
    studies.start()
    studies.until(lambda: len(studies.ends()) == 1)
    status, out, err = studies.run("status", "--watch", "s.toml")
    assert status == 0, err
    assert "s: 2 completed" in out


def test_a_point_with_checkpoints_goes_on_after_its_limit_and_says_so(studies):
    from hpcd4p.record.reader import read_record

    words = Path(__file__).parents[1] / "slurm" / "words.py"
    (studies.folder / "w.py").write_text(words.read_text())
    studies.write(
        'time = "7"\n[axes]\nranks = [2]\n[settings]\ncheckpoint = "0.5"\n'
        "[options]\nlines = 500\nnap = 0.05\n"
    )
    status, out, err = studies.run()
    assert status == 0, out + err
    (row,) = studies.rows()
    assert (row["state"], row["attempt"]) == ("completed", 1)
    assert row["continued"] >= 1
    assert (row["resumes"], row["recoveries"]) == (row["continued"], 0)
    assert row["checkpoints"] >= row["resumes"]
    assert row["elapsed_s"] is None, "the time of a part is not that of the run"
    (path,) = [p for p in (studies.folder / "results" / "s").glob("*/1/*.h5") if str(row["record"]) in str(p)]
    with read_record(path) as record:
        assert sum(count for _, count in record.outputs("Count2.output")) == 500 * 9
    assert not list(path.parent.glob("*.checkpoints"))
