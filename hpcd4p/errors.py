"""Every error that hpcd4p raises on purpose; each says what, where, and what to do.

The tree::

    Hpcd4pError
    ├── UsageError              the user can mend it: exit status 2
    │   ├── WorkflowError       the graph or an element of it (carries every problem found)
    │   ├── InputError          the inputs given with -i, -d, -f or from Python
    │   ├── SettingsError       an option, a HPCD4P_ variable or a TOML key
    │   ├── KeyHashError        a key that cannot be given a partition
    │   ├── TupleTooLargeError  a tuple that cannot go through Redis
    │   ├── RedisSetupError     no Redis, wrong address, wrong password, too old
    │   ├── MpiSetupError       no MPI, or one that does not start
    │   ├── MissingPackage      a package that this Python cannot import
    │   ├── RecordError         a record that cannot be written or read
    │   │   └── RecordNotWritten      that of a run; what came out may still be kept
    │   ├── LiveError           a run whose status cannot be told
    │   └── CheckpointError     checkpoints that cannot be used
    │       ├── CheckpointInUse       another run works with them
    │       ├── CheckpointNotWritten  no room, say; while a run goes on it is a warning
    │       │   └── NoRoom            its disk is full, or nearly so
    │       └── SealBroken            a file of one is not as it was written
    │           ├── SealForeign       it is whole, but of another run, epoch or rank
    │           ├── OtherVersion      it has a format that this hpcd4p does not know
    │           └── NotSealed         it is something else
    └── RunStopped              the run ended before the work was done
        ├── TooManyFailures     the limit on dead letters was passed: exit status 1
        ├── ElementFailed       `preprocess` of an element raised: exit status 1
        ├── Interrupted         a signal or the time limit: exit status 3
        ├── RankLost            a rank that the run cannot do without died: exit status 3
        ├── ForeignBytesError   somebody else writes to the Redis of the run: exit status 3
        ├── LauncherLost        mpirun went away: exit status 3
        └── BrokerLost          the Redis of the run went away: exit status 3
            ├── BrokerRefused   it is there, but refused a command (out of memory, say)
            └── HeadLost        it is there, but rank 0 is not (a shared Redis)

This file must never import anything but the standard library.
"""

from __future__ import annotations

import sys


class Hpcd4pError(Exception):
    """Root of all errors that hpcd4p raises on purpose."""

    #: exit status of the command line
    status = 2


class UsageError(Hpcd4pError):
    """Something that the user can mend before starting again."""


MOST_PROBLEMS = 20
"""Problems of a workflow that are told; in one of thousands of elements most are alike."""


class WorkflowError(UsageError):
    """A workflow that cannot run; `problems` lists every reason found, one sentence each."""

    def __init__(self, problems: list[str], where: str = "") -> None:
        self.problems = list(problems)
        self.where = where
        head = f"{where}: " if where else ""
        if len(self.problems) == 1:
            text = head + self.problems[0]
        else:
            lines = "".join(f"\n  - {p}" for p in self.problems[:MOST_PROBLEMS])
            if len(self.problems) > MOST_PROBLEMS:
                lines += f"\n  ... and {len(self.problems) - MOST_PROBLEMS:,} more"
            text = f"{head}{len(self.problems)} problems in the workflow:{lines}"
        super().__init__(text)

    def __reduce__(self) -> tuple[type, tuple[list[str], str]]:
        return type(self), (self.problems, self.where)


class InputError(UsageError):
    """Inputs that do not fit the workflow."""


class SettingsError(UsageError):
    """An option, environment variable or configuration key that is unknown or out of range."""


class KeyHashError(UsageError):
    """A key of a group-by that has no stable hash; names the element and the type of the key."""


class TupleTooLargeError(UsageError):
    """A tuple for an element of the pool that is larger than Redis should hold."""


class RedisSetupError(UsageError):
    """The Redis server of the run cannot be started or used."""


