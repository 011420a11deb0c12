"""First on the path of every process of a test run; Python imports a module of this name before any other.

SIGUSR2 writes the stacks of all its threads to a file. Packages that E2E_LACKS names are not there. The rank
in E2E_DIES ("RANK EVENT N [ARGUMENT]") kills itself at the Nth event that Python's audit hooks call so.
E2E_MOVES ("SEED CHANCE") has partitions move at random; E2E_LENDS has all ranks lend themselves.
E2E_STARTS_LATE ("RANK FILE") has a rank wait at its start until there is that file.
E2E_SLOW_WRITES ("SECONDS") is how long each write to a file of a checkpoint takes.
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
        sys.modules[package] = None  # type: ignore[assignment]  # what Python keeps for a module that cannot be imported


def dies(rank, event, count, argument=None):
    if rank != os.environ.get("OMPI_COMM_WORLD_RANK"):
        return
    import signal

    left = int(count)

    def hook(happens, arguments):
        nonlocal left
        if happens == event and argument in (None, arguments[0]):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


if "E2E_DIES" in os.environ:
    dies(*os.environ["E2E_DIES"].split())


class Changes:
    """Changes a module as soon as it has been imported."""

    def __init__(self, name, change):
        self.name, self.change = name, change
        sys.meta_path.insert(0, self)

    def find_spec(self, name, path, target=None):
        if name != self.name:
            return None
        sys.meta_path.remove(self)
        import importlib.util

        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            self.change(module)

        spec.loader.exec_module = exec_module
        return spec


def moves(mover):
    from tests.sim.random_dealer import RandomDealer

    seed, chance = os.environ["E2E_MOVES"].split()
    begin = mover.Mover.__init__

    def begins(self, *given):
        begin(self, *given)
        self.dealer = RandomDealer(int(seed), float(chance))

    mover.Mover.__init__ = begins


def lends(lending):
    lending.LEAST_S = lending.LEAST_FREE = 0.0
    lending.MOST_OWN = lending.MOST_HANDLED = float("inf")


def starts_late(rank, file):
    import time

    while rank == os.environ.get("OMPI_COMM_WORLD_RANK") and not os.path.exists(file):
        time.sleep(0.01)


if "E2E_STARTS_LATE" in os.environ:
    starts_late(*os.environ["E2E_STARTS_LATE"].split())


def writes_slowly(durable):
    import time

    write_at = durable.write_at

    def slow(*given):
        time.sleep(float(os.environ["E2E_SLOW_WRITES"]))
        return write_at(*given)

    durable.write_at = slow


if "E2E_SLOW_WRITES" in os.environ:
    Changes("hpcd4p.checkpoint.durable", writes_slowly)
if "E2E_MOVES" in os.environ:
    Changes("hpcd4p.runtime.head.mover", moves)  # on the head alone
if "E2E_LENDS" in os.environ:
    Changes("hpcd4p.control.lending", lends)
