"""One running instance of an element: its inputs, what it has written, and what happens to its exceptions.

A batch goes through one loop per element (`loops`), not tuple by tuple through every layer: that is where
the speed of the engine comes from. Knows nothing of where tuples come from or go to.
"""

from __future__ import annotations

from _thread import _count as count_threads
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from hpcd4p.control.granularity import NOMINAL_CHUNK_S
from hpcd4p.descriptors import unreserved
from hpcd4p.errors import ElementFailed
from hpcd4p.plan.model import UNDECLARED, ElementPlan, Role
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute import at_work, forked, garbage, loops
from hpcd4p.runtime.execute.error_text import show_error
from hpcd4p.runtime.execute.loops import OURS, Loop, Sink
from hpcd4p.runtime.execute.signals import Alarmed
from hpcd4p.runtime.execute.timing import Timing
from hpcd4p.runtime.execute.touched import Touched
from hpcd4p.weight import weigh
from hpcd4p.workflow.elements import BatchPE, ConsumerPE, GenericPE, KeyedPE

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.sequence import Sequence

OVERFLOW_TUPLES = 8192
"""Writes of one call that are held before they move on: a call may write more than memory holds."""

HOLD_BYTES = 4 << 20
"""The same in bytes, estimated; also how much a chunk of calls may write."""

CHUNK_TUPLES = 4096
"""Most tuples that go through an element at a time: what it writes is still in the cache when the next one
reads it (in one process *keyed* is 7 % quicker with 2048 than with 8192; on 4 ranks 4096 is no slower)."""

FORK_TUPLES = 512
"""The same where paths part that meet again, for there each write may be tasks of its own."""

FIRST_LOOK_TUPLES = 16
"""Writes after which their size is first estimated."""

OUR_FILES = frozenset({__file__, loops.__file__})
"""Frames of these files are left out at the begin of a traceback: they tell the reader nothing."""

NO_LIMITS: Mapping[str, int] = {}

OnFailure = Callable[["Instance", str, Any, BaseException], None]


