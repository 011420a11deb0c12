"""What the Redis server of a run costs, seen from rank 0, whose child it is.

Reads /proc and what the kernel counts for ended children; must never talk to the server: that would
change what is measured.
"""

from __future__ import annotations

import resource
from pathlib import Path

from hpcd4p.bench.processes import descendants, memory_peak_bytes
from hpcd4p.record.memory import MemorySink
from hpcd4p.runtime.job import Progress


class ServerWatch(MemorySink):
    """A sink that keeps the outputs and looks at the server whenever the engine calls it.

    Attributes
    ----------
    peak_bytes
        Largest resident memory of the server so far, program included; 0 without a server.
    """

    def __init__(self) -> None:
        super().__init__()
        self.peak_bytes = 0
        self._pid: int | None = None

    def outputs(self, element: str, output: str, values: list[object]) -> None:
        """Keep the outputs."""
        super().outputs(element, output, values)
        self._look()

    def progress(self, progress: Progress) -> None:
        """Look; the engine calls it five times a second."""
        self._look()

    def cpu_s(self) -> float:
        """Processor seconds of the server, once it has ended (with those of the shell that guards it)."""
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    def _look(self) -> None:
        if self._pid is None:
            self._pid = _server()
        if self._pid is not None:
            self.peak_bytes = max(self.peak_bytes, memory_peak_bytes(self._pid))


def _server() -> int | None:
    for pid in descendants():
        try:
            name = Path(f"/proc/{pid}/comm").read_text().strip()
        except OSError:
            continue
        if name.endswith("-server"):
            return pid
    return None
