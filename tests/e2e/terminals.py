"""A terminal for the tests: a pty, and what a person would see on it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyte
import pytest

DEADLINE_S = 60.0

LEAVES = b"\x1b[?25h\x1b[?1049l"
"""What gives a terminal its cursor and its screen back."""

COLOURS = re.compile(rb"\x1b\[[0-9;]*(?:3|4|9|10)[0-7][0-9;]*m")
"""Orders for colours."""


class Terminal:
    """A program on a terminal of its own, which is its controlling terminal; a context manager.

    Parameters
    ----------
    mute
        It cannot read what is typed.
    """

    def __init__(
        self,
        words: Sequence[str],
        folder: Path,
        variables: dict[str, str],
        columns: int = 80,
        rows: int = 24,
        mute: bool = False,
    ) -> None:
        self._ours, theirs = pty.openpty()
        self._theirs = theirs
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.written = b""
        """All that the program has written."""
        self._set_size(columns, rows)
        self.before = self.attributes()
        self.process = subprocess.Popen(
            words, cwd=folder, env={"TERM": "xterm-256color", **variables},
            stdin=subprocess.DEVNULL if mute else theirs, stdout=theirs, stderr=theirs,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(1, termios.TIOCSCTTY, 0),
        )  # fmt: skip

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self.hang_up()

    # ---- what is seen

    @property
    def lines(self) -> list[str]:
        """What is on the screen."""
        return [each.rstrip() for each in self.screen.display]

    @property
    def text(self) -> str:
        """The same in one piece."""
        return "\n".join(self.lines)

    def attributes(self) -> list[Any]:
        """Echo, lines and so on."""
        return termios.tcgetattr(self._theirs)

    def is_restored(self) -> bool:
        """Whether the terminal is as it was before the program."""
        return self.attributes() == self.before and self.written.count(LEAVES) >= 1 and not self._is_taken()

    def _is_taken(self) -> bool:
        return self.written.rfind(b"\x1b[?1049h") > self.written.rfind(b"\x1b[?1049l")

    # ---- what is done

    def type(self, keys: str) -> None:
        """Type some keys."""
        os.write(self._ours, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        self.screen.resize(rows, columns)
        self._set_size(columns, rows)

    def hang_up(self) -> None:
        """Take the terminal away; may be called again."""
        for end in (self._theirs, self._ours):
            with suppress(OSError):
                os.close(end)
        self._theirs = self._ours = -1

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    # ---- waiting

    def read(self, wait_s: float = 0.05) -> None:
        """Take in what was written, if anything is within that time."""
        while select.select([self._ours], [], [], wait_s)[0]:
            data = os.read(self._ours, 65536)
            self.written += data
            self._stream.feed(data)
            wait_s = 0.0

    def until(self, what: Callable[[], object], seconds: float = DEADLINE_S) -> None:
        """Wait until `what()` is true."""
        end = time.monotonic() + seconds
        while True:
            self.read()
            if what():
                return
            if time.monotonic() > end:
                pytest.fail(f"did not come so far; status {self.process.poll()}; on the screen:\n{self.text}")

    def shows(self, *words: str) -> None:
        """Wait until all of these are on the screen."""
        self.until(lambda: all(word in self.text for word in words))

    def ends(self) -> int:
        """Wait for the end of the program, and give its status."""
        self.until(lambda: self.process.poll() is not None)
        self.read()
        status: int = self.process.returncode
        return status
