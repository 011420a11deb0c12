"""Ranks that do nothing but commit: ``python -m hpcd4p.bench.commit_clients KIND PROCESSES TASKS``.

Each process has ranks with connections to one Redis, by its Unix socket. Prints a line of JSON: what a task
has cost the server's core and that of its rank, in microseconds, and how many there were in a second.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from hpcd4p.bench.processes import run_seconds
from hpcd4p.launch.redis_server import start_redis
from hpcd4p.transport.redis_broker import RedisBroker
from hpcd4p.transport.redis_replies import reply_of
from hpcd4p.transport.redis_scripts import load_scripts
from hpcd4p.transport.resp import RespConnection
from hpcd4p.transport.step_words import StepWords
from hpcd4p.wire.ask import NOTHING_ASKED, Ask
from hpcd4p.wire.endpoint import Endpoint
from hpcd4p.wire.keys import Keys
from hpcd4p.wire.messages import Commit, Publication, Task

RUN = "bench"

ELEMENTS = (0, 1, 2)
"""Of the pool; what a task of one writes is a task of the next."""

PAYLOAD = 300
"""Bytes of a task: some tuples, sealed."""

LOW = (0, 0)
"""The head is not rung."""

AHEAD = 4
"""Tasks that wait for each rank: none of them is ever idle."""

AT_ONCE = 16
"""Tasks that the head publishes with one commit; steps that a busy server finds when it looks."""

STATS_S = 0.5
"""A rank tells its statistics about this often when it has much to do."""

DEADLINE_S = 120.0

Place = tuple[Endpoint, dict[str, str]]
"""Where the server is, and its scripts."""


class Rank:
    """What one rank commits."""

    def __init__(self) -> None:
        self._payload = os.urandom(PAYLOAD // 2).hex().encode()  # all of it lies there: see `wire.codec`
        self._tx = 0
        self._told = time.monotonic()

    def commit(self, done: Task | None, publish: Sequence[int]) -> Commit:
        """What has finished a task, and written one for each element of `publish`."""
        self._tx += 1
        commit = Commit(self._tx)
        for element in publish:
            commit.publish.append(Publication(element, 8, self._payload))
            commit.counts[element] = commit.counts.get(element, 0) + 8
        if done is not None:
            commit.counts[done.element] = commit.counts.get(done.element, 0) - done.tuples
            commit.done.append((done.element, done.id))
            now = time.monotonic()
            if now - self._told > STATS_S:
                self._told = now
                commit.stats = {f"{letter}:{done.element}": 8 for letter in "nuobms"}
        return commit

    def passed(self, task: Task) -> Commit:
        """A task of one element is done, and has written one of the next."""
        return self.commit(task, [(task.element + 1) % len(ELEMENTS)])


def broker_of(place: Place, rank: int) -> RedisBroker:
    """The broker of a rank."""
    endpoint, shas = place
    return RedisBroker(endpoint, RUN, rank, shas, ELEMENTS, LOW, 4)


def publish(place: Place, tasks: int) -> None:
    """The head publishes tasks of the first element."""
    head, broker = Rank(), broker_of(place, 0)
    for start in range(0, tasks, AT_ONCE):
        broker.step(head.commit(None, [0] * min(AT_ONCE, tasks - start)), NOTHING_ASKED)


def pass_on(place: Place, number: int, tasks: int) -> int:
    """Each task is finished, the next published, and another taken, in one step."""
    one, broker, ask = Rank(), broker_of(place, number), Ask(ELEMENTS)
    task = broker.step(Commit(), ask).task
    for _ in range(tasks):
        assert task is not None
        task = broker.step(one.passed(task), ask).task
    return tasks


def work_off(place: Place, number: int, tasks: int) -> int:
    """Each task is finished, and another taken, until there is none."""
    one, broker, ask = Rank(), broker_of(place, number), Ask(ELEMENTS)
    done, task = 0, broker.step(Commit(), ask).task
    while task is not None:
        task = broker.step(one.commit(task, ()), ask).task
        done += 1
    return done


def together(place: Place, number: int, tasks: int) -> int:
    """As `pass_on` for several ranks: all ask before the first of them reads its answer."""
    endpoint, shas = place
    keys, ask = Keys(RUN), Ask(ELEMENTS)
    numbers = range(number * AT_ONCE, (number + 1) * AT_ONCE)
    calls = [RespConnection(endpoint, keys.client(each)) for each in numbers]
    words = [StepWords(each, ELEMENTS, LOW, False) for each in numbers]
    ranks = [Rank() for _ in numbers]
    commits = [Commit() for _ in numbers]
    for _ in range(tasks // AT_ONCE + 1):
        for call, said, commit in zip(calls, words, commits, strict=True):
            call.send("EVALSHA", shas["step"], 1, keys.prefix, *said.of(commit, ask, None))
        for i, call in enumerate(calls):
            task = reply_of(call.receive(), words[i].held).task
            assert task is not None
            commits[i] = ranks[i].passed(task)
    return tasks // AT_ONCE * AT_ONCE


KINDS: dict[str, Callable[[Place, int, int], int]] = {"busy": together, "passed": pass_on, "headed": work_off}


def main(argv: list[str]) -> int:
    """Measure, and print."""
    kind, processes, tasks = argv[0], int(argv[1]), int(argv[2])
    fork = multiprocessing.get_context("fork")
    gate, answers = fork.Barrier(processes + 1), fork.SimpleQueue()

    def work(place: Place, number: int) -> None:
        gate.wait(DEADLINE_S)
        began = time.process_time()
        done = KINDS[kind](place, number, tasks)
        answers.put((done, time.process_time() - began))

    with start_redis(secrets.token_hex(16)) as server:
        place = server.endpoint, load_scripts(server.endpoint, RUN, ELEMENTS)
        if kind != "headed":
            publish(place, AHEAD * processes * (AT_ONCE if kind == "busy" else 1))
        workers = [fork.Process(target=work, args=(place, n + 1), daemon=True) for n in range(processes)]
        for worker in workers:
            worker.start()
        began_s = run_seconds(server.pid)
        if kind == "headed":
            publish(place, tasks * processes)
        gate.wait(DEADLINE_S)
        began = time.perf_counter()
        said = [_answer(answers, worker) for worker in workers]
        took_s = time.perf_counter() - began
        server_s = run_seconds(server.pid) - began_s
    done, ranks_s = (sum(each) for each in zip(*said, strict=True))
    print(json.dumps({"rate": done / took_s, "server": server_s / done * 1e6, "rank": ranks_s / done * 1e6}))
    return 0


def _answer(answers: Any, worker: Any) -> tuple[int, float]:
    """What one of the processes says; raises if this one has died."""
    end = time.monotonic() + DEADLINE_S
    while answers.empty():
        if worker.exitcode not in (None, 0) or time.monotonic() > end:
            raise RuntimeError("a process has said nothing")
        time.sleep(0.002)
    answer: tuple[int, float] = answers.get()
    return answer


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
