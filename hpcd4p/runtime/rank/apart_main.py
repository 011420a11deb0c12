"""The process apart: runs tuples that may end it, one at a time, and sends the rank the result of each.

The other side of `apart`. Before each step that may end it, it notes its place in shared memory, where the
rank reads it when the process is dead.
"""

from __future__ import annotations

import os
import pickle
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from hpcd4p import logs
from hpcd4p.errors import ElementFailed
from hpcd4p.plan.model import Plan, as_written
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute.error_text import show_error
from hpcd4p.runtime.execute.flow import Flow
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.probation import Probation
from hpcd4p.runtime.execute.salvage import UnreadTuples, read_body, read_closely
from hpcd4p.runtime.rank.apart_process import PREPARES, READS, STOP_AT
from hpcd4p.wire.codec import TAG_BYTES, Codec
from hpcd4p.wire.reports import Claimed, Doubted
from hpcd4p.wire.statistics import Cause
from hpcd4p.workflow.sentinels import tuple_dumper

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.letters import Failure
    from hpcd4p.runtime.execute.setup import Setup

FLUSH_S = 0.01
"""Results are sent to the rank after this time. Tuples whose results were not sent run again if the process
dies."""

RANK_DIED = (EOFError, pickle.UnpicklingError)
"""What reading from the rank raises when the rank has died, between two requests or in the middle of one."""

_PR_SET_PDEATHSIG = 1
_SIGKILL = 9


def main(read: BinaryIO, back: int, place: int, faults: int) -> None:
    """Serve the rank at the other end of the pipe, to its end."""
    import ctypes
    import faulthandler

    _close_others({0, 1, 2, read.fileno(), back, place, faults})
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL)  # it must not outlive its rank
    with open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")  # nor take the rank with it, where memory runs out
    faulthandler.enable(open(faults, "wb", buffering=0, closefd=False))  # noqa: SIM115  # for good
    try:
        given = pickle.load(read)
    except RANK_DIED:
        return
    Server(read, back, place, *given).serve()


