"""``python -m hpcd4p`` and the command ``hpcd4p``: rank 0 reads the command line, the others work.

Ranks other than 0 must never import the command line: thousands of them start at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from hpcd4p.frames import in_one_piece

_INTERRUPTED = 3
"""Of `errors.Interrupted`."""


def main() -> int:
    """Give the exit status of this process."""
    try:
        status: int = in_one_piece(_main)
        return status
    except KeyboardInterrupt:  # while what follows is imported
        from hpcd4p.launch.place import launched_rank
        from hpcd4p.launch.status_note import leave_interrupted

        if launched_rank() == 0 and not leave_interrupted():
            os.write(2, b"hpcd4p: error: interrupted before the run began; nothing was run\n")
        return _INTERRUPTED


def _main() -> int:
    if any("@" in word and "://" in word for word in sys.argv):
        from hpcd4p.launch.hidden_words import hide_passwords

        hide_passwords()
    here = os.getcwd()
    # elements may change the working folder, and then import
    sys.path[:] = [os.path.abspath(folder) for folder in sys.path]
    if here not in sys.path:  # the command `hpcd4p` finds modules where `python -m hpcd4p` does
        sys.path.insert(0, here)
    from hpcd4p.launch.place import keeps_watch, launched_rank

    close_watch: Callable[[], bool] = bool  # there is no watch to be closed
    if keeps_watch():  # before anything else: a rank may be killed at any moment
        from hpcd4p.launch.node_watch import NodeWatch

        close_watch = NodeWatch().close
    rank = launched_rank()
    if rank > 0:
        from hpcd4p.launch import worker

        return worker.main(rank, close_watch)
    from hpcd4p.cli.main import main as command_line

    status = command_line(sys.argv[1:], close_watch)
    if "hpcd4p.runtime.execute.at_work" in sys.modules:  # elements were at work here
        from hpcd4p.launch.crew import go

        go(status)
    return status


if __name__ == "__main__":
    sys.exit(main())
