"""One element has other processes do its work, in one of the ways that Python has."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

from hpcd4p import IterativePE, ProducerPE, WorkflowGraph


def double(number):
    return 2 * number


def by_pool(number):
    with multiprocessing.get_context("fork").Pool(2) as pool:  # left by SIGTERM
        return sum(pool.map(double, range(number)))


def by_executor(number):
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as executor:
        return sum(executor.map(double, range(number)))


def by_subprocess(number):
    # a child that SIGTERM ends, and one that gives an answer
    waiting = subprocess.Popen(
        [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(600)"], stdout=-1
    )
    waiting.stdout.readline()
    waiting.terminate()
    if waiting.wait(30) != -15:
        raise RuntimeError("a child does not hear SIGTERM")
    waiting.stdout.close()
    done = subprocess.run(
        [sys.executable, "-c", f"print(sum(range({number})))"], capture_output=True, check=True
    )
    return 2 * int(done.stdout)


def by_fork(number):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, str(2 * sum(range(number))).encode())
        sys.exit()  # as many write it: not os._exit
    os.close(write)
    with open(read) as answer:
        text = answer.read()
    if os.waitpid(child, 0)[1]:
        raise RuntimeError("the child ended with a status")
    return int(text)


def by_joblib(number):
    from joblib import Parallel, delayed

    return sum(Parallel(n_jobs=2)(delayed(double)(n) for n in range(number)))


def by_loky(number):
    from joblib.externals.loky import ProcessPoolExecutor as Loky

    with Loky(2) as executor:
        return sum(executor.map(double, range(number)))


WAYS = {
    "pool": by_pool,
    "executor": by_executor,
    "subprocess": by_subprocess,
    "fork": by_fork,
    "joblib": by_joblib,
    "loky": by_loky,
}


class Numbers(ProducerPE):
    def __init__(self, way):
        super().__init__()
        self.way = way
        self.next = 0

    def _process(self, inputs):
        self.next += 1
        return WAYS[self.way](self.next) if self.way else self.next


class Stateless(IterativePE):
    stateful = False

    def __init__(self, way):
        super().__init__()
        self.way = way

    def _process(self, number):
        return WAYS[self.way](number) if self.way else number


class Stateful(Stateless):
    stateful = True


def add_options(parser):
    parser.add_argument("--way", choices=WAYS, default="pool")
    parser.add_argument("--where", choices=("source", "stateless", "stateful"), default="stateless")


def build(options):
    def way(place):
        return options.way if options.where == place else ""

    numbers, stateless, stateful = (
        Numbers(way("source")),
        Stateless(way("stateless")),
        Stateful(way("stateful")),
    )
    graph = WorkflowGraph()
    graph.connect(numbers, "output", stateless, "input")
    graph.connect(stateless, "output", stateful, "input")
    return graph
