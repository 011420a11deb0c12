"""What runs that were killed have left on this node, and its removal.

Only things that are this user's, at least a minute old, and of no living process: the process in its name is
gone (or its number is another's by now), its lock is free, and no process uses a file of it. A run removes by
itself what is cheap to find (`sweep_quietly`, and each kind when the next one is made); `hpcd4p doctor
--clean` removes all.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from hpcd4p.launch.blocks_folder import PREFIX, SHARED_MEMORY
from hpcd4p.launch.redis_home import places, sweep_homes
from hpcd4p.processes import made_it, places_of, used
from hpcd4p.record import aside

AGE_S = 60.0
"""Younger things may belong to a run that is starting, and has not locked or mapped them yet."""

QUIET_S = 1.0
"""Time after the start of a run, which must not be disturbed."""

RECORD, REDIS, NOTE, CALL = "unfinished record", "folder of a Redis", "note of a launcher", "call from Python"
BARREN = "run without a checkpoint"
STATUS = "status of a dead run"
SESSION, SHARED = "session of an MPI", "shared memory of an MPI"
BLOCKS = "arrays in shared memory"

_HOST = re.escape(os.uname().nodename)
_SEGMENT = re.compile(rf"(sm_segment|vader_segment)\.{_HOST}\..+|mpich_shm_[0-9a-f]+_\d+")
_SESSION = re.compile(r"(?:ompi|prte|prted|prterun)\.(?P<pid>\d+)")
_OLD_SESSIONS = re.compile(rf"ompi\.{_HOST}\.\d+")
"""A folder for all; with one for each mpirun of Open MPI 4 in it, and of ranks that have none (jf.N)."""
_OLD_SESSION = re.compile(r"pid\.(?P<pid>\d+)|jf\.\d+")
_LIBRARY = "libopen-pal"
"""Of Open MPI. What is named after no process stays as long as one lives that may have made it."""
_BLOCKS = re.compile(rf"{re.escape(PREFIX)}{_HOST}-(?P<pid>\d+)-.+")
_MINE = re.compile(rf"\.?hpcd4p-(?P<kind>call|doctor|status)-{_HOST}-(?P<pid>\d+)-.+")


def mark(kind: str) -> str:
    """The begin of a name by which a thing is found again if this process is killed."""
    return f"hpcd4p-{kind}-{os.uname().nodename}-{os.getpid()}-"


class Leftover(NamedTuple):
    """A thing that nobody needs."""

    kind: str
    path: Path

    @property
    def size(self) -> int:
        """Bytes."""
        files = [self.path, *(self.path.rglob("*") if self.path.is_dir() else ())]
        return sum(_size(file) for file in files)


def find(results: Iterable[Path], scratch: Path | None = None) -> list[Leftover]:
    """Leftovers in folders of records (`results`), in this folder, and where temporary files are."""
    bases = [Path(base) for base in places(scratch)]
    leftovers = [Leftover(RECORD, path) for folder in results for path in _records(folder.absolute())]
    leftovers += [Leftover(BARREN, path) for folder in results for path in _barren(folder.absolute())]
    leftovers += [Leftover(STATUS, path) for folder in results for path in _dead(folder.absolute())]
    leftovers += [Leftover(REDIS, path) for base in bases for path in sweep_homes(base, remove=False)]
    leftovers += _free(_named([Path.cwd(), *bases]))
    return list(dict.fromkeys(leftovers))


def remove(leftovers: Iterable[Leftover]) -> list[Leftover]:
    """Remove leftovers that are still unused; gives those that were removed."""
    gone = []
    for left in leftovers:
        folder = left.path.parent
        if left.kind == RECORD:
            aside.sweep(folder)
        elif left.kind == BARREN:
            from hpcd4p.checkpoint.barren import remove_barren

            remove_barren(left.path)
        elif left.kind == STATUS:
            from hpcd4p.live.file import remove_folder

            remove_folder(left.path)
        elif left.kind == REDIS:
            sweep_homes(folder)
        elif left.path.is_dir() and not left.path.is_symlink():
            shutil.rmtree(left.path, ignore_errors=True)
        else:
            with suppress(OSError):
                left.path.unlink()
        if not os.path.lexists(left.path):
            gone.append(left)
            with suppress(OSError):
                if _OLD_SESSIONS.fullmatch(folder.name):
                    folder.rmdir()  # if it was the last
    return gone


def sweep_quietly() -> None:
    """Remove what earlier runs have left of MPI on this node, while this process waits for one."""

    def sweep() -> None:
        with suppress(OSError):
            # not tempfile.gettempdir(), which writes a file there: it stays if the run ends at that moment
            remove(_free(_named([Path.cwd(), Path(places(None)[0])])))

    timer = threading.Timer(QUIET_S, sweep)
    timer.daemon = True
    timer.start()


def _records(folder: Path) -> Iterator[Path]:
    """Of a folder and those in it: a study has one for each attempt."""
    for inner in {folder, *(part.parent for part in folder.rglob(".*.part"))} if folder.is_dir() else ():
        yield from aside.sweep(inner, remove=False)


def _barren(folder: Path) -> Iterator[Path]:
    from hpcd4p.checkpoint.barren import barren

    return barren(folder, AGE_S)


def _dead(folder: Path) -> Iterator[Path]:
    """What runs of this user have told that are dead, or have ended without a record."""
    from hpcd4p.live.found import FoundRun, Life, runs_in

    for run in runs_in(folder, below=True):
        if not isinstance(run, FoundRun) or run.life not in (Life.DEAD, Life.ENDED):
            continue
        if run.silent_s > AGE_S and run.document.run.user == os.getuid():
            yield run.folder


def _named(folders: Iterable[Path]) -> Iterator[tuple[Leftover, int]]:
    """What is there by its name, and the process that made it; 0: its name does not say."""
    for entry in _entries(Path(SHARED_MEMORY)):
        if _SEGMENT.fullmatch(entry.name):
            yield Leftover(SHARED, Path(entry.path)), 0
        elif named := _BLOCKS.fullmatch(entry.name):
            yield Leftover(BLOCKS, Path(entry.path)), int(named["pid"])
    for folder in dict.fromkeys(folders):
        for entry in _entries(folder):
            if named := _SESSION.fullmatch(entry.name):
                yield Leftover(SESSION, Path(entry.path)), int(named["pid"])
            elif named := _MINE.fullmatch(entry.name):
                yield (
                    Leftover(NOTE if named["kind"] == "status" else CALL, Path(entry.path)),
                    int(named["pid"]),
                )
            elif _OLD_SESSIONS.fullmatch(entry.name):
                for inner in _entries(Path(entry.path)):
                    if named := _OLD_SESSION.fullmatch(inner.name):
                        yield Leftover(SESSION, Path(inner.path)), int(named["pid"] or 0)


def _free(named: Iterable[tuple[Leftover, int]]) -> list[Leftover]:
    """Those that are old, this user's, and not in use."""
    aged = []
    for left, pid in named:
        try:
            status = left.path.lstat()
        except OSError:
            continue
        old = time.time() - status.st_mtime > AGE_S
        if old and status.st_uid == os.getuid() and not (pid and made_it(pid, status.st_mtime)):
            aged.append(left)
    busy = used(str(left.path) for left in aged)
    if any(_of_anybody(left) for left in aged):
        taken = places_of(_LIBRARY)
        busy |= {str(left.path) for left in aged if _of_anybody(left) and str(left.path.parents[1]) in taken}
    return [left for left in aged if str(left.path) not in busy]


def _of_anybody(left: Leftover) -> bool:
    return left.path.name.startswith("jf.")


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
