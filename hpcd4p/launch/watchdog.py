"""The shell that guards a server: parent of the server, at the end of a pipe that the owner holds.

When the pipe closes (the owner closed it, ended, or was killed) it kills the server, and removes the server's
directory, and what else of the run it was told to. Must never know what the server is.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from hpcd4p.launch.guard_shell import REMOVE, GuardShell
from hpcd4p.launch.redis_home import lock_home, remove_home

RELEASE_S = 5.0
"""It needs about 5 ms to kill and remove; a directory on a slow file system gets this long."""

MORTAL = ("setpriv", "--pdeathsig", "KILL")
"""Put before a command: the server dies with the watchdog. util-linux has it since 2.33; without it
only the death of both owner and watchdog by SIGKILL leaves a server behind."""

_SCRIPT = f"""{REMOVE}
trap '' PIPE  # the owner may be gone before it reads the number
home=$1; also=$2; shift 2
"$@" >&2 &
server=$!
echo "$server"
exec >/dev/null 2>&1
read -r _
kill -9 "$server"
wait "$server"
remove "$home" ${{also:+"$also"}}
"""


class Watchdog:
    """A server that lives in `home` and no longer than this process.

    Parameters
    ----------
    also
        Another directory to remove then, if it is there; '': none.

    Attributes
    ----------
    pid
        The server's process.
    words
        Pipe with what the server writes to output and errors; it closes when the server ends.
    """

    def __init__(self, command: list[str], home: Path, also: str = "") -> None:
        self._home = home
        self._owner = os.getpid()
        lock = lock_home(home)
        try:
            words = ["hpcd4p-watchdog", home, also, *command]
            self._shell = GuardShell(_SCRIPT, words, inherited=(lock,), heard=True)
        except BaseException:
            remove_home(home)
            raise
        finally:
            os.close(lock)
        self._released = False
        shell = self._shell.process
        assert shell.stdout is not None
        assert shell.stderr is not None
        self.words = shell.stderr
        with shell.stdout as number:
            self.pid = int(number.readline() or 0)

    @property
    def shell_pid(self) -> int:
        """Process of the watchdog itself."""
        return self._shell.process.pid

    def release(self) -> None:
        """Have it kill the server and remove the directory; returns when both are done."""
        if os.getpid() != self._owner or self._released:
            return
        self._released = True
        self.words.close()
        self._shell.release(RELEASE_S)
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
