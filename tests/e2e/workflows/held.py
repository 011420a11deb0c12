"""Sources that wait for their test; the workflows beside this file import it.

However many ranks work, and however fast they are: a run is not over before its test has let it go on.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from hpcd4p.sources import RangePE

LOOK_S = 0.02


def hold(number: int) -> None:
    """Wait until `number` of a source is due; at once where nobody holds the run.

    E2E_HOLD ("FIRST SECONDS FOLDER", see `harness.Runs.start`): from the number FIRST on, one comes in so
    many seconds, until there is a file ``go-on`` in the folder. What a restart repeats is not held again.
    """
    words = os.environ.get("E2E_HOLD")
    if words is None:
        return
    first, seconds, folder = words.split(" ", 2)
    if number < int(first):
        return
    began, begun_s = _began(Path(folder, "held"), number)
    while time.time() < begun_s + (number - began) * float(seconds) and not Path(folder, "go-on").exists():
        time.sleep(LOOK_S)


def _began(file: Path, number: int) -> tuple[int, float]:
    """The first number that was held, and when."""
    if not file.exists():
        part = file.with_name("held.part")
        part.write_text(str(number))
        part.rename(file)
    return int(file.read_text()), file.stat().st_mtime


class HeldRange(RangePE):
    """A range that is held."""

    def _process(self, inputs):
        for number in self.numbers[self._done :]:
            hold(self._done)
            self._done += 1
            self.write(self.OUTPUT_NAME, number)
