"""A process apart, which is not a rank: tuples that may kill their process run there, and kill only it.

Owns the process and the messages to it; `apart_main` runs in it. The rank itself never unpickles a task that
has killed ranks, nor makes text of its tuples: the process does both.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from hpcd4p.errors import ElementFailed, Hpcd4pError
from hpcd4p.logs import module_log
from hpcd4p.wire.codec import Codec

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.letters import Failure

_log = module_log(__name__)

STARTS, PREPARES, READS = -1, -2, -3
"""What the process is at, where it is at no tuple. So many steps below `READS`: of reading a task closely."""

TEND_S = 0.02
"""Between two looks of the rank at its other work, while the process works."""

SHOW_S = 10.0
"""For the process to show a tuple, which may be as deadly as running it."""

_NEVER = ("OMPI_", "PMI_", "PMIX_", "PRTE_", "PALS_", "HPCD4P_")
"""Variables that would make the process a rank."""

_START = (
    "import pickle, sys; read = open(int(sys.argv[1]), 'rb'); sys.path[:] = pickle.load(read); "
    "from hpcd4p.runtime.rank.apart_main import main; main(read, *map(int, sys.argv[2:]))"
)


class CannotPart(Hpcd4pError):
    """A process apart cannot be had."""


class Part(NamedTuple):
    """The results of some tuples of a task, the next in order."""

    tuples: int
    out: list[tuple[str, list[Any]]]
    """What they wrote, by output."""
    failures: list[Failure]
    """Of those that failed."""
    busy_s: float
    killed: Killed | None = None
    """How they killed the process that ran them, or None."""
    changed: str = ""
    """What the element has changed in the process and may be state, in words."""
    said: tuple[list[Any], int] = ([], 0)
    """Its log lines for the record, and how many more were left out."""


class Killed(NamedTuple):
    """How a tuple ended its process."""

    first: int
    """Its place in the task."""
    how: str
    """In words: by which signal, or with which status."""
    port: str
    shown: str
    """Its text; empty if it cannot be shown."""
    trace: str
    """Where it was, as far as the process could still say."""


class Cell(Protocol):
    """What can run a task apart."""

    def run(self, element: int, body: memoryview, tuples: int) -> Iterator[Part]:
        """Run a task of so many tuples, sealed in `body` (`Codec.check`).

        Raises
        ------
        CannotPart
            Before anything was run: there is no such process.
        ElementFailed
            Its `preprocess` raised, or ended the process.
        """

    def close(self) -> None:
        """End the process; the next task gets a new one."""


class Process:
    """One process apart, and the pipes to it."""

    def __init__(self, setup: Any, rank: int, started: float) -> None:
        import subprocess

        theirs, self._to = os.pipe()
        self._from, back = os.pipe()
        self._place, self._faults = os.memfd_create("place"), os.memfd_create("faults")
        os.ftruncate(self._place, 8)
        os.pwrite(self._place, STARTS.to_bytes(8, "little", signed=True), 0)
        self.ran = False
        """Whether it has begun a tuple."""
        given = (theirs, back, self._place, self._faults)
        environ = {k: v for k, v in os.environ.items() if not k.startswith(_NEVER)}
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-c", _START, *map(str, given)],
                pass_fds=given, stdin=subprocess.DEVNULL, env=environ, start_new_session=True,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            self._shut(theirs, back, self._to, self._from, self._place, self._faults)
            raise CannotPart(str(error)) from error
        self._shut(theirs, back)
        _log.debug("a process apart was started for rank %d, pid %d", rank, self._child.pid)
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
        """Ask for something; if the process is dead, the next `hear` says so."""
        import pickle

        with suppress(BrokenPipeError):
            pickle.dump(words, self._write, protocol=5)
            self._write.flush()

    def hear(self, tend: Callable[[], None], most_s: float | None = None) -> Any:
        """Its next answer; None if it is dead, or did not answer in time (then it is ended)."""
        left = most_s
        while not select.select([self._from], [], [], TEND_S)[0]:
            tend()
            if left is not None:
                left -= TEND_S
                if left < 0:
                    self._child.kill()
                    return None
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

    @property
    def place(self) -> int:
        """The tuple that it is at, or was at when it died."""
        return int.from_bytes(os.pread(self._place, 8, 0), "little", signed=True)

    def end(self) -> tuple[str, str]:
        """Wait until it is dead; gives how it died, and the traceback that it left."""
        with suppress(OSError):
            self._write.close()
        self._child.kill()  # it has closed its pipe: it is dying, or has lost it
        status = self._child.wait()
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


def _unread(
    place: int, fresh: bool, left: int, how: str, trace: str, fatal: dict[int, str] | None
) -> Part | None:
    """What the death of a process shows that was reading the task; `left` of its tuples are not done.

    None if it shows nothing: the process had run something else before, or was not reading step by step. A
    part of no tuples if a single object is guilty.
    """
    if not fresh or (place == READS and fatal is None):
        return None
    return Part(left if place == READS else 0, [], [], 0.0, Killed(-1, how, "", "", trace))


class Told:
    """What the process has sent already of tuples that are not done: when they run again, it comes again."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._skip: dict[str, int] = {}

    def again(self) -> None:
        """Note that the tuples that are not done run again from their start."""
        self._skip = dict(self._counts)

    def new(self, part: Part) -> Part:
        """`part` without what has come before."""
        failures = self._rest("", part.failures)
        out = [(output, self._rest(output, values)) for output, values in part.out]
        if part.tuples:  # they are done; what is left to skip is of those behind them
            self._counts = dict(self._skip)
        return part._replace(out=out, failures=failures)

    def _rest(self, name: str, values: list[Any]) -> list[Any]:
        skip = min(self._skip.get(name, 0), len(values))
        if skip:
            self._skip[name] -= skip
        self._counts[name] = self._counts.get(name, 0) + len(values) - skip
        return values[skip:]


