"""Saves images in a copy of the process, so that the rank goes on at once: the kernel copies what it changes.

One file for each rank and checkpoint (`image_file`); of a `KeyedPE` it has what has changed, and refers to
the files before it (`changes`).
"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from hpcd4p import descriptors
from hpcd4p.errors import CheckpointError, NoRoom
from hpcd4p.runtime.clock import Clock
from hpcd4p.wire.cut_reports import Saved

if TYPE_CHECKING:
    from hpcd4p.plan.model import Plan
    from hpcd4p.runtime.execute.instance import Instance
    from hpcd4p.runtime.execute.watch import Watched
    from hpcd4p.runtime.rank.changes import Changes, Since
    from hpcd4p.runtime.rank.image_file import Written
    from hpcd4p.runtime.rank.imaging import Image
    from hpcd4p.wire.resumption import Key

LOOK_S = 0.02
"""Between two looks whether a copy has ended: nothing waits for it."""

MOST_CHARS = 1000
"""Of the reason why something was not saved."""

_WHY_NOT, _NO_ROOM = "!", "="
"""What a copy tells begins so, if it has no file: why, in words."""


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
    dump
        Pickles elements into a file.
    """

    def __init__(
        self, rank: int, plan: Plan, folder: str, key: bytes, dump: Callable[[Any, Written], None]
    ) -> None:
        self._rank = rank
        self._plan = plan
        self._folder = folder
        self._key = key
        self._dump = dump
        self._watched: dict[int, Watched] = {}
        self._copies: list[_Copy] = []
        self._failed: list[Saved] = []
        self._forgets = False

    @cached_property
    def _changes(self) -> Changes:
        from hpcd4p.runtime.rank.changes import Changes

        return Changes()

    def begin(self, instances: Sequence[Instance]) -> None:
        """See `Saver.begin`: note what they have outside themselves, for no image holds that."""
        from hpcd4p.runtime.execute.watch import Watched

        for instance in instances:
            element = instance.plan
            if element.index not in self._watched and instance.pe.stateful is not False:
                self._watched[element.index] = Watched(instance.pe, Clock(), element.caches, own=False)

    def save(self, epoch: int, base: int, image: Image) -> None:
        """See `Saver.save`."""
        since = self._changes.cut(epoch, base, image.instances)
        self._forgets = True
        read, write = os.pipe()
        try:
            with descriptors.copying():
                pid = os.fork()
        except OSError as error:
            os.close(read)
            os.close(write)
            why_not = f"no process can be started: {error.strerror}"
            self._failed.append(Saved(self._rank, epoch, 0, "", why_not))
            return
        if not pid:
            self._be_copy(epoch, image, since, write)
        os.close(write)
        self._copies.append(_Copy(epoch, pid, descriptors.hold(read)))

    def _be_copy(self, epoch: int, image: Image, since: Mapping[Key, Since], told: int) -> None:
        """Save, tell, and end. Nothing of the run's may happen here any more."""
        from hpcd4p.runtime.rank.unsavable import Unsavable

        said = f"{_WHY_NOT}it was ended"
        try:
            gc.disable()  # it would write to all objects, and each page is copied then
            said = self._write(epoch, image, since)
        except NoRoom as error:
            said = f"{_NO_ROOM}{error}"
        except (CheckpointError, Unsavable) as error:
            said = f"{_WHY_NOT}{error}"
        except BaseException as error:  # noqa: BLE001  # user classes: pickling them may raise anything
            said = f"{_WHY_NOT}{type(error).__name__}: {error}"
        finally:
            with suppress(BaseException):
                os.write(told, said.encode(errors="replace")[:MOST_CHARS])
            os._exit(0)

    def _write(self, epoch: int, image: Image, since: Mapping[Key, Since]) -> str:
        from hpcd4p.checkpoint.durable import part_name
        from hpcd4p.checkpoint.sealed import SealedWriter
        from hpcd4p.checkpoint.secret import look_for
        from hpcd4p.runtime.rank.in_turn import in_turn
        from hpcd4p.runtime.rank.saving import Saving, save  # here: a rank that ends soon needs none of it

        self._refuse_changed()
        look_for(self._folder, self._key)
        path = os.path.join(self._folder, part_name(epoch), file_name(self._rank))
        with SealedWriter(path, self._key, epoch) as file:
            saved = save(image, since, Saving(self._dump, self._name, in_turn), file)
        assert file.sealed is not None
        numbers = saved.keyed_bytes, int(saved.refers), *saved.shared
        return " ".join(map(str, (file.sealed.size, file.sealed.digest, *numbers)))

    def changed(self) -> bool:
        """See `Saver.changed`."""
        return any(watched.look(0) and not watched.fills for watched in self._watched.values())

    def _refuse_changed(self) -> None:
        """Raise if an element has changed something that is not its own; in the copy, so it costs no time."""
        from hpcd4p.runtime.rank.unsavable import Unsavable

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
        self._forgets = self._forgets and self._changes.forget()
        for copy in list(self._copies):
            try:
                pid, status, used = os.wait4(copy.pid, os.WNOHANG)
                cpu_s = used.ru_utime + used.ru_stime
            except ChildProcessError:  # an element has waited for all children of its process
                pid, status, cpu_s = copy.pid, 0, 0.0
            if pid:
                self._copies.remove(copy)
                found.append(self._heard(copy, status, cpu_s))
        return found

    def _heard(self, copy: _Copy, status: int, cpu_s: float) -> Saved:
        said, why_not = "", ""
        if descriptors.ours(copy.told):
            said = os.read(copy.told, 8 * MOST_CHARS).decode(errors="replace")
            descriptors.close(copy.told)
        if said.startswith((_WHY_NOT, _NO_ROOM)):
            why_not = said[1:]
        elif said:
            size, digest, *words = said.split()
            keyed_bytes, refers, *shared = map(int, words)
            from hpcd4p.runtime.rank import changes

            saved = changes.Saved(keyed_bytes, bool(refers), frozenset(shared))
            needs = self._changes.saved(copy.epoch, saved)
            return Saved(self._rank, copy.epoch, int(size), digest, needs=needs, cpu_s=cpu_s)
        else:
            end = os.waitstatus_to_exitcode(status)
            how = signal.Signals(-end).name if end < 0 else f"status {end}"
            why_not = f"the process that saved it ended with {how}"
        return Saved(self._rank, copy.epoch, 0, "", why_not, no_room=said.startswith(_NO_ROOM))

    @property
    def look_s(self) -> float | None:
        """See `Saver.look_s`."""
        return LOOK_S if self._copies or self._failed or self._forgets else None


def file_name(rank: int) -> str:
    """Name of the file of a rank."""
    return f"rank-{rank}"
