"""What the Redis server of a run costs, seen from rank 0, whose child it is.

Reads /proc; must never talk to the server: that would change what is measured.
"""

from __future__ import annotations

from pathlib import Path

from hpcd4p.bench.processes import descendants, memory_peak_bytes, read_bytes, run_seconds
from hpcd4p.record.memory import MemorySink
from hpcd4p.runtime.head.progress import Progress


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
        self._start_s = self._used_s = 0.0
        self._start_bytes = self._read_bytes = 0

    def event(self, time_s: float, kind: str, text: str) -> None:
        """With the first one, remember what the server has used so far: the clock of the run begins there."""
        super().event(time_s, kind, text)
        if self._pid is None:
            self._see_memory()
            self._start_s = self._run_s()
            self._start_bytes = self._read()

    def outputs(self, element: str, output: str, values: list[object]) -> None:
        """Keep the outputs."""
        super().outputs(element, output, values)
        self.look()

    def look(self) -> None:
        """See what the server has used. Takes about 0.4 ms."""
        self._see_memory()
        self._used_s = self._run_s()
        self._read_bytes = self._read()

    def progress(self, progress: Progress) -> None:
        """See its memory; the engine calls it five times a second."""
        self._see_memory()

    def cpu_s(self) -> float:
        """Processor seconds of the server from the start of the run to the last output.

        Its own start and end are left out, as they are in the time of the run.
        """
        return self._used_s - self._start_s

    def figures(self) -> dict[str, object]:
        """What it has seen, for the answer of the run."""
        return {
            "redis_cpu_s": self.cpu_s(),
            "redis_peak_bytes": self.peak_bytes,
            "redis_read_bytes": self._read_bytes - self._start_bytes,
        }

    def _read(self) -> int:
        """Bytes that the server has been sent so far."""
        return read_bytes(self._pid) if self._pid is not None else 0

    def _run_s(self) -> float:
        return run_seconds(self._pid) if self._pid is not None else 0.0

    def _see_memory(self) -> None:
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
