"""The file that a record is written into until it is complete: hidden, beside its final name.

HDF5 writes through this object instead of the file system. So it never takes a file lock (they fail on Lustre
and NFS), and the engine handles a full disk: HDF5 that gets an error while it closes a file leaves it open
and crashes the process at exit (seen with HDF5 2.0). So the first error is kept, later writes are dropped,
and the caller that closes the record asks `error`. This file must never import h5py.
"""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import suppress
from pathlib import Path

from hpcd4p import descriptors
from hpcd4p.errors import RecordError
from hpcd4p.processes import made_it

_NAME = re.compile(r"\..+\.(?P<host>[^/]+)-(?P<pid>\d+)-[0-9a-f]{6}\.part")


def sweep(folder: Path, remove: bool = True) -> list[Path]:
    """Remove files that runs of this host left in `folder` when SIGKILL ended them, or only find them.

    A file is removed only if its process is gone *and* its lock is free: in a container the process number
    alone says little.
    """
    leftovers = []
    for left in folder.glob(".*.part"):
        name = _NAME.fullmatch(left.name)
        if name is None or name["host"] != os.uname().nodename:
            continue
        with suppress(OSError):
            if made_it(int(name["pid"]), left.stat().st_mtime):
                continue
            fd = os.open(left, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if remove:
                    left.unlink()
                leftovers.append(left)
            finally:
                os.close(fd)
    return leftovers


class AsideFile:
    """A file object for h5py's `fileobj` driver.

    Parameters
    ----------
    replace
        Replace the file at `path` in the end; for files that are made from others.

    Raises
    ------
    RecordError
        If the folder cannot be written, or `path` exists.
    """

    def __init__(self, path: Path, replace: bool = False) -> None:
        self.path = path
        self._replace = replace
        # random, for processes may have the same number: containers have their own numbers
        mine = f"{os.uname().nodename}-{os.getpid()}-{os.urandom(3).hex()}"
        self.aside = path.with_name(f".{path.name}.{mine}.part")
        self.error: OSError | None = None
        self._at = 0
        self._end = 0
        self._held = descriptors.hold(self._open())

    def _open(self) -> int:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if os.path.lexists(self.path) and not self._replace:
                raise FileExistsError
            sweep(self.path.parent)
            fd = os.open(self.aside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            with suppress(OSError):  # only `sweep` looks at it: where locks fail, nothing is swept
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return fd
        except FileExistsError:
            what = self.path if os.path.lexists(self.path) else self.path.parent
            advice = "records are never overwritten: remove it or choose another name"
            if what != self.path:
                advice = "it is not a folder: choose another one with --results"
            raise RecordError(f"the record of the run cannot be written: {what} exists; {advice}") from None
        except OSError as error:
            if self._replace:
                raise RecordError(f"{self.path} cannot be written: {error.strerror}") from error
            raise RecordError(
                f"the record of the run cannot be written into {self.path.parent}: {error.strerror}; choose "
                "a folder that you may write with --results, or run without a record with --no-record"
            ) from error

    @property
    def _fd(self) -> int:
        """The descriptor of the file; opened anew if user code has closed it (os.closerange)."""
        if not descriptors.ours(self._held):
            self._held = descriptors.hold(os.open(self.aside, os.O_RDWR | os.O_CLOEXEC))
        return self._held

    # ---- methods that HDF5 calls

    def seek(self, offset: int, whence: int = 0) -> int:
        """See `io.RawIOBase.seek`."""
        self._at = offset + (0, self._at, self._end)[whence]
        return self._at

    def tell(self) -> int:
        """See `io.RawIOBase.tell`."""
        return self._at

    def write(self, data: memoryview) -> int:
        """Write all of `data`, or keep the first error and drop it."""
        size = len(data)
        if self.error is None:
            try:
                done = os.pwrite(self._fd, data, self._at)
                while done < size:
                    done += os.pwrite(self._fd, data[done:], self._at + done)
            except OSError as error:
                self.error = error
        self._at += size
        self._end = max(self._end, self._at)
        return size

    def read(self, size: int = -1) -> bytes:
        """See `io.RawIOBase.read`; h5py only looks whether it is there."""
        data = bytearray(max(0, self._end - self._at if size < 0 else size))
        self.readinto(memoryview(data))
        return bytes(data)

    def readinto(self, buffer: memoryview) -> int:
        """Fill all of `buffer`: zeros where nothing was written."""
        size = len(buffer)
        done = 0
        while done < size:
            got = os.preadv(self._fd, [buffer[done:]], self._at + done)
            if not got:
                buffer[done:] = bytes(size - done)
                break
            done += got
        self._at += size
        return size

    def truncate(self, size: int | None = None) -> int:
        """See `io.RawIOBase.truncate`."""
        size = self._at if size is None else size
        if self.error is None:
            try:
                os.ftruncate(self._fd, size)
            except OSError as error:
                self.error = error
        self._end = size
        return size

    def flush(self) -> None:
        """Do nothing: `publish` syncs."""

    # ---- the end

    def publish(self) -> Path:
        """Sync, then give the file its name; gives the name.

        Raises
        ------
        OSError
            The first error of any write, or of the sync.
        """
        if self.error is not None:
            raise self.error
        os.fsync(self._fd)
        path = self.path
        number = 2
        while not self._replace and os.path.lexists(path):  # another run took the name in the meantime
            path = self.path.with_name(f"{self.path.stem}-{number}{self.path.suffix}")
            number += 1
        self.aside.replace(path)
        self._close()
        with suppress(OSError):  # some file systems cannot sync a folder; the file itself is safe
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        return path

    def remove(self) -> None:
        """Remove the file; may be called again."""
        with suppress(OSError):
            self.aside.unlink(missing_ok=True)
        self._close()

    def _close(self) -> None:
        descriptors.close(self._held)
