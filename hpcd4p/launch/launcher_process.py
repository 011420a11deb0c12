"""The launcher while it runs: waits for it and turns signals into an orderly stop of its ranks.

The launcher has a process group of its own: a Ctrl-C would otherwise reach it beside us, and Open
MPI gives its ranks no more than 0.3 s after a SIGINT or SIGTERM before it kills them. SIGUSR1 it
only hands on.
"""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from enum import Enum
from types import FrameType

from hpcd4p.control.life import Life
from hpcd4p.launch.last_seconds import GRACE_S
from hpcd4p.launch.mpi_program import OPEN_MPI, SRUN
from hpcd4p.launch.siblings import ending_signal, in_slurm_job
from hpcd4p.runtime.execute.signals import stopping

KILL_S = 2.0
"""A launcher that does not end its ranks within this is killed: MPICH's hands a SIGTERM on and waits.
Its ranks end when it is gone."""


ONE_WISH_S = 0.1
"""Signals that come closer together than this are one wish; a person takes longer."""


class Asked(Enum):
    """Who was asked to end the ranks."""

    NOBODY = "nobody"
    RANKS = "the ranks, to stop in order"
    LAUNCHER = "the launcher, to end them"
    KILLED = "nobody any more: the launcher was killed"


ARROWS = {
    # the second where the ranks are not through MPI_Init, so they cannot stop in order
    Asked.NOBODY: frozenset({Asked.RANKS, Asked.LAUNCHER}),
    Asked.RANKS: frozenset({Asked.LAUNCHER}),  # they have not stopped in time, or somebody insists
    Asked.LAUNCHER: frozenset({Asked.KILLED}),  # it has not ended them in time, or somebody insists
    Asked.KILLED: frozenset({Asked.KILLED}),  # once more
}


class LauncherProcess:
    """A running mpirun.

    Parameters
    ----------
    met
        Whether the ranks are through MPI_Init. Before that they cannot stop in order.
    grace_s
        Seconds that the ranks have for it; after them the launcher is told to end them.

    Attributes
    ----------
    asked_to_stop
        Name of the first signal that came meanwhile, or None.
    """

    def __init__(
        self,
        line: list[str],
        environ: dict[str, str],
        kind: str,
        met: Callable[[], bool],
        grace_s: Callable[[], float] = lambda: GRACE_S,
    ) -> None:
        self.asked_to_stop: str | None = None
        self._gentle = signal.SIGUSR1 if kind in (OPEN_MPI, SRUN) else signal.SIGTERM
        # from Slurm it would hear a SIGTERM beside us
        self._deaf = kind in (OPEN_MPI, SRUN) and in_slurm_job()
        self._life = Life("the launcher", Asked.NOBODY, ARROWS)
        self._heard_at = -math.inf
        self._timer: threading.Timer | None = None
        self._line = line
        self._environ = environ
        self._met = met
        self._grace_s = grace_s
        self._process: subprocess.Popen[bytes] | None = None

    def wait(self, on_start: Callable[[int], None]) -> int:
        """Start it, wait for its end and give its status (negative: ended by that signal).

        `on_start` is called with its process number.
        """
        sys.stdout.flush()  # what was printed so far comes before what the ranks print
        handled = threading.current_thread() is threading.main_thread()
        before = {n: signal.signal(n, self._on_signal) for n in stopping()} if handled else {}
        try:
            # a process group in the background must not read the terminal
            quiet = subprocess.DEVNULL if _is_terminal(0) else None
            self._process = self._start(quiet)
            if self.asked_to_stop:  # between the handlers and the start
                self._process.send_signal(ending_signal())
            on_start(self._process.pid)
            return self._process.wait()
        except BaseException:
            if self._process is not None:
                self._process.kill()
                self._process.wait()
            raise
        finally:
            if self._timer is not None:
                self._timer.cancel()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _start(self, stdin: int | None) -> subprocess.Popen[bytes]:
        masked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM} if self._deaf else set())
        try:
            return subprocess.Popen(
                [*_mortal(), *self._line], env=self._environ, stdin=stdin, process_group=0
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, masked)

    def end(self) -> None:
        """End the ranks without asking them; from another thread."""
        self._press(in_order=False)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.asked_to_stop = self.asked_to_stop or signal.Signals(number).name
        # one wish may come twice: GNU timeout signals its child, and then its group
        before, self._heard_at = self._heard_at, time.monotonic()
        if self._heard_at - before < ONE_WISH_S:
            return
        # Slurm says one wish several times: to every process, through its script, and again when the limit
        # has come of which it gave a sign before. Only a person's Ctrl-C insists there
        if self._life.state is Asked.NOBODY or number == signal.SIGINT or not in_slurm_job():
            self._press()

    def _press(self, in_order: bool = True) -> None:
        """One step further: ask, insist, kill; `in_order`: begin with the ranks, where they can stop."""
        if self._process is None:
            return
        asked = self._life.state
        if asked is Asked.NOBODY and in_order and self._met():
            self._life.go(Asked.RANKS)
        elif asked in (Asked.NOBODY, Asked.RANKS):
            self._life.go(Asked.LAUNCHER)
        else:
            self._life.go(Asked.KILLED)
        how = {Asked.RANKS: self._gentle, Asked.LAUNCHER: ending_signal(), Asked.KILLED: signal.SIGKILL}
        # while `wait` blocks, this neither waits nor reaps: the number is the launcher's all the time
        self._process.send_signal(how[self._life.state])
        if self._timer is not None:
            self._timer.cancel()
        grace_s = self._grace_s() if self._life.state is Asked.RANKS else KILL_S
        self._timer = threading.Timer(grace_s, self._press)
        self._timer.daemon = True
        self._timer.start()


def _mortal() -> list[str]:
    """Words before a command that end it when this process is killed; none where setpriv cannot."""
    words = ["setpriv", "--pdeathsig", ending_signal().name.removeprefix("SIG")]
    try:
        done = subprocess.run([*words, "true"], capture_output=True, check=False)
    except OSError:
        return []
    return words if done.returncode == 0 else []


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False
