"""Saves images in a copy of the process, so that the rank goes on at once: the kernel copies what it changes.

One file for each rank and checkpoint. It holds, for each partition, one pickle of the partition's number, its
state as bytes, and what was in line, so that whoever needs one partition makes no other.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from hpcd4p import descriptors
from hpcd4p.errors import CheckpointError
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.rank.imaging import Unsavable, packed
from hpcd4p.wire.reports import Saved
from hpcd4p.wire.resumption import Held, Key

if TYPE_CHECKING:
    from hpcd4p.plan.model import Plan
    from hpcd4p.runtime.execute.instance import Instance
    from hpcd4p.runtime.execute.watch import Watched
    from hpcd4p.runtime.rank.imaging import Image

LOOK_S = 0.02
"""Between two looks whether a copy has ended: nothing waits for it."""

MOST_CHARS = 1000
"""Of the reason why something was not saved."""


class _Copy(NamedTuple):
    """A process that saves."""

    epoch: int
    pid: int
    told: int
    """Descriptor of what it tells."""


class ForkedSaver:
    """See `runtime.rank.cutting.Saver`.

    Parameters
    ----------
    folder
        Of all checkpoints of the run.
    key
        Seals the files.
    dumps
        Pickles elements.
    """

    def __init__(self, rank: int, plan: Plan, folder: str, key: bytes, dumps: Callable[[Any], bytes]) -> None:
        self._rank = rank
        self._plan = plan
        self._folder = folder
        self._key = key
        self._dumps = dumps
        self._watched: dict[int, Watched] = {}
        self._copies: list[_Copy] = []
        self._failed: list[Saved] = []

    def begin(self, instances: Sequence[Instance]) -> None:
        """See `Saver.begin`: note what they have outside themselves, for no image holds that."""
        from hpcd4p.runtime.execute.watch import Watched

        for instance in instances:
            element = instance.plan
            if element.index not in self._watched and instance.pe.stateful is not False:
                self._watched[element.index] = Watched(instance.pe, Clock(), element.caches, own=False)

    def save(self, epoch: int, image: Image) -> None:
        """See `Saver.save`."""
        read, write = os.pipe()
        try:
            pid = os.fork()
        except OSError as error:
            os.close(read)
            os.close(write)
            why_not = f"no process can be started: {error.strerror}"
            self._failed.append(Saved(self._rank, epoch, 0, "", why_not))
            return
        if not pid:
            self._be_copy(epoch, image, write)
        os.close(write)
        self._copies.append(_Copy(epoch, pid, descriptors.hold(read)))

    def _be_copy(self, epoch: int, image: Image, told: int) -> None:
        """Save, tell, and end. Nothing of the run's may happen here any more."""
        said = "!it was ended"
        try:
            gc.disable()  # it would write to all objects, and each page is copied then
            said = self._write(epoch, image)
        except (CheckpointError, Unsavable) as error:
            said = f"!{error}"
        except BaseException as error:  # noqa: BLE001  # user classes: pickling them may raise anything
            said = f"!{type(error).__name__}: {error}"
        finally:
            with suppress(BaseException):
                os.write(told, said.encode(errors="replace")[:MOST_CHARS])
            os._exit(0)

    def _write(self, epoch: int, image: Image) -> str:
        from hpcd4p.checkpoint.durable import part_name
        from hpcd4p.checkpoint.sealed import SealedWriter

        self._refuse_changed()
        path = os.path.join(self._folder, part_name(epoch), file_name(self._rank))
        with SealedWriter(path, self._key, epoch) as file:
            for key, held in packed(image, self._name, self._dumps):
                file.write(pickle.dumps((key, held.state, held.lines), protocol=5))
        assert file.sealed is not None
        return f"{file.sealed.size} {file.sealed.digest}"

    def changed(self) -> bool:
        """See `Saver.changed`."""
        return any(watched.look(0) and not watched.fills for watched in self._watched.values())

    def _refuse_changed(self) -> None:
        """Raise if an element has changed something that is not its own; in the copy, so it costs no time."""
        for element, watched in self._watched.items():
            what = watched.look(0)
            if what and not watched.fills:  # a model that was loaded is loaded again
                raise Unsavable(
                    f"{self._name(element)} cannot be saved: it, or another element, has changed "
                    f"{', '.join(what[:3])}, which is not its own; keep that in attributes (self)"
                )

    def _name(self, element: int) -> str:
        return self._plan.elements[element].name

    def ended(self) -> list[Saved]:
        """See `Saver.ended`."""
        found, self._failed = self._failed, []
        for copy in list(self._copies):
            try:
                pid, status = os.waitpid(copy.pid, os.WNOHANG)
            except ChildProcessError:  # an element has waited for all children of its process
                pid, status = copy.pid, 0
            if pid:
                self._copies.remove(copy)
                found.append(Saved(self._rank, copy.epoch, *self._heard(copy, status)))
        return found

    def _heard(self, copy: _Copy, status: int) -> tuple[int, str, str]:
        said = ""
        if descriptors.ours(copy.told):
            said = os.read(copy.told, 8 * MOST_CHARS).decode(errors="replace")
            descriptors.close(copy.told)
        if said.startswith("!"):
            return 0, "", said[1:]
        if said:
            size, digest = said.split()
            return int(size), digest, ""
        end = os.waitstatus_to_exitcode(status)
        how = signal.Signals(-end).name if end < 0 else f"status {end}"
        return 0, "", f"the process that saved it ended with {how}"

    @property
    def look_s(self) -> float | None:
        """See `Saver.look_s`."""
        return LOOK_S if self._copies or self._failed else None


def file_name(rank: int) -> str:
    """Name of the file of a rank."""
    return f"rank-{rank}"


def read_images(file: Any, wanted: Callable[[Key], bool]) -> Iterator[tuple[Key, Held]]:
    """What a file holds of the partitions that are `wanted`; it was sealed by this run or one before it."""
    while True:
        try:
            key, state, lines = pickle.load(file)
        except EOFError:
            return
        if wanted(key):
            yield key, Held(state, lines)
