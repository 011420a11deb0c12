"""Sentiment of news articles, the stateful application, on 4 to 16 ranks.

The paper's own figures for it, on 16 cores: multi 156.6 s, hybrid_redis 50.4 s. Its work is all
computing: with fewer cores than ranks, what they could do at best stands beside each ratio.
"""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import chain

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Row, Target
from hpcd4p.bench.paper import mappings, shipped
from hpcd4p.bench.paper.rounds import Attempts, in_turns
from hpcd4p.bench.peers import installed

WORKFLOW = "hpcd4p.workflows.sentiment"
PEER = "hpcd4p.bench.paper.peer_sentiment"

PACKAGE = "stream-d4py"

RANKS = 16
"""Of those beside the mappings of stream-d4py, which need a process for each instance."""

FEWER = (4, 8)

TARGETS = {"multi": 0.15, "hybrid_redis": 0.4}
"""Mapping that has groupings → most that our time may be of its time. The paper ran both."""

REPEATS = 3
"""A round takes more than a minute."""

States = dict[tuple[str, str], tuple[int, int]]
"""(method, state) → (articles, sum of their scores)."""


def rows(bench: Bench) -> Iterator[Row]:
    """Whole programs, and while active; what all cores could do at best; how many articles were counted.

    A whole program is what a user waits for: our start of MPI and Redis, and what a mapping waits at its end.
    """
    articles = bench.size(2470, 300)
    mapped = list(TARGETS) if PACKAGE in installed() else []
    with tempfile.TemporaryDirectory(prefix="hpcd4p-bench-") as folder:
        path = os.path.join(folder, "articles.csv")
        write_articles(path, articles)
        inputs = {"read": [{"input": path}]}
        runs, peers = in_turns(
            {n: partial(shipped.run, bench, WORKFLOW, n, ["--input", path]) for n in (1, *FEWER, RANKS)},
            {name: partial(mappings.run, bench, name, PEER, RANKS, inputs) for name in mapped},
            min(bench.repeats, REPEATS),
        )
    one, ours = runs[1], runs[RANKS]
    right = states_of(one[0])
    for run in chain.from_iterable(runs.values()):
        if states_of(run) != right or counted(right) != 2 * articles:
            bench.wrong.append(f"sentiment, {articles} articles, {run.summary.ranks} ranks")
    cores = len(os.sched_getaffinity(0))
    least = [run.elapsed_s / cores for run in one]
    for n in (*FEWER, RANKS):
        active = [run.elapsed_s for run in runs[n]]
        yield Row("sentiment", f"n={n}, active", "s", active, f"one process ÷ {cores} cores", least)
    for name, attempts in peers.items():
        yield from _against(name, ours, attempts, right)
        if attempts.runs:
            theirs = [run.active_s for run in attempts.runs]
            best = attempts.beside(least)
            yield Row("sentiment", f"one process ÷ {cores} cores", "s", best, f"{PACKAGE} {name}", theirs)


def _against(
    mapping: str, ours: list[shipped.Shipped], attempts: Attempts[mappings.Mapped], right: States
) -> Iterator[Row]:
    peer, runs = f"{PACKAGE} {mapping}", attempts.runs
    if not runs:
        wall = [run.wall_s for run in ours]
        yield Row("sentiment", "n=16, whole program", "s", wall, note=f"{peer}: {attempts.trouble}")
        return
    ours = attempts.beside(ours)
    wall, active = [run.wall_s for run in ours], [run.elapsed_s for run in ours]
    target = Target(TARGETS[mapping], at_least=False)
    yield Row("sentiment", "n=16, whole program", "s", wall, peer, [run.wall_s for run in runs], target)
    yield Row("sentiment", "n=16, active", "s", active, peer, [run.active_s for run in runs])
    yield Row(
        "sentiment", "n=16, articles in right sums", "", [float(counted(right))] * len(ours),
        peer, [float(counted(common(states_noted(run.notes), right))) for run in runs],
        note=attempts.trouble,
    )  # fmt: skip


def write_articles(path: str, articles: int) -> None:
    """Write the generated corpus as a file: all read the same one, as in the paper."""
    from hpcd4p.workflows.sentiment.corpus import Corpus

    corpus = Corpus(seed=1)
    with open(path, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("title", "text", "location"))
        for number in range(1, articles + 1):
            row = corpus.row(number)
            table.writerow((row.title, row.text, row.location))


def states_of(run: shipped.Shipped) -> States:
    """What our workflow says of each state."""
    moods = [*run.rows("afinn_states"), *run.rows("vader_states")]
    return {(method, state): (articles, score) for state, articles, score, method in moods}


def states_noted(notes: list[str]) -> States:
    """What the elements of `peer_sentiment` have noted last of each state."""
    noted: States = {}
    for note in filter(None, notes):
        state, articles, score, method = note.split("\t")
        counts = (int(articles), int(score))
        noted[method, state] = max(counts, noted.get((method, state), (0, 0)))
    return noted


def counted(states: States) -> int:
    """Articles, those of both methods."""
    return sum(articles for articles, _ in states.values())


def common(noted: States, right: States) -> States:
    """States of which `noted` says what is right."""
    return {key: counts for key, counts in noted.items() if right.get(key) == counts}
