"""One element does something to its process that an engine cannot like."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time

from hpcd4p import IterativePE, ProducerPE, WorkflowGraph


def leak():
    try:
        while True:
            os.open(os.devnull, os.O_RDONLY)
    except OSError:
        pass
    with open(os.devnull):  # which is a failure of the tuple
        pass


def alarm():
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        time.sleep(30)
    except Exception:  # noqa: BLE001 - as many elements do
        time.sleep(30)


def finalize():
    from mpi4py import MPI

    MPI.Finalize()


def close_streams():
    sys.stdout.close()
    sys.stderr.close()


def interrupt():
    raise KeyboardInterrupt


def change_folder():
    os.makedirs("elsewhere", exist_ok=True)
    os.chdir("elsewhere")


def poll_for_ever(pause_s):
    while True:
        time.sleep(pause_s)


def start_thread():
    if not any(t.name == "poller" for t in threading.enumerate()):
        threading.Thread(target=poll_for_ever, args=(0.05,), name="poller").start()


def start_process():
    if not multiprocessing.active_children():
        multiprocessing.get_context("fork").Process(target=poll_for_ever, args=(0.05,), name="child").start()


DEEDS = {
    "leak": leak,
    "closerange": lambda: os.closerange(3, 200),
    "alarm": alarm,
    "finalize": finalize,
    "streams": close_streams,
    "exit": lambda: os._exit(0),
    "interrupt": interrupt,
    "chdir": change_folder,
    "thread": start_thread,
    "process": start_process,
}


class Numbers(ProducerPE):
    def __init__(self, deed):
        super().__init__()
        self.next = 0
        self.deed = deed

    def _process(self, inputs):
        self.next += 1
        if self.deed and self.next > 5:
            DEEDS[self.deed]()
        return self.next


class Stateless(IterativePE):
    stateful = False

    def __init__(self, deed):
        super().__init__()
        self.deed = deed

    def _process(self, number):
        if self.deed and number > 5:
            DEEDS[self.deed]()
        return number


class Stateful(Stateless):
    stateful = True


def add_options(parser):
    parser.add_argument("--deed", choices=DEEDS)
    parser.add_argument("--where", choices=("source", "stateless", "stateful"))


def build(options):
    deeds = [
        options.deed if options.where == place else None for place in ("source", "stateless", "stateful")
    ]
    numbers, stateless, stateful = Numbers(deeds[0]), Stateless(deeds[1]), Stateful(deeds[2])
    graph = WorkflowGraph()
    graph.connect(numbers, "output", stateless, "input")
    graph.connect(stateless, "output", stateful, "input")
    return graph
