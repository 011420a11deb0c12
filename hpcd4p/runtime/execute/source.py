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
from hpcd4p.runtime.execute.instance import NO_LIMITS, Instance
from hpcd4p.runtime.execute.letters import Failure, Letters
from hpcd4p.runtime.execute.loops import Leave
from hpcd4p.runtime.execute.watch import Watched

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


class _Held(list[Any]):
    """What a source has written to an output and the head has not taken. The loops append to it."""

    __slots__ = ("notify",)

    notify: Callable[[], None]


class _Listened(_Held):
    """The same while the head sleeps: the first write ends that. Costs the writes after it nothing."""

    __slots__ = ()

    def append(self, value: Any) -> None:
        list.append(self, value)
        _become(self, _Held)
        self.notify()


def _become(held: list[Any], kind: type[_Held]) -> None:
    """Have the loops append to `held` as to a `kind`; they look it up at each write, at no cost."""
    held.__class__ = kind


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

    Attributes
    ----------
    taken_at
        When something was taken last.
    taken
        Tuples that were taken then.
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
        self._movable = movable
        self._most = most
        self._notify = notify
        self._room = threading.Event()
        self._room.set()
        self._stop = False
        instance.on_overflow = self._overflow
        # before the instance starts: its loop keeps hold of them
        for name in (*instance.out, UNDECLARED):
            held = instance.out[name] = _Held()
            held.notify = notify
        self._thread: threading.Thread | None = None
        self._batches = self._run()

    def start(self) -> None:
        """Start the thread; without it, each `take` makes a batch of calls."""
        self._thread = threading.Thread(target=self._main, name=self.instance.plan.name, daemon=True)
        _log.info("source %s opened", self.instance.plan.name)
        self._thread.start()

    def take(self, most: Mapping[str, int] = NO_LIMITS) -> tuple[list[tuple[str, list[Any]]], list[Failure]]:
        """What was written since the last call, at most `most` of each output, and what failed; makes room.

        Main thread. If the source was `done` before the call, this takes its last failures, too, so that the
        commit that closes it has all of them.
        """
        if self._thread is None and not self.done:
            self.done = next(self._batches, True)
        out = self.instance.take(most)
        failures = [self._failures.popleft() for _ in range(len(self._failures))]
        if out or failures:
            self.taken_at = self._now()
            self.taken = sum(len(values) for _, values in out)
        self._room.set()
        return out, failures

    def listen(self) -> bool:
        """Call `notify` at the next write; whether nothing waits to be taken already. Main thread."""
        for held in self.instance.out.values():
            _become(held, _Listened)
        return self._thread is not None and not self.done and not self.held()

    def stop(self) -> None:
        """Let the thread end at its next write or call. Main thread."""
        self._stop = True
        self._room.set()

    def held(self) -> int:
        """Tuples that have been written and not taken."""
        return sum(len(values) for values in self.instance.out.values())

    def _failed(self, instance: Instance, port: str, value: Any, error: BaseException) -> None:
        self._failures.append(self._letters.write(instance.plan.index, cause_at(port), port, value, error))

    def _overflow(self, instance: Instance) -> None:
        began = self._now()
        self._make_room()
        instance.waited(self._now() - began)

    def _make_room(self) -> None:
        """Wait while more is held than the head has taken."""
        while not self._stop and self._thread is not None:
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

    def _run(self) -> Iterator[bool]:
        """Make the calls, a batch at a time, and then post-process; yields False after each batch."""
        at = 0
        if self._movable:
            watched = Watched(self.instance.pe, self._clock, self.instance.plan.caches)
            while at < min(PROBE_CALLS, len(self._calls)):
                self.instance.run("", self._calls[at : at + 1])
                at += 1
                yield False
                what = watched.look(at)
                if what and not watched.fills:
                    self.changed = ", ".join(n for n in what if n in self.instance.plan.shared)
                    break
            else:
                if at < len(self._calls):
                    self.rest = self._calls[at:]
                    return
        shared = self._shared()
        size = 1
        while at < len(self._calls):
            part = self._calls[at : at + size]
            at += len(part)
            began = self._now()
            self.instance.run("", part)
            spent = self._now() - began
            if shared is not None and shared.worth(self.instance.busy_s):
                self.changed = self.changed or ", ".join(shared.look(at))
            yield False
            # about CHUNK_S, but at most twice as much as before: the first calls tell little
            size = max(
                1,
                min(self._most, 2 * size, self.instance.light_tuples, int(size * CHUNK_S / max(spent, 1e-9))),
            )
        self.instance.finish()
        if shared is not None:
            self.changed = self.changed or ", ".join(shared.look(at))

    def _shared(self) -> Watched | None:
        plan = self.instance.plan
        return Watched(self.instance.pe, self._clock, plan.caches, plan.shared) if plan.shared else None
