"""First on the path of every process of a test run; Python imports a module of this name before any other.

SIGUSR2 writes the stacks of all its threads to a file. Packages that E2E_LACKS names are not there.
"""

import os
import sys

if "E2E_STACKS" in os.environ:
    import faulthandler
    import signal

    path = os.path.join(os.environ["E2E_STACKS"], str(os.getpid()))
    # open for as long as the process lives: opening it in a stuck process could hang
    faulthandler.register(signal.SIGUSR2, file=open(path, "w"), all_threads=True)  # noqa: SIM115

for lack in os.environ.get("E2E_LACKS", "").split():
    package, _, rank = lack.partition("@")
    if not rank or rank == os.environ.get("OMPI_COMM_WORLD_RANK"):
        sys.modules[package] = None  # what Python keeps for a module that cannot be imported
