"""The checkpoints of a run, as rank 0 opens and closes them: folder, journal, what to go on from."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcd4p.checkpoint.epochs import Checkpoint
from hpcd4p.checkpoint.folder import Folder
from hpcd4p.checkpoint.identity import differences
from hpcd4p.checkpoint.journal import Journal
from hpcd4p.checkpoint.place import last_sign
from hpcd4p.checkpoint.sealed import open_sealed
from hpcd4p.errors import CheckpointError
from hpcd4p.launch.last_seconds import last_s_of
from hpcd4p.launch.later import why_later
from hpcd4p.launch.restoring import CheckpointPlace, Source, restored, restored_whole
from hpcd4p.launch.survived import Survived
from hpcd4p.logs import module_log
from hpcd4p.record.journalled import JournalSink
from hpcd4p.runtime.execute.signals import Asked
from hpcd4p.runtime.head.file_keeper import HEAD, FileKeeper, loads_fixed
from hpcd4p.runtime.head.going_on import keep
from hpcd4p.runtime.rank.forked_saver import ForkedSaver
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.resumption import Fixed, Restored, Resumption
from hpcd4p.workflow.identity import file_dumper
from hpcd4p.workflow.sentinels import tuple_dumper

if TYPE_CHECKING:
    from hpcd4p.plan.model import Plan
    from hpcd4p.record.sink import OutputSink
    from hpcd4p.record.summary import Summary
    from hpcd4p.runtime.head.head import Head
    from hpcd4p.runtime.sequential import Sequential
    from hpcd4p.runtime.sequential_end import SequentialEnd

_log = module_log(__name__)


class Checkpoints:
    """Those of one run. Rank 0 only.

    Parameters
    ----------
    folder
        Locked.
    interval_s
        Seconds between two; None: `control.cutting` decides.
    by_value
        See `RunSpec`.
    required
        Whether the run is refused if its first checkpoint cannot be made.
    found
        What the run goes on from; None: it begins.
    ranks, died_at
        Of a run that goes on: on how many, and when the one before has left its last sign of life.

    Attributes
    ----------
    secret
        Of the run: all that is kept is sealed with it, so the run that goes on has the same.
    finished
        Whether nothing is left to do.
    stopped
        What has ended the run before.
    refused
        Whether it could not begin, or be kept as required.
    restarts
        How often it goes on from one checkpoint without a newer one.
    sink
        Gets all that leaves the workflow.
    left_s
        Seconds that the last one may take, if more than usual.
    """

    def __init__(
        self,
        folder: Folder,
        interval_s: float | None,
        by_value: bool,
        required: bool = False,
        found: Checkpoint | None = None,
        ranks: int = 1,
        died_at: float = 0.0,
    ) -> None:
        self.folder = folder
        self.secret = folder.key
        self._interval_s = interval_s
        self._by_value = by_value
        self._required = required
        self._found = found
        self.finished = self.refused = False
        self.stopped: BaseException | None = None
        self._survived = Survived()
        self._begun = 0  # the last one that was begun in this process
        self.fixed: Fixed | None = None
        if found is not None:
            self._take(found)
            self._survived.again(found, ranks, died_at)
        self._journal = Journal(folder.journal, self.secret, None if found is None else _end(found))
        self.sink = JournalSink(self._journal, tuple_dumper(by_value))
        self._keeper: FileKeeper | None = None
        self._last: SequentialEnd | None = None
        self.restarts = 0
        self.left_s: Callable[[], float] = float

    def _take(self, found: Checkpoint) -> None:
        """Go on from `found`."""
        self._found = found
        with open_sealed(found.path / HEAD, self.secret, found.epoch, found.digest(HEAD)) as file:
            self.fixed = loads_fixed(file.read())

    @classmethod
    def begin(
        cls, path: Path, identity: dict[str, Any], interval_s: float | None, by_value: bool, required: bool
    ) -> Checkpoints:
        """Those of a new run; raises `CheckpointError`."""
        return cls(Folder.create(path, identity), interval_s, by_value, required)

    @classmethod
    def go_on(
        cls,
        path: Path,
        identity: dict[str, Any],
        interval_s: float | None,
        by_value: bool,
        required: bool,
        anyway: bool,
    ) -> Checkpoints:
        """Those of a run that goes on.

        Raises
        ------
        CheckpointError
            There is nothing to go on from, another run uses it, or it belongs to something else.
        """
        folder = Folder.open(path)
        died_at = last_sign(path)
        folder.lock()
        differs = differences(folder.identity, identity)
        if differs and not anyway:
            raise CheckpointError(
                f"the run of {path} cannot go on, for this is not the same run: {'; '.join(differs)}. "
                "Undo that; or go on all the same with --anyway, if you know that it does not matter"
            )
        found = folder.latest()
        if found is None:
            raise CheckpointError(
                f"{path} has no checkpoint yet: the run ended before the first; remove the folder, and start "
                "it again"
            )
        for reason in found.refused:
            _log.info("%s; going on from the one before", reason)
        folder.back_to(found.epoch)
        return cls(folder, interval_s, by_value, required, found, identity["ranks"], died_at)

    def go_back(self, why: str, ranks: int) -> None:
        """Go on from the newest one in the same process; from the start, if there is none yet.

        Raises
        ------
        CheckpointError
            Those that there are cannot be used.
        """
        if self._keeper is not None:
            self._begun = max(self._begun, self._keeper.epoch)
            self._keeper.close()
        found = self.folder.latest(whole=False)
        if found is not None:
            self._take(found)
        self._survived.here(found, ranks, why)
        self._journal.cut_back(self._journal.begins if found is None else _end(found))
        self._survived.tell(self.sink)

    # ---- for a run

    def collect_for(self, onward: OutputSink) -> JournalSink:
        """The sink of the run, which keeps all that leaves it, and gives it to `onward` at the end."""
        self.sink.onward = onward
        self.sink.later = lambda: why_later(self.folder.path, self._journal.size) if self.can_go_on else ""
        self._survived.tell(self.sink)
        return self.sink

    def sum_up(self, summary: Summary) -> None:
        """Tell the summary of a run that has ended of its checkpoints, and how it has gone on from them."""
        summary.survival = self._survived.survival
        summary.checkpoints = self._survived.survival.figures(summary.elapsed_s)

    def place(self) -> CheckpointPlace:
        """What the other ranks have to know."""
        return CheckpointPlace(str(self.folder.path), self._source())

    def _source(self) -> Source | None:
        found, fixed = self._found, self.fixed
        if found is None or fixed is None:
            return None
        digests = {name: digest for name, (_, digest) in found.manifest["files"].items()}
        older = {
            name: [(each.epoch, each.path, each.digest) for each in files]
            for name, files in found.older().items()
        }
        return Source(
            found.epoch, str(found.path), digests, fixed.drained, fixed.holders, fixed.former, older
        )

    def equip(self, head: Head) -> None:
        """Have the head of a run make checkpoints, and go on from what was found."""
        source = self._source()
        here = restored(head.loop, source, self.secret) if source is not None else None
        head.spec.resume = self._resumption(here)
        required = self._required and self._found is None
        keeper, saver = self._new_keeper(), self._saver(head.loop.plan)
        keep(
            head,
            keeper,
            self._interval_s,
            saver,
            self._last_s,
            self._begun,
            required,
            self._survived.survival,
        )

    def _last_s(self, name: str) -> float:
        return max(last_s_of(name), self.left_s())

    def equip_sequential(self, run: Sequential) -> None:
        """The same for a run in one process."""
        from hpcd4p.runtime.sequential_cuts import SequentialCuts
        from hpcd4p.runtime.sequential_end import SequentialEnd

        source = self._source()
        run.spec.resume = self._resumption(restored_whole(source, self.secret) if source else None)
        codec = Codec(self.secret)
        codec.dumps = tuple_dumper(self._by_value)
        keeper, saver = self._new_keeper(), self._saver(run.plan)
        self._last = last = SequentialEnd(run.clock, self._last_s)
        run.cuts = SequentialCuts(
            run, codec, keeper, saver, self._interval_s, self._required, self._survived.survival, last
        )

    def asked(self, name: str) -> None:
        """A run in one process was asked to end: see `SequentialEnd.asked`."""
        if self._last is None:
            raise Asked(name)
        self._last.asked(name)

    def _resumption(self, here: Restored | None) -> Resumption | None:
        if here is None or self.fixed is None or self._found is None:
            return None
        return Resumption(self._found.epoch, self.fixed, here)

    def _new_keeper(self) -> FileKeeper:
        self._keeper = FileKeeper(
            self.folder,
            self._journal,
            lambda: self.sink.broken,
            lambda row: {"survival": self._survived.survival.with_row(row).as_dict()},
            lambda fixed: pickle.dumps(fixed, protocol=5),
            0 if self._found is None else self._found.bytes_of_all(),
        )
        return self._keeper

    def _saver(self, plan: Plan) -> ForkedSaver:
        return ForkedSaver(0, plan, str(self.folder.path), self.secret, file_dumper(self._by_value))

    def end(self) -> None:
        """The run has ended; what is kept of one that has finished is of no use."""
        if self._last is not None:
            self._last.close()
        if self._keeper is not None:
            self._keeper.close()
        self._journal.close()
        self.finished = self.finished or (self.refused and not self.folder.epochs())
        if self.finished:
            self.folder.remove()
        else:
            self.folder.unlock()

    @property
    def newest(self) -> int:
        """The newest complete one; 0: there is none."""
        return next(iter(self.folder.epochs()), 0)

    @property
    def can_go_on(self) -> bool:
        """Whether there is a complete checkpoint, and something left to do."""
        return not self.finished and bool(self.folder.epochs())


def _end(found: Checkpoint) -> int:
    """Where its outputs end in the journal."""
    end: int = found.manifest["journal"]
    return end