class Instance:
    """An element with its ports connected.

    Parameters
    ----------
    pe
        The user's object; this instance is its only owner.
    partition
        Which partition it holds (0 for the pool).
    on_failure
        Called with (instance, port, value, error) for each tuple that raised.
    """

    def __init__(
        self, plan: ElementPlan, pe: GenericPE, partition: int, rank: int, on_failure: OnFailure, clock: Clock
    ) -> None:
        self._now = clock.now
        self.plan = plan
        self.pe = pe
        self.partition, self.rank = partition, rank
        self.out: dict[str, list[Any]] = {name: [] for name in plan.outputs}
        self.sequence: Sequence | None = None  # the order of writes on several outputs, where that matters
        self.on_failure = on_failure
        self.on_overflow: Callable[[Instance], None] | None = None
        self.on_log: Callable[[Instance, GenericPE, str], None] | None = None
        """Called with what its `self.log` is given; None: it is printed."""
        self.on_ran: Callable[[float, float, int], None] | None = None
        """Called with begin, end and number of tuples of what is counted in `busy_s`."""
        self._resumed = 0.0  # when its call at hand began, or went on
        self.tuples = self.written = 0
        self.written_by: dict[str, int] = dict.fromkeys(plan.outputs, 0)
        self.busy_s = self.out_bytes = 0.0
        self.service_s = 0.0  # seconds per tuple, lately
        self.timing = Timing(clock.now, isinstance(pe, BatchPE))
        self.overflow_at = FIRST_LOOK_TUPLES
        self.first = (0, 0.0)  # tuples and seconds of the first batch, which imports and warms up
        self.is_root = plan.role is Role.ROOT
        self._depth = forked.depth
        self.table: dict[Any, Any] = {}  # state of each key, of a `KeyedPE`
        self.touched = Touched()
        self._run: Loop = loops.dict_loop(pe, self.is_root, self.sink, self._failed)

    def start(self, fresh: bool = True) -> None:
        """Connect the ports and call `preprocess`; not for one that has come from another rank (not `fresh`).

        Raises
        ------
        ElementFailed
            It raised something.
        """
        pe = self.pe
        pe._sink = self.sink if self._has_a_place else self._refuse
        pe.rank = self.rank
        if self.on_log is not None:
            pe._log_sink = partial(self.on_log, self)
        overflow, self.on_overflow = self.on_overflow, None  # held: what it is for may not have begun
        at_work.since[self.plan.name] = None
        at_work.see_threads("")
        try:
            if fresh:
                pe.preprocess()
            self._stay()
        except OURS:
            raise
        except BaseException as error:  # user code: anything may come, sys.exit too
            self._stay(error)
            raise ElementFailed(
                f"preprocess of element {self.plan.name} raised {show_error(error)}"
            ) from error
        pe._sink, self.on_overflow = self.sink, overflow
        self._run = self._loop()

    @property
    def _has_a_place(self) -> bool:
        """Whether the number of instances does not depend on the ranks: then `preprocess` may write."""
        role = self.plan.role
        return role is Role.STATE or (role is Role.ROOT and not self.plan.movable)

    def run(self, port: str, values: list[Any] | range) -> None:
        """Feed `values` that arrived at `port`; for a root, the inputs of its calls."""
        count = len(values)
        collecting = garbage.run_begins(count * self.service_s if self.tuples else garbage.SLOW_S + 1)
        at_work.since[self.plan.name] = None
        began = self._resumed = self._now()
        if (timing := self.timing).due_s > timing.inside_s:
            timing.passed += count
            self._run(port, values)
        else:
            timing.run(self._run, port, values, self)
        self._stay()
        if count_threads() != at_work.threads:
            at_work.see_threads(self.plan.name)
        spent = (ended := self._now()) - began
        garbage.run_ends(collecting)
        if self.on_ran is not None:
            self.on_ran(self._resumed, ended, count)
        # recent chunks tell more than old ones, and the first tells little: it imports and warms up
        self.service_s = 0.5 * (self.service_s + spent / count) if self.tuples else spent / count
        self.busy_s += spent
        timing.inside_s += spent
        self.tuples += count
        if self.tuples == count:
            self.first = (count, spent)

    @property
    def chunk_tuples(self) -> int:
        """Tuples to run between two looks at the clock: about `NOMINAL_CHUNK_S` of work."""
        if not self.tuples:
            return 1
        return max(1, min(int(NOMINAL_CHUNK_S / max(self.service_s, 1e-7)), self.light_tuples, CHUNK_TUPLES))

    @property
    def light_tuples(self) -> int:
        """Tuples to run before what they write weighs more than `HOLD_BYTES`."""
        if not self.tuples:
            return 1
        return max(1, int(HOLD_BYTES * self.tuples / (self.out_bytes + 1)))

    @property
    def held(self) -> int:
        """Most tuples that wait on one of its outputs."""
        return max(map(len, self.out.values()), default=0)

    def finish(self) -> None:
        """Call `postprocess`; an exception in it is a failure like any other."""
        at_work.since[self.plan.name] = None
        began = self._resumed = self._now()
        try:
            if isinstance(self.pe, KeyedPE):
                loops.end_keys(self.pe, self.table, self._failed)
            self.pe.postprocess()
            self._stay()
        except BaseException as error:  # noqa: BLE001  # user code: anything may come, sys.exit too
            self._failed("<postprocess>", None, error)
        self.busy_s += (ended := self._now()) - began
        if self.on_ran is not None:
            self.on_ran(self._resumed, ended, 0)

    def pause(self) -> float:
        """In the middle of the call at hand something else is done; gives the time."""
        now = self._now()
        if self.on_ran is not None:
            self.on_ran(self._resumed, now, 0)
        return now

    def resume(self, paused: float) -> float:
        """The call that was paused then goes on; gives the time."""
        self._resumed = now = self._now()
        self.busy_s -= now - paused
        return now

    def stands_for(self, tuples: int, busy_s: float, out: list[tuple[str, list[Any]]]) -> None:
        """Count what its element has done elsewhere, and hold what that has written."""
        self.tuples += tuples
        self.busy_s += busy_s
        self.timing.stands_for(tuples, busy_s)
        for output, values in out:
            if self.sequence is not None:
                self.sequence.note(output, len(values))
            self.out.setdefault(output, []).extend(values)

    def mark(self) -> tuple[Any, ...]:
        """What has been counted so far; for `go_back`."""
        return self.tuples, self.written, dict(self.written_by), self.busy_s, self.out_bytes

    def go_back(self, mark: tuple[Any, ...]) -> None:
        """Count again as when `mark` was made, and forget what is written."""
        self.tuples, self.written, self.written_by, self.busy_s, self.out_bytes = mark
        if not self.tuples:
            self.first = (0, 0.0)
        self.take_back(NO_LIMITS)

    def take_back(self, before: Mapping[str, int]) -> None:
        """Forget what is written since each output held so much."""
        for name, values in self.out.items():
            del values[before.get(name, 0) :]
        if self.sequence is not None:
            self.sequence.cut(self.out)

    def take(self, most: Mapping[str, int] = NO_LIMITS) -> list[tuple[str, list[Any]]]:
        """(output, values) written since the last call, at most `most` of each output; no list is empty."""
        sequence, most_held = self.sequence, FORK_TUPLES if self.plan.forks else OVERFLOW_TUPLES
        taken = [] if sequence is None else sequence.take(self.out, most)
        for name, values in self.out.items():
            part = values[: most.get(name)] if sequence is None or name not in sequence.outputs else ()
            if part:
                # the list itself stays: a loop, perhaps in another thread, is appending to it
                del values[: len(part)]
                taken.append((name, part))
        for name, part in taken:
            weight = weigh(part)
            self.out_bytes += weight * len(part)
            self.overflow_at = max(1, min(OVERFLOW_TUPLES, most_held, int(HOLD_BYTES / weight)))
            self.written += len(part)
            self.written_by[name] = self.written_by.get(name, 0) + len(part)
        return taken

    def _sink(self, name: str, value: Any) -> None:
        try:
            values = self.out[name]
        except KeyError:
            values, value = self.out.setdefault(UNDECLARED, []), (name, value)
        values.append(value)
        if len(values) >= self.overflow_at and self.on_overflow is not None:
            self._stay()
            self.on_overflow(self)

    @property
    def sink(self) -> Sink:
        """Takes what is written on an output."""
        return self._sink if self.sequence is None else self.sequence.noting(self._sink)

    def _refuse(self, name: str, value: Any) -> None:
        raise ValueError(
            f"it writes on {name!r}, and has no fixed place: how often that would be written would depend on "
            "the number of ranks; write `stateful = True` into its class, and each of its instances writes it"
        )

    def _stay(self, error: BaseException | None = None) -> None:
        """Go on, unless this is a process that the element has forked: that ends here."""
        if forked.depth != self._depth:
            forked.end(self.plan.name, error)

    def _failed(self, port: str, value: Any, error: BaseException) -> None:
        self._stay(error)
        if isinstance(error, OURS):  # came up through a call that wrote much, or from a signal
            if isinstance(error, Alarmed):
                error.element = error.element or self.plan.name
            raise error
        with unreserved():  # the element may have used up all descriptors
            self.on_failure(self, port, value, error)

    def _loop(self) -> Loop:
        pe, failed = self.pe, self._failed
        item = pe._item_function()
        if isinstance(pe, KeyedPE):
            return loops.key_loop(pe, self.table, self.touched, failed)
        if isinstance(pe, BatchPE):
            attempt = partial(loops.attempt, self, pe)
            return loops.batch_loop(attempt, pe.max_batch, self.plan.role is not Role.STATE, failed)
        if item is None or not loops.is_plain(pe, self.is_root, self.out):
            return loops.dict_loop(pe, self.is_root, self.sink, failed)
        out = None if isinstance(pe, ConsumerPE) else self.out[pe.OUTPUT_NAME]
        if out is not None and self.sequence is not None:
            out = self.sequence.list_of(pe.OUTPUT_NAME, out, self.sink)
        return loops.root_loop(item, out, failed) if self.is_root else loops.item_loop(item, out, failed)
