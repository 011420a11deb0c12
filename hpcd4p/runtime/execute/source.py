"""The roots on the head: each runs in a thread of its own, so that a silent source blocks nobody.

A thread calls the element and nothing else; the head's main thread takes what it has written, at
its own pace, and does all that touches MPI or Redis.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hpcd4p.logs import module_log
from hpcd4p.plan.model import UNDECLARED
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute.flow import cause_at
from hpcd4p.runtime.execute.held import Held, Listened, become
from hpcd4p.runtime.execute.instance import NO_LIMITS, Instance
from hpcd4p.runtime.execute.letters import Failure, Letters
from hpcd4p.runtime.execute.loops import Leave
from hpcd4p.runtime.execute.repetition import Repetition
from hpcd4p.runtime.execute.seeking import Counts, Seeking
from hpcd4p.runtime.execute.watch import Watched
from hpcd4p.wire.position import SourcePosition, Stage

PROBE_CALLS = 2
"""A source whose attributes are the same after this many calls counts as stateless: two, since the first
call may fill a cache."""

SLACK = 4
"""The thread may be this many times `overflow_at` ahead, so that neither it nor the main thread waits for the
other at each batch (*hops* on 4 ranks is a few percent faster than with 1)."""

MOST_FAILURES = 4096
"""The thread waits while more failures than this wait to be taken."""

CHUNK_S = 0.001
"""Calls are made in batches of about this long; what they write can be taken in between."""


_log = module_log(__name__)


class Source:
    """One root, running in a thread.

    Parameters
    ----------
    instance
        The instance that is called; its failures go to `failed`.
    letters
        Writes them; the thread's own.
    calls
        Inputs of the calls: a range (calls with an empty dict) or a list of dicts.
    movable
        Whether the rest of the calls may go to the pool once the first have shown no state.
    notify
        Called from the thread when `listen` was called and there is something to take, or when it has ended.
    at
        Where a cut has found it: `calls` are those that it had then, and what was taken is not taken again.

    Attributes
    ----------
    taken_at
        When something was taken last.
    taken
        Tuples that were taken then.
    thread
        That it runs in, if in any.
    """

    def __init__(
        self,
        instance: Instance,
        letters: Letters,
        calls: Any,
        movable: bool,
        most: int,
        notify: Callable[[], None],
        clock: Clock,
        at: SourcePosition | None = None,
    ) -> None:
        self._clock = clock
        self._now = clock.now
        self.instance = instance
        instance.on_failure = self._failed
        self._letters = letters
        self._failures: deque[Failure] = deque()
        self.rest: Any = None
        """Calls that are left for the pool when it is `done`."""
        self.done = False
        self.error: Exception | None = None
        self.taken_at = -math.inf
        self.taken = 0
        self.changed = ""
        """In words, what it has changed and elements on other ranks share."""
        self._calls = calls
        self._movable = movable and (at is None or not at.stays)
        self._most = most
        self._notify = notify
        self._room = threading.Event()
        self._room.set()
        self._stop = False
        instance.on_overflow = self._overflow
        # before the instance starts: its loop keeps hold of them
        for name in (*instance.out, UNDECLARED):
            held = instance.out[name] = Held()
            held.notify = notify
        self._lock = threading.Lock()
        self._failures_taken = at.failed if at is not None else 0
        self._repeated = Repetition(instance, at)
        self._seeking = Seeking(instance, clock, self._lock, self._count, at.mark if at is not None else None)
        self.thread: threading.Thread | None = None
        self._batches = self._in_batches()

    def open(self) -> None:
        """Start the instance."""
        self.instance.start()
        self._seeking.prepared()

    def start(self) -> None:
        """Start the thread; without it, each `take` makes a batch of calls."""
        self.thread = threading.Thread(target=self._main, name=self.instance.plan.name, daemon=True)
        _log.info("source %s opened", self.instance.plan.name)
        self.thread.start()

    def take(self, most: Mapping[str, int] = NO_LIMITS) -> tuple[list[tuple[str, list[Any]]], list[Failure]]:
        """What was written since the last call, at most `most` of each output, and what failed; makes room.

        Main thread. If the source was `done` before the call, this takes its last failures, too, so that the
        commit that closes it has all of them.
        """
        if self.thread is None and not self.done:
            self.done = next(self._batches, True)
        with self._lock:
            out = self.instance.take(self._repeated.limits(most))
            failures = [self._failures.popleft() for _ in range(len(self._failures))]
            self._failures_taken += len(failures)
        self._seeking.want()
        if out or failures:
            self.taken_at = self._now()
            self.taken = sum(len(values) for _, values in out)
        self._room.set()
        return out, failures

    def position(self) -> SourcePosition:
        """What was taken so far. Main thread."""
        instance = self.instance
        with self._lock:
            taken = Counts(dict(instance.written_by), self._failures_taken)
            return SourcePosition(
                instance.plan.index,
                Stage.HEAD,
                len(self._calls),
                not self._movable,
                *taken,
                instance.out_bytes,
                self._seeking.best(taken),
            )

    @property
    def remark(self) -> str:
        """What is to be told of its positions, in words."""
        ended = self.done and not self._stop and self.error is None
        lack = self._repeated.lack() if ended else ""
        if lack:
            return f"it was repeated, and has not done the same again: {lack}"
        return self._seeking.remark

    def listen(self) -> bool:
        """Call `notify` at the next write; whether nothing waits to be taken already. Main thread."""
        for name, held in self.instance.out.items():
            if name not in self._repeated.outputs:
                become(held, Listened)
        return self.thread is not None and not self.done and not self.held()

    def stop(self) -> None:
        """Let the thread end at its next write or call. Main thread."""
        self._stop = True
        self._room.set()

    def held(self) -> int:
        """Tuples that have been written and not taken."""
        again = self._repeated.outputs
        return sum(len(values) for name, values in self.instance.out.items() if name not in again)

    def _count(self) -> tuple[Counts, Counts]:
        """What there was of writes and failures, and what of it was taken."""
        out, again = self.instance.out, self._repeated
        taken = Counts(dict(self.instance.written_by), self._failures_taken)
        made = {
            n: count + len(out.get(n, ())) - again.outputs.get(n, 0) for n, count in taken.written.items()
        }
        if out[UNDECLARED]:
            made.setdefault(UNDECLARED, len(out[UNDECLARED]))
        return Counts(made, taken.failed + len(self._failures) - again.failures), taken

    def _failed(self, instance: Instance, port: str, value: Any, error: BaseException) -> None:
        failure = self._letters.write(instance.plan.index, cause_at(port), port, value, error)
        if not self._repeated.fails():
            self._failures.append(failure)

    def _overflow(self, instance: Instance) -> None:
        paused = instance.pause()
        self._drop()
        self._make_room()
        instance.resume(paused)

    def _drop(self) -> None:
        """Drop what has been repeated."""
        if not self._repeated.outputs:
            return
        with self._lock:
            new = self._repeated.drop()
        if new:
            self._notify()

    def _make_room(self) -> None:
        """Wait while more is held than the head has taken."""
        while not self._stop and self.thread is not None:
            self._room.clear()  # before the look: what the head takes after it sets it again
            if self.held() < SLACK * self.instance.overflow_at and len(self._failures) < MOST_FAILURES:
                break
            self._notify()
            self._room.wait(1.0)
        if self._stop:
            raise Leave

    def _main(self) -> None:
        try:
            for _ in self._batches:
                self._make_room()
        except Leave:
            pass
        except Exception as error:  # noqa: BLE001  # the engine's own: told by the main thread
            self.error = error
        finally:
            _log.info("source %s has made its calls here", self.instance.plan.name)
            self.done = True
            self._notify()

    def _in_batches(self) -> Iterator[bool]:
        """Make the calls, a batch at a time, and then post-process; yields False after each batch."""
        for going_on in self._run():
            self._drop()
            yield going_on
        self._drop()

    def _run(self) -> Iterator[bool]:
        self._seeking.begin()
        at = self._seeking.calls
        if self._movable:
            watched = Watched(self.instance.pe, self._clock, self.instance.plan.caches)
            while at < min(PROBE_CALLS, len(self._calls)):
                self.instance.run("", self._calls[at : at + 1])
                at += 1
                yield False
                what = watched.look(at)
                if what and not watched.fills:
                    self._movable = False
                    self.changed = ", ".join(n for n in what if n in self.instance.plan.shared)
                    break
            else:
                if at < len(self._calls):
                    self.rest = self._calls[at:]
                    return
        yield from self._go_on(at)

    def _go_on(self, at: int) -> Iterator[bool]:
        """Make the calls from `at` on, which stay here."""
        shared, seeking = self._shared(), self._seeking
        size = 1
        while at < len(self._calls):
            part = self._calls[at : at + size]
            at += len(part)
            began = self._now()
            seeking.calling = True
            self.instance.run("", part)
            seeking.calling = False
            spent = self._now() - began
            if shared is not None and shared.worth(self.instance.busy_s):
                self.changed = self.changed or ", ".join(shared.look(at))
            seeking.calls = at
            seeking.ask()
            yield False
            size = 1 if seeking.by_call else self._next_size(size, spent)
        self.instance.finish()
        if shared is not None:
            self.changed = self.changed or ", ".join(shared.look(at))

    def _next_size(self, size: int, spent: float) -> int:
        """Calls of the next batch: about `CHUNK_S`, but at most twice as many; the first tell little."""
        most = min(self._most, 2 * size, self.instance.light_tuples)
        return max(1, min(most, int(size * CHUNK_S / max(spent, 1e-9))))

    def _shared(self) -> Watched | None:
        plan = self.instance.plan
        return Watched(self.instance.pe, self._clock, plan.caches, plan.shared) if plan.shared else None
