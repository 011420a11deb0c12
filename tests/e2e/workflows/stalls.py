"""Workflows that stall for sure, each in its own way, until their test ends them."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

from hpcd4p import GenericPE, IterativePE, KeyedPE, ProducerPE, WorkflowGraph

LONG_S = 240.0
"""Longer than any deadline of a test."""

STALLS_AT = 5
"""The tuple with which it begins."""


class Numbers(ProducerPE):
    """As many as are taken, each with a gap; after `last` of them it gives no more, and does not end."""

    def __init__(self, gap_s=0.0, last=1 << 40, size=0):
        super().__init__()
        self.gap_s, self.last, self.size = gap_s, last, size

    def _process(self, inputs):
        for number in range(self.last):
            time.sleep(self.gap_s)
            self.write("output", (number, b"x" * self.size) if self.size else number)
        time.sleep(LONG_S)


class Work(IterativePE):
    """Does with each tuple what its name says."""

    def __init__(self, does, task_s=0.002):
        super().__init__()
        self.does, self.task_s = does, task_s

    def _process(self, data):
        number = data[0] if isinstance(data, tuple) else data
        if number >= STALLS_AT and self.does in DEEDS:
            DEEDS[self.does](number)
        time.sleep(self.task_s)
        return number % 4, number


class Slow(KeyedPE):
    """Takes its time with a key."""

    partitions = 8

    def __init__(self, task_s=0.02):
        super().__init__()
        self.task_s = task_s

    def process_key(self, key, value, state):
        time.sleep(self.task_s)
        return (state or 0) + 1


class Heard(GenericPE):
    """Has an order."""

    def __init__(self):
        super().__init__()
        self._add_input("input", grouping="global")
        self._add_output("output")
        self.last = None

    def process(self, inputs):
        self.last = inputs["input"]


class Hot(IterativePE):
    """Nine of ten tuples have one key."""

    def _process(self, number):
        return "rare" if number % 10 == 0 else "hot", number


def once(number):
    """Whether this is the rank that stalls: the first that comes here."""
    try:
        os.close(os.open("stalled", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        return False
    Path("who").write_text(f"{os.environ.get('OMPI_COMM_WORLD_RANK', 0)} {os.getpid()} {number}")
    return True


def spin(number):
    end = time.monotonic() + LONG_S
    if once(number):
        while time.monotonic() < end:
            pass


def sleep_once(number):
    if once(number):
        time.sleep(LONG_S)


def burn(number):
    end = time.process_time() + 0.02
    while time.process_time() < end:
        pass


def lock(number):
    while not Path("locked").exists():
        time.sleep(0.01)
    with open("lock", "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # the test has it


def blocked(number):
    """Wait in the kernel as for a file: until the process that is started has opened its input."""
    with suppress(FileExistsError):
        os.mkfifo("fifo")
    opens = [(os.POSIX_SPAWN_OPEN, 0, "fifo", os.O_RDONLY, 0)]
    os.posix_spawn("/bin/true", ["true"], os.environ, file_actions=opens)


DEEDS = {
    "spin": spin,
    "sleep": sleep_once,
    "stopped": sleep_once,
    "burn": burn,
    "lock": lock,
    "blocked": blocked,
}


def add_options(parser):
    parser.add_argument("--stall", required=True)


def build(options):
    graph, stall = WorkflowGraph(), options.stall
    graph.name = "stalls"
    source, work = Numbers(), Work(stall)
    if stall in ("source", "spin", "stopped"):
        source = Numbers(last=50)
    elif stall == "healthy":
        source, work = Numbers(gap_s=0.04), Work(stall, 0.08)
    elif stall in ("pool", "memory"):
        source, work = Numbers(size=700_000 if stall == "memory" else 0), Work(stall, 0.1)
    elif stall == "hot":
        graph.connect(source, "output", hot := Hot(), "input")
        graph.connect(hot, "output", Slow(), "input")
        return graph
    elif stall == "checkpoint":
        graph.connect(source, "output", work, "input")
        graph.connect(work, "output", Slow(LONG_S), "input")
        return graph
    graph.connect(source, "output", work, "input")
    if stall == "sleep":  # in an order
        graph.connect(work, "output", Heard(), "input")
    return graph
