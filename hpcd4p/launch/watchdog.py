"""The shell that guards a server: parent of the server, at the end of a pipe that the owner holds.

When the pipe closes (the owner closed it, ended, or was killed) it kills the server, and removes the server's
directory and what the owner has left in shared memory. It depends on nothing but the owner's end of the pipe,
so it notices every death of the owner. Owns that process and that pipe; must never know what the server is.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from hpcd4p import descriptors
from hpcd4p.launch.blocks_folder import of_process
from hpcd4p.launch.redis_home import lock_home, remove_home

RELEASE_S = 5.0
"""It needs about 5 ms to kill and remove; a directory on a slow file system gets this long."""

MORTAL = ("setpriv", "--pdeathsig", "KILL")
"""Put before a command: the server dies with the watchdog. util-linux has it since 2.33; without it
only the death of both owner and watchdog by SIGKILL leaves a server behind."""

_DEAF_TO = frozenset(
    {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2}
)
"""Blocked in watchdog and server: Slurm signals every process of a step, and the head still needs
its server while it answers."""

# no command may run in the foreground before the server is started: the shell would unblock the signals
_SCRIPT = """
trap '' PIPE  # the owner may be gone before it reads the number
home=$1; also=$2; shift 2
"$@" >&2 &
server=$!
echo "$server"
exec >/dev/null 2>&1
read -r _
kill -9 "$server"
wait "$server"
rm -rf -- "$home"
rm -rf -- "${also:?}"*
"""


class Watchdog:
    """A server that lives in `home` and no longer than this process.

    Attributes
    ----------
    pid
        The server's process.
    words
        Pipe with what the server writes to output and errors; it closes when the server ends.
    """

    def __init__(self, command: list[str], home: Path) -> None:
        self._home = home
        self._owner = os.getpid()
        lock = lock_home(home)
        read, self._leash = os.pipe()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _DEAF_TO)
        try:
            self._shell = subprocess.Popen(
                ["/bin/sh", "-c", _SCRIPT, "hpcd4p-watchdog", home, of_process(self._owner), *command],
                stdin=read,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                pass_fds=(lock,),
                # not in the owner's process group: a launcher kills that as a whole
                start_new_session=True,
            )
        except BaseException:
            os.close(self._leash)
            remove_home(home)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.close(read)
            os.close(lock)
        descriptors.hold(self._leash)  # or a forked child would keep its parent's server alive
        self._released = False
        assert self._shell.stdout is not None
        assert self._shell.stderr is not None
        self.words = self._shell.stderr
        with self._shell.stdout as number:
            self.pid = int(number.readline() or 0)

    @property
    def shell_pid(self) -> int:
        """Process of the watchdog itself."""
        return self._shell.pid

    def release(self) -> None:
        """Have it kill the server and remove the directory; returns when both are done."""
        if os.getpid() != self._owner or self._released:
            return
        self._released = True
        self.words.close()
        descriptors.close(self._leash)
        try:
            self._shell.wait(RELEASE_S)
        except subprocess.TimeoutExpired:
            self._shell.kill()
            self._shell.wait()
        if os.path.exists(self._home):
            # somebody killed the watchdog, so the server may live where setpriv is lacking
            if self._server_lives():
                os.kill(self.pid, signal.SIGKILL)
            remove_home(self._home)

    def _server_lives(self) -> bool:
        # by its command line, for the number may belong to another process by now
        try:
            with open(f"/proc/{self.pid}/cmdline", "rb") as file:
                return os.fsencode(self._home) in file.read()
        except OSError:
            return False
