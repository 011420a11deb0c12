"""A shell that outlives this process by what its script still has to do: it kills and removes what is left.

The script waits with ``read -r _`` for the end of a pipe that this process holds (the leash). The pipe closes
when this process lets go, ends, or is killed; nothing else is needed to notice its death.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterable

from hpcd4p import descriptors

_DEAF_TO = frozenset(
    {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2}
)
"""Blocked in the shell and what it starts: Slurm signals every process of a step, and the head still needs
its server while it answers."""


REMOVE = """
remove() {
    for again in 0 1 2 3 4 5 6 7 8 9; do
        rm -rf -- "$@" && return
        sleep 0.1
    done
}
"""
"""A function for scripts. The ranks of a run that is killed do not all end at once: one that still writes a
file into a folder while that is removed keeps it there."""


class GuardShell:
    """One shell.

    Parameters
    ----------
    script
        No command in it may run in the foreground before the first ``read``: the shell would unblock signals.
    words
        Its arguments; the first is its name, for whoever looks at the processes.
    inherited
        Descriptors that it gets, too.
    heard
        Whether what it writes comes through pipes of `process`; else it is lost.

    Raises
    ------
    OSError
        There is no shell, or no room for another process.
    """

    def __init__(
        self, script: str, words: Iterable[object], inherited: tuple[int, ...] = (), heard: bool = False
    ) -> None:
        out = subprocess.PIPE if heard else subprocess.DEVNULL
        read, leash = os.pipe()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _DEAF_TO)
        try:
            self.process = subprocess.Popen(
                ["/bin/sh", "-c", script, *map(str, words)],
                stdin=read,
                stdout=out,
                stderr=out,
                bufsize=0,
                pass_fds=inherited,
                # not in this process's group: a launcher kills that as a whole
                start_new_session=True,
            )
        except BaseException:
            os.close(leash)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.close(read)
        self._leash = descriptors.hold(leash)  # a forked child would keep it open as long as it lives

    def release(self, patience_s: float) -> None:
        """Let go of the leash and wait until the script has ended, for so many seconds; then kill it."""
        descriptors.close(self._leash)
        try:
            self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
