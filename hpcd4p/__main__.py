"""``python -m hpcd4p`` and the command ``hpcd4p``: rank 0 reads the command line, the others work.

Ranks other than 0 must never import the command line: thousands of them start at once.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Give the exit status of this process."""
    from hpcd4p.launch.place import launched_rank

    if launched_rank() > 0:
        from hpcd4p.runtime import worker

        return worker.main()
    from hpcd4p.cli.main import main as command_line

    return command_line(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
