"""Where rank 0 leaves the exit status of a run for the process that launched it.

On one node that is a piece of memory of the launching process, reached by its path under /proc: it
is gone with that process in every case, and only the same user may open it. Ranks on other nodes
cannot reach it; for them it is a file in the working folder.
"""

from __future__ import annotations

import os
import tempfile


class StatusNote:
    """A note for one number. A context manager that removes it.

    Attributes
    ----------
    path
        What rank 0 opens to write its status, a decimal number.
    """

    def __init__(self, several_nodes: bool) -> None:
        self._on_disk = several_nodes
        if several_nodes:
            self._descriptor, self.path = tempfile.mkstemp(prefix=".hpcd4p-status-", dir=os.getcwd())  # 0600
        else:
            self._descriptor = os.memfd_create("hpcd4p-status")
            self.path = f"/proc/{os.getpid()}/fd/{self._descriptor}"

    def status(self) -> int | None:
        """Give what rank 0 left, or None."""
        try:
            # by its path, for a shared file system shows the words of another node to whoever opens it anew
            with open(self.path) as file:
                text = file.read().strip()
        except OSError:
            return None
        return int(text) if text.isascii() and text.isdigit() else None

    def __enter__(self) -> StatusNote:
        return self

    def __exit__(self, *exc: object) -> None:
        os.close(self._descriptor)
        if self._on_disk:
            os.unlink(self.path)
