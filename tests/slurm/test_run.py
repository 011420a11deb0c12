"""`sbatch slurm/run.sh` on four nodes: the answer of one process, and an orderly end whatever ends it."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from hpcd4p.record.reader import read_record
from tests.slurm.conftest import CHECKOUT, HERE, NODES, Cluster

pytestmark = pytest.mark.slurm

RUN = str(CHECKOUT / "slurm" / "run.sh")
WORDS = str(HERE / "words.py")
LONG = (WORDS, "--lines", "100000", "--nap", "0.02")

MPICH = CHECKOUT / ".venv" / "mpich" / "bin" / "python"

needs_mpich = pytest.mark.skipif(
    not MPICH.exists(), reason="needs MPICH beside Open MPI: make .venv/.ready-mpich"
)


def answer(path: Path) -> Counter:
    with read_record(path) as record:
        return Counter((name, value) for name in record.names for value in record.outputs(name))


def expected(cluster: Cluster) -> Counter:
    done = cluster.hpcd4p("run", WORDS, "--results", "sequential")
    assert done.returncode == 0, done.stderr
    (path,) = (cluster.folder / "sequential").glob("*.h5")
    return answer(path)


def completed(cluster: Cluster, number: str) -> Path:
    assert cluster.wait(number) == "COMPLETED", cluster.output(number)
    (path,) = cluster.records()
    return path


def spread(ranks: int) -> tuple[str, ...]:
    return ("--nodes", str(NODES), "--ntasks-per-node", str(ranks // NODES))


def begun(cluster: Cluster, *words: str, **variables: str) -> str:
    """A job on four nodes, at work; the first has the head and the stateful group, the others the pool.

    Without checkpoints, so that it ends for good (with them: test_requeue).
    """
    variables = {"HPCD4P_CHECKPOINT": "off", **variables}
    number = cluster.sbatch(*spread(16), *words, RUN, *LONG, **variables)
    cluster.until(lambda: len(list(cluster.folder.glob("begun-*"))) == NODES - 1, number=number)
    return number


def stopped(cluster: Cluster, number: str, why: str) -> None:
    """The run of that job has ended in order and says how far it came, and why."""
    cluster.until(lambda: bool(cluster.records()), number=number)
    (path,) = cluster.records()
    cluster.until(lambda: "Record: " in cluster.output(number), number=number)
    with read_record(path) as record:
        assert record.summary.status == 3
        assert record.summary.state == "interrupted"
        assert why in record.summary.reason
        assert record.summary.ranks == 16
        assert sum(e.tuples_in for e in record.summary.elements) > 0
    assert not list((cluster.folder / "results").glob(".*"))


def test_64_ranks_on_four_nodes_give_the_answer_of_one_process(cluster):
    number = cluster.sbatch(*spread(64), RUN, WORDS)
    path = completed(cluster, number)
    assert answer(path) == expected(cluster)
    with read_record(path) as record:
        figures = record.summary.ranks_figures
        assert len(figures) == 64
        assert {f.host for f in figures} == {"n1", "n2", "n3", "n4"}
        roles = Counter(f.role for f in figures)
        assert set(roles) >= {"head", "pool", "stateful"}, roles
        (head,) = (f for f in figures if f.rank == 0)
        assert head.host == "n1"
        stateful_hosts = {f.host for f in figures if f.role == "stateful"}
        pool_hosts = {f.host for f in figures if f.role == "pool"}
        assert pool_hosts >= {"n2", "n3", "n4"}
        assert stateful_hosts
        assert record.summary.provenance["slurm"]["SLURM_JOB_ID"] == number


@needs_mpich
def test_mpich_started_by_srun_gives_the_answer_of_one_process(cluster):
    number = cluster.sbatch(*spread(16), RUN, WORDS, HPCD4P_PYTHON=str(MPICH), HPCD4P_LAUNCHER="srun")
    path = completed(cluster, number)
    assert answer(path) == expected(cluster)
    with read_record(path) as record:
        assert {f.host for f in record.summary.ranks_figures} == {"n1", "n2", "n3", "n4"}
        assert any("MPICH" in event.text for event in record.events())


def test_another_user_on_the_same_node_reads_nothing(cluster):
    begun(cluster)
    probe = cluster.folder / "neighbour.py"
    probe.write_text((HERE / "neighbour.py").read_text())
    probe.chmod(0o644)
    number = cluster.sbatch(
        "--uid=nobody", "--gid=nogroup", "--overcommit", "--nodelist=n1", "--output=neighbour.out",
        f"--chdir={cluster.folder}", "--wrap", "python3 neighbour.py",
    )  # fmt: skip
    assert cluster.wait(number) == "COMPLETED", cluster.output()
    told = json.loads((cluster.folder / "neighbour.out").read_text())
    assert told["uid"] != 0
    assert told["redis"], "it did not even find the Redis"
    for said in told["redis"]:
        assert "PONG" not in said
        assert "NOAUTH" in said or "no password" in said or "ERR" in said
    assert told["homes"]
    assert told["opened"] == []
    for home in told["homes"]:
        assert stat.S_IMODE(os.stat(home).st_mode) == 0o700
    servers = [line for line in told["commands"] if "redis-server" in line or "valkey-server" in line]
    assert servers
    secrets = {
        word.lstrip(">#")
        for home in told["homes"]
        for path in Path(home).iterdir()
        if path.is_file() and stat.S_IMODE(path.stat().st_mode) == 0o600
        for word in path.read_text(errors="replace").split()
        if len(word) > 24 and not word.startswith("/")
    }
    assert secrets
    for line in told["commands"]:
        assert not [s for s in secrets if s in line]


@pytest.mark.parametrize(
    "variables",
    [{}, pytest.param({"HPCD4P_PYTHON": str(MPICH), "HPCD4P_LAUNCHER": "srun"}, marks=needs_mpich)],
)
def test_scancel_ends_the_run_in_order(cluster, variables):
    number = begun(cluster, **variables)
    cluster.run(["scancel", number])
    stopped(cluster, number, f"job {number} was cancelled (scancel")
    assert cluster.wait(number) in ("CANCELLED", "FAILED")


def test_the_signal_before_the_time_limit_ends_the_run_in_order(cluster):
    number = begun(cluster)
    # Slurm looks twice a minute: the sign of run.sh (120 s before) comes with its next look, the limit later
    end = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(time.time() + 100))
    cluster.run(["scontrol", "update", f"JobId={number}", f"EndTime={end}"])
    stopped(cluster, number, "the time limit of")
    assert cluster.wait(number) == "FAILED"
    assert cluster.job(number)["ExitCode"] == "3:0"


def test_preemption_ends_the_run_in_order(cluster):
    number = begun(cluster, "--partition=spot", "--exclusive")
    other = cluster.sbatch("--nodes", str(NODES), "--exclusive", "--time=1", "--wrap", "true")
    stopped(cluster, number, f"job {number} is preempted")
    assert cluster.wait(other) == "COMPLETED"


def test_a_requeued_job_starts_again_and_says_so(cluster):
    number = begun(cluster)
    cluster.run(["scontrol", "requeue", number])
    cluster.until(lambda: "again (restart 1): it starts again" in cluster.output(number), number=number)
    assert "restart 1" in cluster.output(number)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("-n", "4", WORDS), "inside a step of srun"),
        (("run", "-n", "4", "--launcher", "srun", WORDS), "inside a step of srun"),
    ],
)
def test_a_launcher_in_a_step_of_srun_is_refused(cluster, words, told):
    line = ["srun", "--mpi=none", "-n1", sys.executable, "-m", "hpcd4p", *words]
    done = cluster.run(line)
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_more_ranks_than_the_job_has_tasks_are_refused(cluster):
    number = cluster.sbatch(
        "--ntasks=2", "--output=few.out", "--wrap", f"{sys.executable} -m hpcd4p run -n 3 {WORDS}"
    )
    assert cluster.wait(number) == "FAILED"
    assert "the job has 2 tasks on 1 nodes" in cluster.output()


def test_a_node_that_dies_ends_the_run_with_a_message(cluster):
    number = begun(cluster, "--no-requeue")
    for pid in on_node("n3"):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    daemon = int((cluster.home / "run" / "slurmd.n3.pid").read_text())
    os.kill(daemon, signal.SIGKILL)
    try:
        cluster.until(lambda: "hpcd4p: error:" in cluster.output(number), number=number)
        assert "a node of the job was lost" in cluster.output(number)
    finally:
        cluster.up()
        cluster.run(["scontrol", "update", "NodeName=n3", "State=DOWN", "Reason=test"])
        cluster.run(["scontrol", "update", "NodeName=n3", "State=RESUME"])
    assert cluster.wait(number) in ("FAILED", "NODE_FAIL", "CANCELLED")


def on_node(name: str) -> list[int]:
    """Processes of jobs on a node."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            pid = int(entry.name)
            if f"SLURMD_NODENAME={name}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append(pid)
    return found


def test_a_job_that_has_not_started_is_explained_by_its_number_and_by_its_folder(cluster):
    number = cluster.sbatch("--hold", *spread(16), RUN, *LONG)
    cluster.until(lambda: cluster.job(number).get("Reason") == "JobHeldUser", number=number)
    told = json.loads(cluster.hpcd4p("explain", "--json", number).stdout)
    assert (told["run"], told["is"]) == (f"job {number}", "pending")
    (first,) = told["limits"]
    assert first["text"] == f"job {number} has not started: it is held by its user (JobHeldUser)"
    assert first["to_type"] == f"scontrol release {number}"
    assert f"type:  scontrol release {number}" in cluster.hpcd4p("explain", ".").stdout
    unknown = cluster.hpcd4p("explain", "999999")
    assert unknown.returncode == 2
    assert "squeue knows no job 999999 of yours" in unknown.stderr


def test_a_job_that_runs_is_explained_by_its_number(cluster):
    number = begun(cluster)
    cluster.until(lambda: cluster.hpcd4p("explain", number).returncode == 0, number=number)
    cluster.until(lambda: "What limits it: " in cluster.hpcd4p("explain", number).stdout, number=number)
    assert f", job {number})" in cluster.hpcd4p("explain", number).stdout