def _close_others(kept: set[int]) -> None:
    """Close what came along from libraries of the rank (MPI, say): it would seem to live as long as this."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in kept:
            with suppress(OSError):  # the listing itself
                os.close(int(name))


class Server:
    """What the process has: the elements, and instances of those that were asked for."""

    def __init__(
        self, read: BinaryIO, back: int, place: int, setup: Setup, rank: int, started: float
    ) -> None:
        from hpcd4p.runtime.execute.setup import elements_of

        self._read = read
        self._back = back
        self._place = place
        self._clock = Clock(started=started)
        logs.begin(setup.log, f"rank {rank} apart")
        self._plan: Plan = setup.plan
        self._elements = elements_of(setup)
        self._codec = Codec(b"")
        self._codec.dumps = tuple_dumper(setup.by_value)
        self._failures: list[Failure] = []
        self._flow = Flow(setup.plan, rank, self._fail, self._clock)
        self._instances: dict[int, Instance] = {}
        self._changed = ""
        elements = self._elements if isinstance(self._elements, list) else []
        self._probation = Probation(setup.plan, elements, rank, self._note_change, self._clock)
        self._upto = 0
        self._began = self._clock.now()

    def serve(self) -> None:
        """Do what is asked, until the pipe ends."""
        while True:
            try:
                word, *args = pickle.load(self._read)
            except RANK_DIED:
                return
            if word == "show":
                self._show(*args)
            elif word == "changes":
                doubted = self._probation.end(self._instances.values())
                self._tell([(each.element, each.changed) for each in doubted])
            else:
                self._run(*args)

    def _note_change(self, report: Claimed | Doubted) -> None:
        self._changed = report.changed

    def _fail(self, failure: Failure) -> None:
        self._failures.append(failure)

    def _note(self, place: int) -> None:
        os.pwrite(self._place, place.to_bytes(8, "little", signed=True), 0)

    def _tell(self, what: Any) -> None:
        data = self._codec.seal(what)[TAG_BYTES:]
        Codec.unseal(memoryview(data))  # if reading it kills a process, let it be this one and not the rank
        data = len(data).to_bytes(8, "little") + data
        try:
            while data:
                data = data[os.write(self._back, data) :]
        except (
            BrokenPipeError
        ):  # the rank has died; the signal that ends this process may come later than this
            os._exit(0)

    def _values(
        self, element: int, data: bytes, tuples: int, fatal: dict[int, str] | None
    ) -> tuple[str, Any, list[UnreadTuples]]:
        self._note(READS)
        if fatal is None:
            return read_body(memoryview(data), element, tuples)
        return read_closely(memoryview(data), element, tuples, lambda step: self._note(READS - step), fatal)

    def _show(self, element: int, data: bytes, at: int, fatal: dict[int, str] | None) -> None:
        from hpcd4p.runtime.execute.letters import show_value

        port, values, _ = self._values(element, data, at + 1, fatal)
        self._tell([port, show_value(values[at])])

    def _run(
        self,
        element: int,
        data: bytes,
        tuples: int,
        at: int,
        closely: bool,
        fatal: dict[int, str] | None,
        lent: bool,
    ) -> None:
        try:
            instance = self._instance(element)
        except Exception as error:  # noqa: BLE001  # user code: it may raise anything
            self._tell(str(error) if isinstance(error, ElementFailed) else show_error(error))
            return
        port, values, lost = self._values(element, data, tuples, fatal)
        self._upto, self._began = at, self._clock.now()
        for i in range(at, len(values)):
            self._note(i)
            instance.run(port, values[i : i + 1])
            last = i + 1 == len(values)
            if closely or last or self._clock.now() - self._began > FLUSH_S:
                self._probation.inspect(instance, must=last and not lent)
                stops = lent and not last and not lost and self._is_told_to_stop()
                self._flush(instance, i + 1, (port, values[i + 1 :]) if stops else None)
                if stops:
                    return
        if lost:  # they come after the others
            for each in lost:
                self._flow.give_up(each)
            self._flush(instance, tuples)

    def _instance(self, element: int) -> Instance:
        instance = self._instances.get(element)
        if instance is None:
            self._note(PREPARES)
            plan = self._plan.elements[element]
            if isinstance(self._elements, Exception):
                raise self._elements
            instance = self._flow.instance(plan, self._elements[element])
            instance.on_overflow = lambda full: self._flush(full, self._upto)
            instance.start()
            self._instances[element] = instance
            self._probation.begin(instance)
        return instance

    def _is_told_to_stop(self) -> bool:
        return os.pread(self._place, 1, STOP_AT) == b"\1"

    def _flush(self, instance: Instance, upto: int, rest: tuple[str, Any] | None = None) -> None:
        now = self._clock.now()
        out = instance.take()
        changed, self._changed = self._changed, ""
        filled = self._probation.filled(instance.plan.index)
        of_all = (None, changed, filled, self._flow.log.take(), rest)
        try:
            self._tell((upto - self._upto, out, self._failures, now - self._began, *of_all))
        except Exception:  # noqa: BLE001  # user classes: pickling them may raise anything
            out = [(name, self._picklable(instance, name, values)) for name, values in out]
            self._tell((upto - self._upto, out, self._failures, now - self._began, *of_all))
        self._failures = []
        self._upto, self._began = upto, self._clock.now()

    def _picklable(self, instance: Instance, output: str, values: list[Any]) -> list[Any]:
        """The values that can travel; the others become dead letters of the element that wrote them."""
        good = []
        for value in values:
            try:
                self._codec.join(self._codec.frames(value))
            except Exception as error:  # noqa: BLE001  # user classes: pickling them may raise anything
                name, value = as_written(output, value)
                text = (
                    f"{instance.plan.name} wrote a {type(value).__name__} on {name!r} that cannot be "
                    f"pickled, so it cannot travel to another rank: {show_error(error)}"
                )
                place = f"output {name!r}"
                self._flow.write_letter(instance.plan.index, Cause.UNSENT, "", value, error, place, text)
            else:
                good.append(value)
        return good
