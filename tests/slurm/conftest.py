"""A real Slurm of four pretended nodes on this machine, for the tests of this folder.

Started once, by local-cluster.sh, where the daemons are installed and we are root; stopped at the end.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.conftest import clean_environment

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]

NODES, CPUS = 4, 16

DEADLINE_S = 150.0

ENDED = frozenset(
    {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "OUT_OF_MEMORY", "BOOT_FAIL"}
)

PACKAGES = "slurmctld slurmd slurm-client munge slurm-wlm-basic-plugins"


def lack() -> str:
    """Why no Slurm can be started here; empty if one can."""
    needs = {"slurmctld": "slurmctld", "slurmd": "slurmd", "sbatch": "slurm-client", "munged": "munge"}
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    if any(shutil.which(name, path=path) is None for name in needs):
        return f"needs the Slurm daemons (apt-get install {PACKAGES})"
    if os.getuid() != 0:
        return "needs root: slurmd starts jobs as other users"
    return ""


def free_ports(count: int) -> int:
    """The first of so many ports in a row that nobody uses."""
    for _ in range(100):
        first = random.randrange(20_000, 30_000)
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("", port))
        except OSError:
            continue
        return first
    raise AssertionError("no ports")


class Cluster:
    """The cluster, and a working folder for the jobs of one test."""

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        self.folder = home
        self.environ = clean_environment() | {
            "SLURM_CONF": str(home / "etc" / "slurm.conf"),
            "SLURM_LOCAL_PORT": str(port),
            "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin",
        }

    def local(self, *words: str) -> subprocess.CompletedProcess[str]:
        line = ["bash", str(HERE / "local-cluster.sh"), *words, "-d", str(self.home)]
        return subprocess.run(
            line, env=self.environ, capture_output=True, text=True, timeout=120, check=False
        )

    def up(self, *words: str) -> None:
        done = self.local("up", "-n", str(NODES), "-c", str(CPUS), "--no-etc", "--no-install", *words)
        assert done.returncode == 0, done.stdout + done.stderr

    def run(self, words: list[str], timeout: float = DEADLINE_S) -> subprocess.CompletedProcess[str]:
        """Run a command in the folder."""
        return subprocess.run(
            words,
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def hpcd4p(self, *words: str, timeout: float = DEADLINE_S) -> subprocess.CompletedProcess[str]:
        return self.run([sys.executable, "-m", "hpcd4p", *words], timeout)

    def sbatch(self, *words: str, **variables: str) -> str:
        """Submit; gives the number of the job."""
        done = subprocess.run(
            ["sbatch", "--parsable", *words], cwd=self.folder, env=self.environ | variables,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def job(self, number: str) -> dict[str, str]:
        """What `scontrol show job` says of it."""
        told = self.run(["scontrol", "show", "job", number]).stdout
        return dict(re.findall(r"(\w+)=(\S*)", told))

    def state(self, number: str) -> str:
        return self.job(number).get("JobState", "")

    def wait(self, number: str, deadline_s: float = DEADLINE_S) -> str:
        """Wait for its end; gives its state."""
        self.until(lambda: self.state(number) in ENDED, deadline_s, number)
        return self.state(number)

    def until(self, what, deadline_s: float = DEADLINE_S, number: str = "") -> None:
        end = time.monotonic() + deadline_s
        while not what():
            if time.monotonic() > end:
                told = self.run(["squeue"]).stdout
                pytest.fail(f"not within {deadline_s:.0f} s\n{told}\n{self.output(number)}")
            time.sleep(0.1)

    def output(self, number: str = "") -> str:
        """What jobs have printed; of one, or of all in the folder."""
        found = [p for p in sorted(self.folder.glob("*.out")) if number in p.name]
        return "\n".join(f"-- {p.name}\n{p.read_text(errors='replace')}" for p in found)

    def records(self) -> list[Path]:
        return sorted((self.folder / "results").glob("*.h5"))


def started(*words: str) -> Iterator[Cluster]:
    reason = lack()
    if reason:
        pytest.skip(reason)
    home = Path(tempfile.mkdtemp(prefix="hpcd4p-slurm-"))
    home.chmod(0o755)  # jobs of other users pass through it; the key of munge is 0600
    made = Cluster(home, free_ports(40))
    try:
        made.up(*words)
        yield made
    finally:
        made.local("down", "--purge")
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def slurm() -> Iterator[Cluster]:
    yield from started()


@pytest.fixture
def cluster(slurm: Cluster) -> Iterator[Cluster]:
    """The cluster with an empty folder that every user may write into; no job is left after the test."""
    slurm.folder = Path(tempfile.mkdtemp(prefix="hpcd4p-jobs-"))
    slurm.folder.chmod(0o1777)
    try:
        yield slurm
    finally:
        slurm.run(["scancel", "--user", "root"])
        slurm.run(["scancel", "--user", "nobody"])
        with suppress(BaseException):
            slurm.until(lambda: not slurm.run(["squeue", "-h"]).stdout.strip(), 30)
        shutil.rmtree(slurm.folder, ignore_errors=True)
        slurm.folder = slurm.home
