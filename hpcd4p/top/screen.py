"""The terminal while a page is on it: its other screen, its keys, its size; and as it was afterwards.

Whatever ends the page (a key, a signal, an exception), the terminal has its screen, cursor and echo again.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, NoReturn

from hpcd4p.top.keys import keys_in
from hpcd4p.top.lines import Line
from hpcd4p.top.view import Size

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J"
"""The other screen, no cursor, nothing on it."""
_LEAVE = "\x1b[0m\x1b[?25h\x1b[?1049l"

_SEQUENCE_S = 0.05
"""The rest of a key that sends several bytes comes within this time, over ssh, too."""

_USUAL = Size(80, 24)
"""Of a terminal that does not say."""

INPUT, OUTPUT = 0, 1


class Ended(BaseException):
    """The process was asked to end by a signal: no `Exception`, so that nobody takes it for a failure."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(number)


class Screen:
    """The terminal of the standard streams; a context manager.

    Parameters
    ----------
    paint
        Gives a line as the terminal shows it.
    """

    def __init__(self, paint: Callable[[Line], str]) -> None:
        self._paint = paint
        self._drawn: list[Line] = []
        self._size = _USUAL
        self._before: Any = None
        self._handlers: dict[int, Any] = {}
        self._rest = b""
        self._wake: tuple[int, int] = (-1, -1)
        self._wakeup_before = -1

    # ---- the terminal as it was, and as it is used

    def __enter__(self) -> Screen:
        reads = os.isatty(INPUT)
        self._before = termios.tcgetattr(INPUT) if reads else None
        self._wake = os.pipe()
        for end in self._wake:
            os.set_blocking(end, False)
        self._wakeup_before = signal.set_wakeup_fd(self._wake[1], warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGHUP):
            self._handlers[number] = signal.signal(number, _end)
        self._handlers[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, self._stop)
        self._handlers[signal.SIGWINCH] = signal.signal(signal.SIGWINCH, lambda number, frame: None)
        try:
            self._take()
        except BaseException:
            self._restore()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _restore(self) -> None:
        for number in (signal.SIGINT, *self._handlers):  # a second one must not come between
            self._handlers.setdefault(number, signal.getsignal(number))
            signal.signal(number, signal.SIG_IGN)
        self._give_back()
        signal.set_wakeup_fd(self._wakeup_before)
        for end in self._wake:
            os.close(end)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _take(self) -> None:
        if self._before is not None:
            tty.setcbreak(INPUT, termios.TCSANOW)  # signals by keys stay
        self._write(_ENTER)
        self._drawn = []

    def _give_back(self) -> None:
        with suppress(OSError, Ended):  # the terminal may be gone
            self._write(_LEAVE)
        if self._before is not None:
            with suppress(termios.error, OSError):
                termios.tcsetattr(INPUT, termios.TCSANOW, self._before)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        """Ctrl-Z: the shell gets its terminal, and gives it back with `fg`."""
        self._give_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._take()

    # ---- what is shown

    @property
    def size(self) -> Size:
        """As it is now."""
        with suppress(OSError):
            columns, rows = os.get_terminal_size(OUTPUT)
            if columns and rows:
                return Size(columns, rows)
        return _USUAL

    def draw(self, lines: Sequence[Line]) -> None:
        """Show a page; only lines that have changed are written."""
        parts = []
        size = self.size
        if size != self._size or not self._drawn:
            parts.append("\x1b[0m\x1b[2J")
            self._drawn, self._size = [], size
        for row in range(max(len(lines), len(self._drawn))):
            now = lines[row] if row < len(lines) else ()
            if row >= len(self._drawn) or self._drawn[row] != now:
                parts.append(f"\x1b[{row + 1};1H\x1b[2K{self._paint(now)}")
        self._drawn = list(lines)
        if parts:
            self._write("".join(parts))

    def _write(self, text: str) -> None:
        data = text.encode(sys.stdout.encoding, "replace")
        while data:
            try:
                data = data[os.write(OUTPUT, data) :]
            except BlockingIOError:  # somebody else has made the terminal so
                select.select([], [OUTPUT], [])
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                raise Ended(signal.SIGHUP) from error  # the terminal is gone

    # ---- what is typed

    def keys(self, wait_s: float) -> list[str] | None:
        """Keys that were typed, at the latest after so long; None: nobody can type any more."""
        reads = [INPUT] if self._before is not None else []
        there, _, _ = select.select([*reads, self._wake[0]], [], [], max(0.0, wait_s))
        if self._wake[0] in there:
            with suppress(BlockingIOError):
                os.read(self._wake[0], 4096)
        if INPUT not in there:
            return []
        return self._typed()

    def _typed(self) -> list[str] | None:
        try:
            data = os.read(INPUT, 4096)
        except OSError:  # the terminal is gone
            return None
        if not data:
            return None
        found, self._rest = keys_in(self._rest + data)
        if self._rest and not select.select([INPUT], [], [], _SEQUENCE_S)[0]:
            last, self._rest = keys_in(self._rest, complete=True)
            found += last
        return found


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise Ended(number)
