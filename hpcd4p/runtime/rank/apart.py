"""Tasks run in a process apart, which is no rank: what may kill its process costs that process only.

Owns what is made of a death. The rank never unpickles a task that has killed ranks, nor shows a tuple of it:
the process does both.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

from hpcd4p.errors import ElementFailed
from hpcd4p.logs import module_log
from hpcd4p.runtime.rank.apart_process import READS, STARTS, Process
from hpcd4p.runtime.rank.cell import CannotPart, EndedProcess, Part

if TYPE_CHECKING:
    from hpcd4p.runtime.clock import Clock

_log = module_log(__name__)

SHOW_S = 10.0
"""For the process to show a tuple, which may be as deadly as running it."""


def _unread(
    place: int, fresh: bool, left: int, how: str, trace: str, fatal: dict[int, str] | None
) -> Part | None:
    """What the death of a process shows that was reading the task; `left` of its tuples are not done.

    None if it shows nothing: the process had run something else before, or was not reading step by step. A
    part of no tuples if a single object is guilty.
    """
    if not fresh or (place == READS and fatal is None):
        return None
    return Part(left if place == READS else 0, [], [], 0.0, EndedProcess(-1, how, "", "", trace))


class Sent:
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
    hear
        Takes lines that the elements have said there, and how many more were left out.
    """

    def __init__(
        self,
        setup: Any,
        rank: int,
        clock: Clock,
        hear: Callable[[list[Any], int], None] = lambda rows, left_out: None,
    ) -> None:
        self._given = (setup, rank, clock.started)
        self._now = clock.now
        self._hear = hear
        self._process: Process | None = None

    def run(self, element: int, body: memoryview, tuples: int, lent: bool = False) -> Iterator[Part | None]:
        """See `Cell.run`."""
        at, closely, data = 0, False, bytes(body)
        sent = Sent()
        blind = 0  # deaths at no tuple
        told = not lent
        fatal: dict[int, str] | None = None
        """Steps of reading the task that end the process; None as long as it is read at one go."""
        while at < tuples:
            process = self._process = self._process or Process(*self._given)
            fresh = not process.ran
            process.stop(False)
            process.say("run", element, data, tuples, at, closely, fatal, lent)
            sent.again()
            while at < tuples:
                while not process.ready():
                    yield None
                said = process.answer()
                if said is None:
                    break
                if isinstance(said, str):
                    self.close()
                    raise ElementFailed(said)
                process.ran = True
                part = Part(*said)
                self._hear(*part.said)
                at += part.tuples
                yield sent.new(part)
                if part.rest is not None:
                    return
                fresh = fresh and not part.tuples
            else:
                return
            place = process.place
            how, trace = self._end_process()
            _log.debug("the process apart ended %s at place %d of a task of %d tuples", how, place, tuples)
            closely = True
            if not told:
                told = True
                yield Part(0, [], [], 0.0, EndedProcess(-1, how, "", "", trace))
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
                shown = yield from self._shown(element, data, at, fatal)
                yield Part(1, [], [], 0.0, EndedProcess(at, how, *shown, trace))
                at += 1
                sent = Sent()

    @staticmethod
    def _blind(place: int, deaths: int, how: str) -> None:
        """A death at no tuple, the `deaths`-th: the second is the last."""
        if place == STARTS and deaths > 1:
            raise CannotPart(f"a process apart ended {how} before it had begun")
        elif deaths > 1:
            raise ElementFailed(f"`preprocess` ended its process {how}")

    def _shown(
        self, element: int, data: bytes, at: int, fatal: dict[int, str] | None
    ) -> Generator[None, None, tuple[str, str]]:
        process = self._process = Process(*self._given)
        process.say("show", element, data, at, fatal)
        end = self._now() + SHOW_S
        while not process.ready():
            if self._now() > end:
                process.kill()
            yield None
        shown = process.answer()
        if not isinstance(shown, list):
            self._end_process()
            return "", ""
        port, text = shown
        return port, text

    look_s: float | None = None

    @property
    def ear(self) -> int | None:
        """See `Cell`."""
        return None if self._process is None else self._process.ear

    @property
    def pid(self) -> int | None:
        """See `Cell`."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process now rather than with the first task; raises `CannotPart`."""
        self._process = self._process or Process(*self._given)

    def stop(self) -> None:
        """See `Cell.stop`."""
        if self._process is not None:
            self._process.stop()

    def changes(self) -> Iterator[tuple[int, str] | None]:
        """See `Cell.changes`."""
        process = self._process
        if process is None:
            return
        process.say("changes")
        while not process.ready():
            yield None
        yield from process.answer() or ()

    def wait(self, seconds: float) -> None:
        """See `Cell.wait`."""
        if self._process is not None:
            self._process.ready(seconds)

    def _end_process(self, patience_s: float = 0.0) -> tuple[str, str]:
        process, self._process = self._process, None
        assert process is not None
        return process.end(patience_s)

    def dismiss(self) -> None:
        """See `Cell.dismiss`."""
        if self._process is not None:
            self._process.dismiss()

    def close(self, patience_s: float = 0.0) -> None:
        """See `Cell.close`."""
        if self._process is not None:
            self._end_process(patience_s)
