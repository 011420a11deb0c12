"""A run on one node can be reached from that node only."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from hpcd4p.launch.loopback import open_listeners
from tests.e2e.harness import Run

MPICH = Path(sys.prefix) / "mpich"
"""Where the Makefile puts another Python, with MPICH."""

PYTHONS = {"Open MPI": Path(sys.prefix), "MPICH": MPICH}


def addresses() -> list[str]:
    """Addresses under which other machines know this one."""
    told = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=True, timeout=120)
    return told.stdout.split()


def port_of(pid: int, inode: str) -> int:
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[9] == inode:
                return int(words[1].split(":")[1], 16)
    raise AssertionError(inode)


def reachable(run: Run) -> list[tuple[str, int]]:
    """Addresses other than the loopback's at which a process of the run accepts connections."""
    found = []
    for pid in run.pids():
        with suppress(OSError):
            for inode in open_listeners(pid):
                for address in addresses():
                    port = port_of(pid, inode)
                    with suppress(OSError), socket.create_connection((address, port), timeout=2):
                        found.append((address, port))
    return found


@pytest.mark.skipif(not addresses(), reason="this machine has no address but its own")
@pytest.mark.parametrize("mpi", PYTHONS)
def test_a_run_on_one_node_can_be_reached_from_nowhere_else(runs, mpi):
    python = PYTHONS[mpi] / "bin" / "python"
    if not (python.parent / "mpirun").exists():
        pytest.skip(f"no {mpi} here")
    run = runs.start("load", 4, "-i", "200", python=str(python))
    run.until_touched("begun-*")
    assert reachable(run) == []
    ended = run.wait()
    assert ended.status == 0, ended.err
    assert ended.leftovers == []
