"""The file of `--metrics`: the numbers of a run as a collector of a monitoring system finds them.

Replaced as a whole. Until it is complete its name does not end as the collector looks for (`.prom`).
"""

from __future__ import annotations

import os
from pathlib import Path

from hpcd4p.errors import LiveError

OURS = b"# TYPE hpcd4p_"
"""With what such a file begins: anything else is not replaced."""


class MetricsFile:
    """That of one run.

    Parameters
    ----------
    path
        May be there already, if it is such a file.

    Attributes
    ----------
    broken
        Why nothing can be written; empty: something can.

    Raises
    ------
    LiveError
        It cannot be written, or is something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()  # elements may change the working folder
        self.broken = ""
        self._aside = f"{self.path}.part"
        check_metrics(path)

    def write(self, text: str) -> None:
        """Replace what is there; where that cannot be, the run goes on without."""
        try:
            with open(self._aside, "w", encoding="utf-8") as file:
                file.write(text)
            os.rename(self._aside, self.path)
            self.broken = ""
        except OSError as error:
            self.broken = error.strerror or str(error)


def check_metrics(path: Path) -> None:
    """Check that metrics can be written there; raises as `MetricsFile`."""
    folder = path.parent
    if path.is_dir():
        raise LiveError(f"--metrics {path} is a folder: give the name of a file, FOLDER/NAME.prom")
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        what = "cannot be written into" if folder.is_dir() else "does not exist"
        raise LiveError(f"--metrics {path}: the folder {folder} {what}")
    try:
        with open(path, "rb") as file:
            head = file.read(len(OURS))
    except FileNotFoundError:
        return
    except OSError as error:
        raise LiveError(f"--metrics {path} cannot be read: {error.strerror}") from None
    if head and head != OURS:
        raise LiveError(
            f"--metrics {path} exists, and has no metrics of hpcd4p: it is not replaced; give another name"
        )
