"""``python -m hpcd4p`` and the command ``hpcd4p``: rank 0 reads the command line, the others work.

Ranks other than 0 must never import the command line: thousands of them start at once.
"""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Give the exit status of this process."""
    here = os.getcwd()
    if here not in sys.path:  # the command `hpcd4p` finds modules where `python -m hpcd4p` does
        sys.path.insert(0, here)
    from hpcd4p.launch.place import keeps_watch, launched_rank

    watched = keeps_watch()
    if watched:  # before anything else: a rank may be killed at any moment
        from hpcd4p.launch import node_watch

        node_watch.begin()
    rank = launched_rank()
    if rank > 0:
        from hpcd4p.runtime import worker

        return worker.main(rank, node_watch.close) if watched else worker.main(rank)
    from hpcd4p.cli.main import main as command_line

    return command_line(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
