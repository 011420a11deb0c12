"""First on the path of every process of a test run: SIGUSR2 writes the stacks of all its threads to a file.

Python imports a module of this name by itself, before any other.
"""

import os

if "E2E_STACKS" in os.environ:
    import faulthandler
    import signal

    path = os.path.join(os.environ["E2E_STACKS"], str(os.getpid()))
    # open for as long as the process lives: opening it in a stuck process could hang
    faulthandler.register(signal.SIGUSR2, file=open(path, "w"), all_threads=True)  # noqa: SIM115
