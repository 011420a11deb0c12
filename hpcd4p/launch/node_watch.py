"""Ranks that watch each other while they start, where no launcher of ours does.

A rank in MPI_Init waits forever for a rank that was killed, and Open MPI that keeps survivors
(--enable-recovery), or srun, lets it. MPI_Init holds Python's lock, so a thread cannot watch: a child of the
rank does. The first two ranks of each node have one, for one of them may be the one that is killed.

Imported by ranks that keep such a watch. Until the first look, which comes when a run of ordinary size has
already begun, it costs the rank one fork and no imports.
"""

from __future__ import annotations

import _socket  # `socket` itself imports much more
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from hpcd4p.launch.place import launched_here, launched_rank, say_past

if TYPE_CHECKING:
    import socket
    from types import FrameType

LOOK_S = 2.0
"""Between two looks; a rank is missing if two looks in a row miss it. See `start_watch.LOOK_S`."""

END_S = LOOK_S + 0.5
"""A launcher takes 0.3 s to end its ranks; those that are left after this are killed here. More than
`LOOK_S`, for the other watch of the node looks once more, and must see that the error was printed."""

_SAID = 17
"""Status of the child that has said that the start was interrupted."""

_INTERRUPTED = (
    b"hpcd4p: error: interrupted before the run began: the launcher was told to end the ranks (Ctrl-C, a "
    b"time limit), or did so for what stands above; nothing was run\n"
)


class NodeWatch:
    """A child of this rank that watches the ranks of this node until `close`, even if this rank dies."""

    def __init__(self) -> None:
        _, count = launched_here()
        parent = os.getppid()
        read, write = os.pipe()
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])  # it waits until the child can hear it
        process = os.fork()
        if process:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
            os.close(read)
            self._child: tuple[int, int] | None = write, process  # our end of the pipe, and the process
            self._said = False
            return
        try:
            os.close(write)
            _hear_the_launcher(parent)
            _look(read, parent, count)
        finally:
            os._exit(0)  # whatever happened

    def close(self) -> bool:
        """Stop watching: the run has begun, or is over, or rank 0 watches. May be called again.

        Returns
        -------
        bool
            Whether the child has said that the start was interrupted: then rank 0 need not.
        """
        if self._child is None:
            return self._said
        (leash, process), self._child = self._child, None
        with suppress(BrokenPipeError):
            os.write(leash, b"!")
        with suppress(ChildProcessError):
            # elements that have children of their own find none of ours
            self._said = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == _SAID
        os.close(leash)
        return self._said


def _hear_the_launcher(parent: int) -> None:
    """Print that the start was interrupted if the launcher ends the ranks, for they may be in MPI_Init."""

    # nothing is imported in the handler: a launcher gives its ranks 0.3 s, and the cores may be full
    def handle(number: int, frame: FrameType | None) -> None:
        said = launched_rank() == 0 and not _is_said(parent) and say_past(parent, _INTERRUPTED)
        os._exit(_SAID if said else 0)

    signal.signal(signal.SIGTERM, handle)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])


def _look(leash: int, parent: int, count: int) -> None:
    if _wait_for_close(leash):
        return
    from hpcd4p.control.roll import Roll
    from hpcd4p.launch.siblings import parent_of_ranks, siblings_under

    if not parent_of_ranks(parent):
        return  # a script between the launcher and this rank, or a launcher that ends all by itself
    roll = Roll(range(count))
    ranks: dict[int, int] = {}
    empty = 0
    while True:
        here = siblings_under(parent)
        ranks |= {sibling.local: sibling.rank for sibling in here}
        missing = roll.look([sibling.local for sibling in here])
        empty = 0 if here else empty + 1
        if empty > 1:  # no rank of this node is left, not even this one, and the run goes on elsewhere
            missing = list(range(count))
        if missing:
            break
        if _wait_for_close(leash) or _is_said(parent):
            return
    says = _first_to_say(parent)
    if says is not None:  # while it is open, other watches find that the error was printed
        if count == 1 or empty == 0:  # else the others have been ended, and the reason was printed
            _tell(missing, ranks, count)
        _end(parent)
        says.close()


def _wait_for_close(leash: int) -> bool:
    """Wait for the next look; whether no look is needed any more."""
    import select
    import time

    until = time.monotonic() + LOOK_S
    if select.select([leash], [], [], LOOK_S)[0] and os.read(leash, 1):
        return True
    time.sleep(max(0.0, until - time.monotonic()))  # the rank has ended without closing the watch
    return False


def _name(parent: int) -> str:
    """The address on which the watch listens that prints the error: on this node, while it is alive."""
    return f"\0hpcd4p-start-{os.getuid()}-{parent}"


def _is_said(parent: int) -> bool:
    """Whether another watch of this node has printed which ranks are missing, and is ending the others."""
    probe = _socket.socket(_socket.AF_UNIX)
    try:
        return probe.connect_ex(_name(parent)) == 0
    finally:
        probe.close()


def _first_to_say(parent: int) -> socket.socket | None:
    """A socket that shows, while it is open, that this watch prints the error; None if another one does."""
    import socket

    says = socket.socket(socket.AF_UNIX)
    try:
        says.bind(_name(parent))
    except OSError:
        return None
    says.listen()
    return says


def _tell(missing: Sequence[int], ranks: Mapping[int, int], count: int) -> None:
    """Print which ranks are missing, by their numbers on this node; `ranks`: those that have been seen."""
    from hpcd4p.errors import RankLost
    from hpcd4p.launch.muster import missed, some_missed
    from hpcd4p.launch.place import launched_size
    from hpcd4p.launch.status_note import leave_note

    size = launched_size()
    if count == size:  # on one node the two numbers are one
        error = missed(missing, size)
    elif set(missing) <= ranks.keys():
        error = missed([ranks[local] for local in missing], size)
    else:
        error = some_missed(len(missing), count)
    with suppress(OSError):
        os.write(2, f"hpcd4p: error: {error}\n".encode())
    with suppress(OSError):
        leave_note(str(RankLost.status))


def _end(parent: int) -> None:
    """End all ranks: through the launcher or Slurm, and what is left on this node by force."""
    import subprocess
    import time

    from hpcd4p.launch.siblings import LAUNCHERS, ending_signal, process_name, siblings_under

    if process_name(parent) in LAUNCHERS:
        with suppress(OSError):
            os.kill(parent, ending_signal())
    else:
        # only Slurm reaches the ranks of other nodes
        step = f"{os.environ.get('SLURM_JOB_ID')}.{os.environ.get('SLURM_STEP_ID')}"
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(["scancel", step], capture_output=True, timeout=END_S, check=False)
    time.sleep(END_S)
    for sibling in siblings_under(parent):
        with suppress(OSError):
            os.kill(sibling.pid, signal.SIGKILL)
