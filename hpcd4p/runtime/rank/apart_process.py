"""One process apart, as its rank has it: started, asked, heard, ended. What runs in it is `apart_main`."""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import suppress
from typing import Any

from hpcd4p.logs import module_log
from hpcd4p.runtime.rank.cell import CannotPart
from hpcd4p.wire.codec import Codec

_log = module_log(__name__)

STARTS, PREPARES, READS = -1, -2, -3
"""What the process is at, where it is at no tuple. So many steps below `READS`: of reading a task closely."""

STOP_AT = 8
"""Where in its file of places it is told to stop."""

_NEVER = ("OMPI_", "PMI_", "PMIX_", "PRTE_", "PALS_", "HPCD4P_")
"""Variables that would make the process a rank."""

_START = """
import pickle, sys
read = open(int(sys.argv[1]), 'rb')
try:
    sys.path[:] = pickle.load(read)
except (EOFError, pickle.UnpicklingError):
    sys.exit()  # the rank has died already
from hpcd4p.runtime.rank.apart_main import main
main(read, *map(int, sys.argv[2:]))
"""


class Process:
    """One process apart, and the pipes to it."""

    def __init__(self, setup: Any, rank: int, started: float) -> None:
        theirs, self._to = os.pipe()
        self._from, back = os.pipe()
        self._place, self._faults = os.memfd_create("place"), os.memfd_create("faults")
        os.ftruncate(self._place, 16)
        os.pwrite(self._place, STARTS.to_bytes(8, "little", signed=True), 0)
        self.ran = False
        """Whether it has begun a tuple."""
        given = (theirs, back, self._place, self._faults)
        environ = {k: v for k, v in os.environ.items() if not k.startswith(_NEVER)}
        words = [sys.executable, "-c", _START, *map(str, given)]
        kept = [(os.POSIX_SPAWN_DUP2, each, each) for each in given]
        try:  # not by the module subprocess, whose import takes a rank 6 ms of a core
            self.pid = os.posix_spawn(
                sys.executable, words, environ, setsid=True, setsigmask=(),
                file_actions=[(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), *kept],
            )  # fmt: skip
        except (OSError, ValueError) as error:
            self._shut(theirs, back, self._to, self._from, self._place, self._faults)
            raise CannotPart(str(error)) from error
        self._shut(theirs, back)
        _log.debug("a process apart was started for rank %d, pid %d", rank, self.pid)
        self._write = os.fdopen(self._to, "wb")
        self._read = os.fdopen(self._from, "rb", buffering=0)
        import pickle

        with suppress(BrokenPipeError):
            pickle.dump([p for p in sys.path if p] + [os.getcwd()], self._write)
            pickle.dump((setup, rank, started), self._write)

    @staticmethod
    def _shut(*descriptors: int) -> None:
        for each in descriptors:
            os.close(each)

    def say(self, *words: Any) -> None:
        """Ask for something; if the process is dead, `answer` finds it out."""
        import pickle

        with suppress(BrokenPipeError):
            pickle.dump(words, self._write, protocol=5)
            self._write.flush()

    def stop(self, now: bool = True) -> None:
        """Have it stop after the tuple that it is at; or no longer."""
        os.pwrite(self._place, bytes([now]), STOP_AT)

    @property
    def ear(self) -> int:
        """The descriptor that can be read when there is an answer."""
        return self._from

    def ready(self, seconds: float = 0.0) -> bool:
        """Whether there is an answer, or its death, within so long."""
        return bool(select.select([self._from], [], [], seconds)[0])

    def answer(self) -> Any:
        """Its next answer; None if it is dead."""
        size = self._take(8)
        data = self._take(int.from_bytes(size, "little")) if size else b""
        return Codec.unseal(memoryview(data)) if data else None

    def _take(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            more = self._read.read(size - len(data))
            if not more:
                return b""
            data += more
        return bytes(data)

    def kill(self) -> None:
        """End it, whatever it is at."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def _leaves(self, seconds: float) -> bool:
        """Whether it ends within so long."""
        try:
            watch = os.pidfd_open(self.pid)
        except OSError:  # an old kernel, or an element has waited for it
            return False
        try:
            return bool(select.select([watch], [], [], seconds)[0])
        finally:
            os.close(watch)

    @property
    def place(self) -> int:
        """The tuple that it is at, or was at when it died."""
        return int.from_bytes(os.pread(self._place, 8, 0), "little", signed=True)

    def dismiss(self) -> None:
        """Have it leave in order: what elements have registered for the end of a process is done there."""
        with suppress(OSError):
            self._write.close()

    def end(self, patience_s: float = 0.0) -> tuple[str, str]:
        """Wait for its death: how it died, and what it could still say.

        Parameters
        ----------
        patience_s
            How long it may take to leave in order, when it has been dismissed; then it is killed.
        """
        self.dismiss()
        if patience_s and not self._leaves(patience_s):
            _log.info("a process apart did not leave within %g s and was killed", patience_s)
        self.kill()
        status = 0
        with suppress(ChildProcessError):  # an element has waited for it
            status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        trace = os.pread(self._faults, 20_000, 0).decode(errors="replace")
        self._read.close()
        self._shut(self._place, self._faults)
        return _in_words(status), trace


def _in_words(status: int) -> str:
    if status >= 0:
        return f"with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    more = ", as the kernel ends what takes too much memory" if name == "SIGKILL" else ""
    return f"by {name}{more}"
