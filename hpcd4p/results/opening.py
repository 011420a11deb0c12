"""`hpcd4p.open`: whatever is there of a run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpcd4p.results.run import OpenedRun


def open(path: str | Path) -> OpenedRun:
    """Give a run that has finished, is under way, or is dead.

    Parameters
    ----------
    path
        Its record (``results/*.h5``); or the folder of its checkpoints (``results/*.checkpoints``), which a
        run with ``--checkpoint`` has until it has finished. The name of a record that is not there yet
        means the folder beside it.

    Raises
    ------
    hpcd4p.errors.RecordError, hpcd4p.errors.CheckpointError
        There is nothing, it is another user's, of another version, or damaged.

    Examples
    --------
    >>> with open("results/run.h5") as run:  # doctest: +SKIP
    ...     print(run.status)
    ...     for word, number in run.outputs["count.output"]:
    ...         print(word, number)
    """
    from hpcd4p.errors import RecordError
    from hpcd4p.results.finished import FinishedRun
    from hpcd4p.results.kept import KeptRun, is_kept

    where = Path(path)
    if is_kept(where):
        return KeptRun(where)
    if where.suffix == ".h5" and not os.path.exists(where):
        beside = where.with_suffix(".checkpoints")
        if is_kept(beside):
            return KeptRun(beside)
    if os.path.isdir(where):
        raise RecordError(
            f"{where} is a folder without checkpoints of a run: give a record (results/*.h5), or the folder "
            "of a run that has not finished (results/*.checkpoints; it goes when the run has finished)"
        )
    return FinishedRun(where)