class MpiSetupError(UsageError):
    """No usable MPI."""


class MissingPackage(UsageError):
    """A package that this Python cannot import: it is not there, or broken.

    Made by `hpcd4p.packages`, which knows what each is for; `why` is what Python said.
    """

    def __init__(self, package: str, purpose: str, why: str) -> None:
        self.package = package
        self.purpose = purpose
        self.why = why
        super().__init__(
            f"{sys.executable} cannot import {package}, which is needed {purpose}: {why}. Install it "
            f"for this Python ({sys.executable} -m pip install --force-reinstall {package}, or with conda); "
            "`python -m hpcd4p doctor` tries every part"
        )

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return type(self), (self.package, self.purpose, self.why)


class RecordError(UsageError):
    """A run record that cannot be written or read."""


class RecordNotWritten(RecordError):
    """The record of a run cannot be written.

    Parameters
    ----------
    what
        What has happened, and where.
    lost
        What has become of the outputs.
    room
        What is left there, in brackets; may be empty.
    """

    def __init__(self, what: str, lost: str, room: str) -> None:
        super().__init__(f"{what}; {lost}{room}. {_OTHER_RESULTS}, and run again")
        self._what, self._room = what, room

    def but(self, kept: str) -> str:
        """The message where the outputs are not lost."""
        return f"{self._what}; {kept}{self._room}. {_OTHER_RESULTS}"


_OTHER_RESULTS = "Make room there, or choose another folder with --results"


class LiveError(UsageError):
    """The status of a run cannot be told: there is none, it cannot be read, or is of another version."""


class CheckpointError(UsageError):
    """Checkpoints that cannot be used: they are gone, damaged, or not those of this run."""


class CheckpointInUse(CheckpointError):
    """Another run works with these checkpoints."""


class CheckpointNotWritten(CheckpointError):
    """A file of a checkpoint could not be written; a run that is under way goes on without."""


class NoRoom(CheckpointNotWritten):
    """... since its disk is full, or nearly so."""


class SealBroken(CheckpointError):
    """A file of a checkpoint is not as it was written: nothing in it has been unpickled."""


class SealForeign(SealBroken):
    """A file of a checkpoint is whole, but of another run, epoch or rank."""


class OtherVersion(SealBroken):
    """A file of a checkpoint has a format that this hpcd4p does not know."""


class NotSealed(SealBroken):
    """What should be a file of a checkpoint is something else."""


class RunStopped(Hpcd4pError):
    """The run ended before the work was done."""

    status = 3

    #: what was done until then (a `hpcd4p.record.summary.Summary`), so that the record tells it
    summary: object | None = None


class TooManyFailures(RunStopped):
    """More tuples failed than `max_dead_letters` allows, or an element fails for every tuple."""

    status = 1


class ElementFailed(RunStopped):
    """An element could not be started, or could not be sent to its rank."""

    status = 1


class Interrupted(RunStopped):
    """A signal asked the run to stop."""


class RankLost(RunStopped):
    """A rank died that the run cannot do without."""


class ForeignBytesError(RunStopped):
    """Something in the Redis of the run that the run did not write, or that is not as it wrote it."""


NOT_ALONE = (
    "somebody else writes to the keys of the run. Give it a Redis of its own (leave --redis-url out), or one "
    "where its user alone may touch its keys (an ACL user, or another database)"
)


def foreign(key: str, what: str) -> ForeignBytesError:
    """What to raise of a key that is not as the run left it."""
    return ForeignBytesError(f"the key {key} {what}: {NOT_ALONE}")


class LauncherLost(RunStopped):
    """The launcher of the ranks has ended while they work; MPI would end them in a moment."""


class BrokerLost(RunStopped):
    """The Redis of the run went away."""


class BrokerRefused(BrokerLost):
    """The Redis of the run refused a command: it is out of memory, say, or not ours."""


class HeadLost(BrokerLost):
    """Rank 0 was killed, and its Redis, which is shared, lives on."""