class ProcessCell:
    """See `Cell`: with real processes. One serves several tasks, until a tuple kills it.

    Parameters
    ----------
    setup
        What the process needs to have the elements: a `runtime.execute.setup.Setup`, without the secret.
    tend
        Called often while the process works.
    hear
        Takes lines that the elements have said there, and how many more were left out.
    """

    def __init__(
        self,
        setup: Any,
        rank: int,
        started: float,
        tend: Callable[[], None],
        hear: Callable[[list[Any], int], None] = lambda rows, left_out: None,
    ) -> None:
        self._given = (setup, rank, started)
        self._tend = tend
        self._hear = hear
        self._process: Process | None = None

    def run(self, element: int, body: memoryview, tuples: int) -> Iterator[Part]:
        """See `Cell.run`."""
        at, closely, data = 0, False, bytes(body)
        told = Told()
        blind = 0  # deaths at no tuple
        fatal: dict[int, str] | None = None
        """Steps of reading the task that end the process; None as long as it is read at one go."""
        while at < tuples:
            process = self._process = self._process or Process(*self._given)
            fresh = not process.ran
            process.say("run", element, data, tuples, at, closely, fatal)
            told.again()
            while at < tuples:
                said = process.hear(self._tend)
                if said is None:
                    break
                if isinstance(said, str):
                    self.close()
                    raise ElementFailed(said)
                process.ran = True
                part = Part(*said)
                self._hear(*part.said)
                at += part.tuples
                yield told.new(part)
                fresh = fresh and not part.tuples
            else:
                return
            place = process.place
            how, trace = self._end_process()
            _log.debug("the process apart ended %s at place %d of a task of %d tuples", how, place, tuples)
            closely = True
            if place <= READS:
                unread = _unread(place, fresh, tuples - at, how, trace, fatal)
                fatal = fatal or {}
                if unread is not None:
                    yield unread
                    at += unread.tuples
                    fatal[READS - place] = f"it ended its process {how} while it was unpickled"
            elif place < 0:
                blind += 1
                self._blind(place, blind, how)
            elif fresh and place == at:  # it was the first that this process ran
                shown = self._shown(element, data, at, fatal)
                yield Part(1, [], [], 0.0, Killed(at, how, *shown, trace))
                at += 1
                told = Told()

    @staticmethod
    def _blind(place: int, deaths: int, how: str) -> None:
        """A death at no tuple, the `deaths`-th: the second is the last."""
        if place == STARTS and deaths > 1:
            raise CannotPart(f"a process apart ended {how} before it had begun")
        elif deaths > 1:
            raise ElementFailed(f"`preprocess` ended its process {how}")

    def _shown(self, element: int, data: bytes, at: int, fatal: dict[int, str] | None) -> tuple[str, str]:
        process = self._process = Process(*self._given)
        process.say("show", element, data, at, fatal)
        shown = process.hear(self._tend, SHOW_S)
        if not isinstance(shown, list):
            self._end_process()
            return "", ""
        port, text = shown
        return port, text

    def _end_process(self) -> tuple[str, str]:
        process, self._process = self._process, None
        assert process is not None
        return process.end()

    def close(self) -> None:
        """See `Cell.close`."""
        if self._process is not None:
            self._end_process()
