"""The test suite in parts, several beside each other: each part is a pytest of its own.

    python -m tests.parts --limit 3600 --skipped-to=FOLDER      # what `make unit` says

Each part is a line when it ends; of one that fails all is told. What is not known here is for pytest.
"""

from __future__ import annotations

import argparse
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

ELSEWHERE = "mpi"
"""A folder that something else runs."""

FIRST, LAST = ("unit", "sim", "contract"), ("slurm",)
"""Folders that are one part each; of other folders each file is one. The first compute, all others mostly
wait. A Slurm is started once for all its tests."""

ALONE = ("test_signals.py", "test_waiting.py")
"""Files whose tests say more on a quiet machine: an mpirun gives its ranks 0.3 s to end, and what waiting
costs is measured. They come last, and one by one."""

LANES = 2
"""Parts beside each other, one that computes and one that waits: as many as a small machine has cores."""

ENDS_S = 30.0
"""A part that is told to end gets this long, to end what its tests have started."""

LOOK_S = 0.05


def parts(root: Path) -> list[Path]:
    """Give the parts of `root`: every test is in one of them. First those that compute."""
    found = set()
    for file in root.rglob("test_*.py"):
        folder = file.relative_to(root).parts[0]
        if folder != ELSEWHERE:
            found.add(root / folder if folder in (*FIRST, *LAST) else file)
    order = {root / name: number for number, name in enumerate((*FIRST, "", *LAST))}
    return sorted(found, key=lambda part: (order.get(part, len(FIRST)), part))


class Running(NamedTuple):
    """A part under way, and where its words go."""

    part: Path
    process: subprocess.Popen[bytes]
    output: IO[bytes]


class Ended(NamedTuple):
    """A part that has ended."""

    part: Path
    status: int
    text: str

    @property
    def last(self) -> str:
        """The last line, in which pytest counts."""
        return self.text.strip().rpartition("\n")[2].strip("= ")

    @property
    def has_passed(self) -> bool:
        """Whether all went well; a test may have ended the process with status 0."""
        return self.status == 0 and " in " in self.last


class Lanes:
    """Runs `todo`, parts of `ALONE` when all others have ended.

    The first lane begins with the first part and others with the last: so what computes runs beside what
    waits, for as long as there is some of both.
    """

    def __init__(self, todo: list[Path], lanes: int, words: list[str]) -> None:
        self._todo = deque(part for part in todo if part.name not in ALONE)
        self._alone = deque(part for part in todo if part.name in ALONE)
        self._words = words
        self._running: list[Running | None] = [None] * lanes
        self._kill_at = float("inf")

    def run(self, limit_s: float) -> Iterator[Ended]:
        """Give each part when it has ended; what is under way after `limit_s` is told to end."""
        end = time.monotonic() + limit_s
        while self._begin():
            time.sleep(LOOK_S)
            if time.monotonic() > end:
                end = float("inf")
                self.stop()
            for lane, running in enumerate(self._running):
                if running is None:
                    continue
                if time.monotonic() > self._kill_at:
                    running.process.kill()
                if running.process.poll() is not None:
                    self._running[lane] = None
                    yield _ended(running)

    def left(self) -> list[Path]:
        """What was not begun."""
        return [*self._todo, *self._alone]

    def stop(self, *_: object) -> None:
        """Begin nothing more, and have each part tell where it stands and end."""
        self._kill_at = time.monotonic() + ENDS_S
        for running in filter(None, self._running):
            running.process.send_signal(signal.SIGINT)

    def _begin(self) -> bool:
        """Begin a part in each lane that is free; whether any is under way."""
        for lane, running in enumerate(self._running):
            if running is None and self._kill_at == float("inf") and (part := self._next(lane)):
                self._running[lane] = _begun(part, self._words)
        return any(self._running)

    def _next(self, lane: int) -> Path | None:
        if self._todo:
            return self._todo.pop() if lane else self._todo.popleft()
        return self._alone.popleft() if self._alone and not any(self._running) else None


def _begun(part: Path, words: list[str]) -> Running:
    output = tempfile.TemporaryFile()  # noqa: SIM115  # until it has ended
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "pytest", "-q", *words, str(part)],  # what is killed has told so far
        stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0,
    )  # fmt: skip
    return Running(part, process, output)


def _ended(running: Running) -> Ended:
    with running.output as output:
        output.seek(0)
        text = output.read().decode(errors="replace")
    return Ended(running.part, running.process.returncode, text)


def clock(seconds: float) -> str:
    """Give minutes and seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def main(words: list[str], root: Path = Path("tests")) -> int:
    """Give 0 if every part was run and has passed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lanes", type=int, default=LANES)
    parser.add_argument("--limit", type=float, default=3600.0, metavar="SECONDS", help="for all of them")
    asked, rest = parser.parse_known_args(words)
    lanes = Lanes(parts(root), asked.lanes, rest)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lanes.stop)
    began, counts, failed = time.monotonic(), Counter[str](), []
    for ended in lanes.run(asked.limit):
        if not ended.has_passed:
            failed.append(ended.part)
            print(f"\n{ended.text}\n{ended.part} ended with status {ended.status}", flush=True)
        print(f"{clock(time.monotonic() - began):>6}  {ended.part}: {ended.last}", flush=True)
        counts.update({word: int(count) for count, word in re.findall(r"(\d+) ([a-z]+)", ended.last)})
    told = ", ".join(f"{count} {word}" for word, count in counts.items())
    print(f"\n{told} in {clock(time.monotonic() - began)}")
    for what, which in (("failed", failed), ("was not begun", lanes.left())):
        for part in which:
            print(f"{part} {what}")
    return int(bool(failed or lanes.left()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
