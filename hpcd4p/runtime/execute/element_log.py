"""What elements say, by `self.log` and by `logging`: shown at once, and kept for the record within limits.

`self.log` is shown on the standard output by the rank that runs the element. For the record, lines
travel with the commits of their rank, many at a time, as dead letters do; the head keeps them
(`record.element_lines`). Any thread may say something; the loop of the rank sends it.
"""

from __future__ import annotations

import sys
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hpcd4p import logs
from hpcd4p.runtime.clock import Clock
from hpcd4p.wire.codec import LETTER, about
from hpcd4p.workflow.generic import spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hpcd4p.runtime.execute.instance import Instance
    from hpcd4p.wire.codec import Codec
    from hpcd4p.wire.messages import Commit
    from hpcd4p.workflow.generic import GenericPE

SAID = "said"
"""First word of a letter with lines."""

LINES_PER_S = (100.0, 2000.0)
"""Lines kept for the record per second, on average: of a rank, and of all ranks. An element that logs more
logs per tuple; and the head, which reads all lines, has a run to lead."""

MOST_LINES = 1000
"""Lines of a rank in one burst, with up to 20 ranks (fewer with more): at most so many wait to be sent."""

MOST_CHARS = 2000
"""Characters of a line in the record."""

SEND_S = 0.5
"""Between two batches of a rank."""

SHOW_S = 0.05
"""A line after so long a silence is shown at once; when there are many, they are shown when a buffer is full
and when a batch is sent."""

Row = tuple[float, int, str, int, str, str]
"""Seconds since the start, rank, element, partition, level, text."""


class ElementLog:
    """Lines that the elements of one rank have logged and that are not sent to the head yet.

    Parameters
    ----------
    clock
        Of the run.
    size
        Ranks of the run.
    """

    def __init__(self, rank: int, clock: Clock, size: int = 1) -> None:
        self._rank = rank
        self._per_s = lines_per_s(size)
        self._most = max(1, int(MOST_LINES * self._per_s / LINES_PER_S[0]))
        self._clock = clock
        self._rows: deque[Row] = deque()
        self._room = float(self._most)
        self._room_at = clock.started
        self._left_out: dict[int, int] = {}
        """Lines left out so far, by thread."""
        self._left_out_sent = 0
        self._sent_at = clock.started - SEND_S
        self._shown_at = clock.started - SHOW_S
        self._end_capture: Callable[[], None] | None = None

    def say(self, instance: Instance, pe: GenericPE, text: str) -> None:
        """Take what `self.log` of an element was given: show it, and keep it."""
        if not logs.quiet():
            sys.stdout.write(logs.over_progress(spoken(pe, text), output=True) + "\n")
            now = self._clock.now()
            if now - self._shown_at > SHOW_S:
                self._flush()
            self._shown_at = now
        self.keep(instance, "INFO", text)

    def keep(self, instance: Instance, level: str, text: str) -> None:
        """Keep a line of an element for the record, if there is room."""
        now = self._clock.now()
        self._room = min(self._most, self._room + (now - self._room_at) * self._per_s)
        self._room_at = now
        if self._room < 1 or len(self._rows) >= self._most:
            from _thread import get_ident

            thread = get_ident()  # each counts its own: two threads that add to one number may lose a count
            self._left_out[thread] = self._left_out.get(thread, 0) + 1
            return
        self._room -= 1
        self._rows.append(
            (now - self._clock.started, self._rank, instance.plan.name, instance.partition, level, _cut(text))
        )

    def keep_all(self, rows: Iterable[Row], left_out: int) -> None:
        """Add lines that another process has logged in the place of this rank."""
        room = max(0, self._most - len(self._rows))
        rows = list(rows)
        self._rows.extend(rows[:room])
        self._left_out[0] = self._left_out.get(0, 0) + left_out + len(rows[room:])

    def attend(self) -> None:
        """Capture `logging` from now on, if it has been imported and this is a run."""
        if self._end_capture is None and logs.speaker and "logging" in sys.modules:
            from hpcd4p.runtime.execute.element_logging import capture

            self._end_capture = capture(self.keep, self._rank, logs.setup.level)

    def close(self) -> None:
        """Leave `logging` as it was."""
        if self._end_capture is not None:
            self._end_capture()
            self._end_capture = None

    # ---- on its way

    @property
    def waits(self) -> bool:
        """Whether there is something to take."""
        if self._rows:
            return True
        return bool(self._left_out) and sum(list(self._left_out.values())) > self._left_out_sent

    def take(self) -> tuple[list[Row], int]:
        """Lines since the last call, and how many more were left out."""
        self.attend()
        rows = [self._rows.popleft() for _ in range(len(self._rows))]
        before, self._left_out_sent = self._left_out_sent, sum(list(self._left_out.values()))
        return rows, self._left_out_sent - before

    def post(self, commit: Commit, codec: Codec, now: float | None = None) -> None:
        """Send the waiting lines with `commit`, if a batch is due at `now` (None: in any case)."""
        if now is not None and now - self._sent_at < SEND_S:
            return
        if now is not None:
            self._sent_at = now
            self.attend()
        if self.waits:
            self._flush()
            commit.dead.append(codec.seal((SAID, *self.take()), about(LETTER)))

    @staticmethod
    def _flush() -> None:
        with suppress(OSError, ValueError, AttributeError):  # it may be closed, or be something of the user's
            sys.stdout.flush()


def _cut(text: Any) -> str:
    text = str.__str__(text)  # not a subclass of it
    return text if len(text) <= MOST_CHARS else f"{text[:MOST_CHARS]}... ({len(text):,} characters)"


def lines_per_s(size: int) -> float:
    """Lines that are kept of each of `size` ranks, in a second on average."""
    return min(LINES_PER_S[0], LINES_PER_S[1] / size)
