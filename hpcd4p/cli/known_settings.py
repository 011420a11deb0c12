"""What a user can set, and what it is if nobody does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hpcd4p.logs import LEVELS
from hpcd4p.plan.limits import KINDS
from hpcd4p.plan.settings import EngineSettings

PREFIX = "HPCD4P_"
DEFAULT_WORKFLOW = "hpcd4p.workflows.concordance"


@dataclass(frozen=True)
class Setting:
    """One thing that a user can set."""

    name: str
    section: str
    kind: type
    default: Any
    help: str
    """Empty for those of the engine: see `options.engine_help`."""
    metavar: str = ""
    choices: tuple[str, ...] = ()
    """What it may be; empty: anything of its kind."""

    @property
    def flag(self) -> str:
        """Its option on the command line."""
        return "--" + self.name.replace("_", "-")

    def switch(self, on: bool) -> str:
        """The option without a value that makes it true, or false."""
        return self.flag if on else self.flag.replace("--", "--no-", 1)

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return PREFIX + self.name.upper()


_RUN = (
    Setting("workflow", "run", str, DEFAULT_WORKFLOW, "workflow when none is named", metavar="WORKFLOW"),
    Setting("attr", "run", str, None, "name of the graph in the workflow's module", metavar="NAME"),
    Setting(
        "mapping", "run", str, "hybrid",
        "simple (one process), static (each instance has its rank, MPI only), dynamic (everything in the "
        "pool, no state) or hybrid", metavar="NAME",
    ),
    Setting("results", "run", str, "results", "folder of the run records", metavar="FOLDER"),
    Setting("record", "run", bool, True, "write an HDF5 record of the run"),
    Setting("live", "run", bool, True, "keep its status beside the record while it runs (hpcd4p status)"),
    Setting(
        "metrics", "run", str, None,
        "keep its numbers in this file while it runs, as OpenMetrics text (for node_exporter: NAME.prom)",
        metavar="FILE",
    ),
    Setting(
        "redis_url", "run", str, None, "a Redis to share (without: the run starts its own)", metavar="URL"
    ),
    Setting(
        "redis_interface", "run", str, None,
        "network interface or address of the run's own Redis, for ranks on several nodes", metavar="NAME",
    ),
    Setting(
        "launcher", "run", str, "auto",
        "what starts the ranks of -n: mpirun, srun, or auto (mpirun, or srun where a Slurm job has none)",
        metavar="NAME",
    ),
    Setting(
        "checkpoint", "run", str, "auto",
        "keep what a run needs to go on after a death or a time limit (hpcd4p resume): auto (from 10 s on, "
        "for at most 2 % of the run time), off, every so many SECONDS, required (auto, or refuse the run)",
        metavar="WHEN",
    ),
    Setting(
        "checkpoint_dir", "run", str, None,
        "folder of the checkpoints, on a file system of all nodes (without: beside the record)", "FOLDER",
    ),
    Setting("restarts", "run", int, 3, "starts of run -n from one checkpoint, after a death", "N"),
    Setting("scratch", "run", str, None, "node-local folder for the sockets of the run", metavar="FOLDER"),
    Setting(
        "log_level", "run", str, "warning",
        "what the run says of itself on standard error: debug (decisions), info (lifecycle), warning, or "
        "error (no progress line, no notes, nothing below an error of what elements log)", metavar="LEVEL",
        choices=tuple(LEVELS),
    ),
)  # fmt: skip

_UNITS = {"_s": "SECONDS", "_tuples": "N", "_bytes": "BYTES"}


def all_settings() -> dict[str, Setting]:
    """Give every setting by name, the engine's made from the fields of `EngineSettings`."""
    settings = {s.name: s for s in _RUN}
    for name, default in EngineSettings()._asdict().items():
        kind = KINDS[name]
        usual = "NAME" if kind is str else "N"
        metavar = next((m for end, m in _UNITS.items() if name.endswith(end)), usual)
        settings[name] = Setting(name, "engine", kind, default, "", metavar)
    return settings
