"""Pictures of `hpcd4p top` for the documents, of a real run: ``python -m tests.e2e.top_pictures [FOLDER]``.

One of the run under way, one of its replay, as SVG; both as text on the standard output.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hpcd4p.live.found import FoundRun, runs_in
from hpcd4p.record.reader import read_record
from hpcd4p.top.lines import plain
from hpcd4p.top.paint import picture
from hpcd4p.top.recorded import read
from hpcd4p.top.replay import Replay
from hpcd4p.top.view import Size
from hpcd4p.top.watch import Viewer
from hpcd4p.top.watched import WatchedRun
from tests.e2e.conftest import clean_environment

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"

RUN = ("-n", "6", "-i", "9000", "--task-ms", "12", "--checkpoint", "5")

SIZE = Size(84, 24)

WATCHED_S = 32.0
"""About so many cells of each rank are filled."""

AT = 0.6
"""Part of the run at which its replay is shown."""


def main(folder: Path) -> None:
    """Make them."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as there:
        workflow = ROOT / "tests" / "e2e" / "workflows" / "survivor.py"
        words = [sys.executable, "-m", "hpcd4p", "run", str(workflow), *RUN, "-q"]
        environ = clean_environment() | {"PYTHONPATH": str(ROOT)}
        run = subprocess.Popen(words, cwd=there, env=environ, stdout=subprocess.DEVNULL)
        try:
            results = Path(there) / "results"
            viewer = WatchedRun(_found(results, run), lambda path: viewer)
            end = time.monotonic() + WATCHED_S
            while (now := time.monotonic()) < end:
                viewer.look(now)
                time.sleep(viewer.every_s)
            _save(viewer, folder / "top.svg", "hpcd4p top")
        finally:
            run.wait()
        (path,) = results.glob("*.h5")
        with read_record(path) as record:
            recorded = read(record)
        recorded.path = str(path.relative_to(there))
        replay = Replay(recorded, recorded.elapsed_s * AT)
        for now in (0.0, 1.0):
            replay.look(now)
        _save(replay, folder / "top-replay.svg", f"hpcd4p top {recorded.path}")


def _found(results: Path, run: subprocess.Popen[bytes]) -> FoundRun:
    while run.poll() is None:
        for each in runs_in(results):
            if isinstance(each, FoundRun):
                return each
        time.sleep(0.1)
    raise SystemExit(f"the run has ended, with {run.returncode}, before it told anything")


def _save(viewer: Viewer, path: Path, title: str) -> None:
    lines = viewer.lines(SIZE)
    print("\n".join(plain(each).rstrip() for each in lines), end="\n\n")
    path.write_text(picture(lines, SIZE.columns, title), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)
