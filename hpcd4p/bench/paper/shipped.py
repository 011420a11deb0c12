"""A shipped workflow, run as users run it: ``python -m hpcd4p run [-n N] WORKFLOW OPTIONS``."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.trial import Launcher, TrialError
from hpcd4p.record.reader import read_record
from hpcd4p.record.scaling import Change
from hpcd4p.record.summary import Summary


@dataclass(frozen=True)
class Shipped:
    """What a run gave.

    Attributes
    ----------
    wall_s
        Of the whole program: start of Python, MPI and Redis, the run, the record, and the end.
    outputs
        'element.output' → its tuples.
    """

    wall_s: float
    summary: Summary
    outputs: dict[str, list[Any]]
    changes: list[Change]
    """Of the number of active ranks, by the auto-scaler."""

    @property
    def elapsed_s(self) -> float:
        """While active, as in the other figures: from the first call of the source to the last result."""
        return self.summary.elapsed_s

    @property
    def pool(self) -> int:
        """Ranks that take tasks; 1 for a single process."""
        return sum("pool" in rank.role.split("+") for rank in self.summary.ranks_figures) or 1

    def rows(self, output: str) -> list[Any]:
        """Tuples of an output, whatever number its element was given; none if it has none."""
        return next((v for name, v in self.outputs.items() if name.rpartition(".")[2] == output), [])


def run(
    bench: Bench,
    workflow: str,
    ranks: int,
    options: Sequence[str] = (),
    meanwhile: Callable[[int], None] | None = None,
    launcher: Launcher | None = None,
) -> Shipped:
    """Run `workflow` with its `options` on `ranks` (1: one process, without MPI and Redis).

    `meanwhile` as for `Launcher.run`; `launcher` for another MPI than that of this Python.

    Raises
    ------
    TrialError
        It did not end with status 0, or not by the deadline.
    """
    bench.say(f"{workflow.rpartition('.')[2]}: hpcd4p, {ranks} ranks")
    with tempfile.TemporaryDirectory(prefix="hpcd4p-bench-") as folder:
        words = ["-m", "hpcd4p", "run", "--results", folder, "-n", str(ranks), workflow, *options]
        ended = (launcher or bench.launcher).run(words, meanwhile=meanwhile)
        paths = list(Path(folder).glob("*.h5"))
        if len(paths) != 1:
            raise TrialError(f"{workflow} on {ranks} ranks left {len(paths)} records:\n{ended.text[-2000:]}")
        with read_record(paths[0]) as record:
            outputs = {name: list(record.outputs(name)) for name in record.names}
            scaling = record.scaling()
            changes = [] if scaling is None else list(scaling.changes)
            return Shipped(ended.wall_s, record.summary, outputs, changes)
