"""The checkpoints of a run, as rank 0 opens and closes them: folder, journal, what to go on from."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcd4p.errors import CheckpointError
from hpcd4p.launch.checkpoint_files import CheckpointFiles, end_of, files_to_go_on
from hpcd4p.launch.restoring import CheckpointPlace, Source, restored, restored_whole
from hpcd4p.launch.survived import Survived
from hpcd4p.logs import module_log
from hpcd4p.record.journalled import JournalSink
from hpcd4p.runtime.execute.signals import Asked
from hpcd4p.wire.resumption import Fixed, Restored, Resumption
from hpcd4p.workflow.identity import file_dumper
from hpcd4p.workflow.sentinels import tuple_dumper

if TYPE_CHECKING:
    from hpcd4p.checkpoint.epochs import Checkpoint
    from hpcd4p.plan.model import Plan
    from hpcd4p.record.sink import OutputSink
    from hpcd4p.record.summary import Summary
    from hpcd4p.record.survival import Survival
    from hpcd4p.runtime.head.cutter import Cutter
    from hpcd4p.runtime.head.file_keeper import FileKeeper
    from hpcd4p.runtime.head.head import Head
    from hpcd4p.runtime.rank.forked_saver import ForkedSaver
    from hpcd4p.runtime.sequential import Sequential
    from hpcd4p.runtime.sequential_end import SequentialEnd

_log = module_log(__name__)


class Checkpoints:
    """Those of one run. Rank 0 only.

    Parameters
    ----------
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
        files: CheckpointFiles,
        interval_s: float | None,
        by_value: bool,
        required: bool = False,
        found: Checkpoint | None = None,
        ranks: int = 1,
        died_at: float = 0.0,
    ) -> None:
        self.files = files
        self.secret = files.secret
        self._interval_s = interval_s
        self._by_value = by_value
        self._required = required
        self._found = found
        self.finished = self.refused = self._lost = False
        self.stopped: BaseException | None = None
        self._survived = Survived()
        self._begun = 0  # the last one that was begun in this process
        self.fixed: Fixed | None = None
        if found is not None:
            self._take(found)
            self._survived.again(found, ranks, died_at)
        self.sink = JournalSink(files.held, tuple_dumper(by_value), found is not None)
        self._writer: FileKeeper | None = None
        self._last: SequentialEnd | None = None
        self.restarts = 0
        self.left_s: Callable[[], float] = float

    def _take(self, found: Checkpoint) -> None:
        """Go on from `found`."""
        from hpcd4p.checkpoint.sealed import open_sealed
        from hpcd4p.runtime.head.file_keeper import HEAD, loads_fixed

        self._found = found
        with open_sealed(found.path / HEAD, self.secret, found.epoch, found.digest(HEAD)) as file:
            self.fixed = loads_fixed(file.read())

    @classmethod
    def begin(
        cls, path: Path, identity: dict[str, Any], interval_s: float | None, by_value: bool, required: bool
    ) -> Checkpoints:
        """Those of a new run; raises `CheckpointError`."""
        from hpcd4p.checkpoint.folder import Folder

        files = CheckpointFiles(path, identity, Folder.create(path, identity))
        return cls(files, interval_s, by_value, required)

    @classmethod
    def begin_later(cls, path: Path, identity: dict[str, Any], by_value: bool) -> Checkpoints:
        """Those of a new run that may be over before the first: nothing is made until it is worth it."""
        return cls(CheckpointFiles(path, identity), None, by_value)

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
        """Those of a run that goes on; raises as `files_to_go_on` does."""
        files, found, died_at = files_to_go_on(path, identity, anyway)
        return cls(files, interval_s, by_value, required, found, identity["ranks"], died_at)

    def go_back(self, why: str, ranks: int, worked_s: float) -> None:
        """Go on from the newest one in the same process; from the start, if there is none yet.

        Raises
        ------
        CheckpointError
            Those that there are cannot be used.
        """
        files = self.files
        if self._writer is not None:
            self._begun = max(self._begun, self._writer.epoch)
            self._writer.close()
        found = files.folder.latest(whole=False)
        if found is not None:
            self._take(found)
        self._survived.here(found, ranks, why, worked_s)
        files.journal.cut_back(files.journal.begins if found is None else end_of(found))
        self.sink.restart()
        self._survived.tell(self.sink)

    # ---- for a run

    def collect_for(self, onward: OutputSink) -> JournalSink:
        """The sink of the run, which keeps all that leaves it, and gives it to `onward`."""
        self.sink.onward = onward
        self.sink.later = self._why_later
        self.sink.kept = self._what_is_kept
        self.sink.on_broken = self.files.give_room
        self._survived.tell(self.sink)
        return self.sink

    def _why_later(self) -> str:
        from hpcd4p.launch.later import why_later

        return why_later(self.files.path, self.files.journal.size) if self.can_go_on else ""

    def _what_is_kept(self) -> str:
        from hpcd4p.launch.later import what_is_kept

        kept = what_is_kept(self.files, not self.sink.broken)
        self._lost = not kept
        return kept

    @property
    def survival(self) -> Survival:
        """What is known so far of checkpoints, and of how the run has gone on from them."""
        return self._survived.survival

    def sum_up(self, summary: Summary) -> None:
        """Tell the summary of a run that has ended of its checkpoints, and how it has gone on from them."""
        summary.survival = self._survived.survival
        summary.checkpoints = self._survived.survival.figures(summary.elapsed_s)

    def place(self) -> CheckpointPlace:
        """What the other ranks have to know."""
        return CheckpointPlace(str(self.files.path), self.files.are_there, self._source())

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
        from hpcd4p.runtime.head.late_cutter import LateCutter, prepare

        source = self._source()
        here = restored(head.loop, source, self.secret) if source is not None else None
        head.spec.resume = self._resumption(here)
        prepare(head, self._saver(head.loop.plan), self._last_s)
        make = partial(self._cutter, head)
        head.coordinator.cutter = make() if self.files.are_there else LateCutter(head, make)

    def _cutter(self, head: Head) -> Cutter:
        from hpcd4p.runtime.head.going_on import cutter_of

        required = self._required and self._found is None
        try:
            writer = self._new_writer()
        except CheckpointError as error:
            self.survival.none_because(str(error))
            raise
        return cutter_of(head, writer, self._interval_s, self._begun, required, self.survival)

    def _last_s(self, name: str) -> float:
        from hpcd4p.launch.last_seconds import last_s_of

        return max(last_s_of(name), self.left_s())

    def equip_sequential(self, run: Sequential) -> None:
        """The same for a run in one process."""
        from hpcd4p.launch.late_keeper import LateKeeper
        from hpcd4p.runtime.sequential_cuts import SequentialCuts
        from hpcd4p.runtime.sequential_end import SequentialEnd
        from hpcd4p.wire.codec import Codec

        source = self._source()
        run.spec.resume = self._resumption(restored_whole(source, self.secret) if source else None)
        codec = Codec(self.secret)
        codec.dumps = tuple_dumper(self._by_value)
        keeper = self._new_writer() if self.files.are_there else LateKeeper(self._new_writer)
        saver = self._saver(run.plan)
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

    def _new_writer(self) -> FileKeeper:
        import pickle

        from hpcd4p.runtime.head.file_keeper import FileKeeper

        self._writer = FileKeeper(
            self.files.folder,
            self.files.journal,
            lambda: self.sink.broken,
            lambda row: {"survival": self._survived.survival.with_row(row).as_dict()},
            lambda fixed: pickle.dumps(fixed, protocol=5),
            0 if self._found is None else self._found.bytes_of_all(),
        )
        return self._writer

    def _saver(self, plan: Plan) -> ForkedSaver:
        from hpcd4p.runtime.rank.forked_saver import ForkedSaver

        return ForkedSaver(0, plan, str(self.files.path), self.secret, file_dumper(self._by_value))

    def end(self) -> None:
        """The run has ended; what is kept of one that has finished is of no use."""
        if self._last is not None:
            self._last.close()
        if self._writer is not None:
            self._writer.close()
        self.finished = self.finished or ((self.refused or self._lost) and not self.files.epochs)
        self.files.end(remove=self.finished)

    @property
    def newest(self) -> int:
        """The newest complete one; 0: there is none."""
        return next(iter(self.files.epochs), 0)

    @property
    def can_go_on(self) -> bool:
        """Whether there is a complete checkpoint, and something left to do."""
        return not self.finished and self.newest > 0
