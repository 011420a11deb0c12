"""*commits*: what one Redis can do for tasks, with ranks that do nothing but commit."""

from __future__ import annotations

import json

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Of, Row, Target
from hpcd4p.bench.trial import Launcher, TrialError

BUSY = "busy"

KINDS = {
    BUSY: ("each publishes the next; the server always has some", 2),
    "passed": ("each publishes the next, a rank in each process", 8),
    "headed": ("the head publishes 16 at a time", 8),
}
"""By kind of `hpcd4p.bench.commit_clients`, what is done, and by how many processes."""

SERVER_US = 30.0
"""Of the server's core for a task: it limits a large pool, where the server is busy (SIMULATION.md)."""

RATE = 30_000.0
"""Tasks a second that one Redis carries; ranks need cores besides."""


def rows(bench: Bench) -> list[Row]:
    """Microseconds of the server's core and of a rank's for a task from publishing to commit."""
    tasks = bench.size(8000, 800)
    samples: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
    for _ in range(bench.repeats):
        for kind, (_, processes) in KINDS.items():
            bench.say(f"commits: {kind}, {processes} processes")
            samples[kind].append(measure(bench.launcher, kind, processes, tasks // processes))
    return [row for kind in KINDS for row in _rows(kind, samples[kind])]


def _rows(kind: str, samples: list[dict[str, float]]) -> list[Row]:
    what, _ = KINDS[kind]
    cost, rate = Target(SERVER_US, at_least=False, of=Of.VALUE), Target(RATE, at_least=True, of=Of.VALUE)
    judged = kind == BUSY
    server = [each["server"] for each in samples]
    return [
        Row("commits", f"{what}: server", "µs/task", server, target=cost if judged else None),
        Row("commits", f"{what}: its rank", "µs/task", [each["rank"] for each in samples]),
        Row("commits", f"{what}: for a core of the server", "tasks/s", [1e6 / us for us in server],
            target=rate if judged else None),
        Row("commits", f"{what}: here", "tasks/s", [each["rate"] for each in samples]),
    ]  # fmt: skip


def measure(launcher: Launcher, kind: str, processes: int, tasks: int) -> dict[str, float]:
    """Numbers of `hpcd4p.bench.commit_clients`, `tasks` in each process."""
    words = ["-m", "hpcd4p.bench.commit_clients", kind, str(processes), str(tasks)]
    text = launcher.run(words).text
    for line in reversed(text.splitlines()):
        if line.startswith("{"):
            return {name: float(value) for name, value in json.loads(line).items()}
    raise TrialError(f"bench.commit_clients {kind} said nothing:\n{text[-2000:]}")
