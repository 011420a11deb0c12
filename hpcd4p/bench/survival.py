"""*survival*: what checkpoints cost in time and memory, and how soon a death is made good."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from functools import partial

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.copies import Copies
from hpcd4p.bench.figure import Of, Row, Target, pairs
from hpcd4p.bench.killing import VICTIMS, back_s
from hpcd4p.bench.latency import quantile
from hpcd4p.bench.paper import shipped
from hpcd4p.bench.paper.sentiment import WORKFLOW as SENTIMENT
from hpcd4p.bench.paper.sentiment import write_articles

RANKS = 4

COST = {"auto": 1.02, "1": 1.05}
"""Most times the run time without checkpoints, by `--checkpoint`; of one each second with `MIB_100` only."""

MIB_100, GIB = 1_000_000, 10_000_000
"""Accounts: about 100 bytes each."""

PAUSE_S = {MIB_100: 0.050, GIB: 0.100}
"""Most that 99 of 100 checkpoints may stop a rank with state, by accounts."""

EACH_SECOND = {"checkpoint": "1"}

MEMORY = 1.3
"""Most times the memory that a rank has between two checkpoints."""

BACK_S = {"stateful rank": 3.0, "Redis": 3.0, "head": 10.0, "job": 10.0}

LONG = {"keyed": 50_000_000, "hops": 70_000_000, "arrays": 150_000}
"""Calls: `auto` makes no checkpoint in the first 10 s, so a run has to take longer."""

SHORT = {"keyed": 200_000, "hops": 200_000, "arrays": 500}

ARTICLES = 60_000


def rows(bench: Bench) -> Iterator[Row]:
    """Run times beside each other; pauses; times from a death to new work."""
    sizes = [bench.size(accounts, accounts // 50) for accounts in (MIB_100, GIB)]
    for workload, calls in LONG.items():
        number = bench.size(calls, SHORT[workload])
        yield from _cost(workload, "auto", partial(_elapsed_s, bench, workload, number), bench)
    with tempfile.TemporaryDirectory(prefix="hpcd4p-bench-") as folder:
        path = os.path.join(folder, "articles.csv")
        write_articles(path, bench.size(ARTICLES, 100))
        yield from _cost("sentiment", "auto", partial(_sentiment_s, bench, path), bench)
    for accounts, every in ((sizes[0], "auto"), (sizes[0], "1"), (sizes[1], "auto")):
        yield from _cost(f"{accounts:,} keys", every, partial(_elapsed_s, bench, "accounts", accounts), bench)
    for accounts, most_s in zip(sizes, PAUSE_S.values(), strict=True):
        yield from _pause(bench, accounts, most_s)
    for accounts in sizes:
        yield from _memory(bench, accounts)
    for who, most_s in BACK_S.items():
        assert who in VICTIMS
        yield from _back(bench, who, sizes[0], most_s)


def _cost(name: str, every: str, elapsed_s: Callable[[str], float], bench: Bench) -> Iterator[Row]:
    what = f"{name}, checkpoint {every}"
    if not bench.wants(what):
        return
    pair = pairs(partial(elapsed_s, every), {"off": partial(elapsed_s, "off")}, bench.repeats)["off"]
    target = Target(COST[every], at_least=False)
    yield Row("survival", what, "s", pair.ours, "off", pair.other, target)


def _elapsed_s(bench: Bench, workload: str, calls: int, every: str) -> float:
    return bench.run(workload, calls, RANKS, checkpoint=every).elapsed_s


def _sentiment_s(bench: Bench, path: str, every: str) -> float:
    return shipped.run(bench, SENTIMENT, RANKS, ["--input", path, "--checkpoint", every]).elapsed_s


def _pause(bench: Bench, accounts: int, most_s: float) -> Iterator[Row]:
    what = f"pause of a checkpoint, {accounts:,} keys, 99 of 100"
    if not bench.wants(what):
        return
    pauses = []
    for _ in range(bench.repeats):
        stood = bench.run("accounts", accounts, RANKS, checkpoint="1").pauses_s
        pauses += [1e3 * quantile(stood, 0.99)] if stood else []
    if not pauses:
        yield Row("survival", what, "ms", [0.0], note="the run is too short for a checkpoint")
        return
    yield Row("survival", what, "ms", pauses, target=Target(1e3 * most_s, at_least=False, of=Of.VALUE))


def _memory(bench: Bench, accounts: int) -> Iterator[Row]:
    what = f"memory of a rank while it is saved, {accounts:,} keys"
    if not bench.wants(what):
        return
    together, alone = list[float](), list[float]()
    for _ in range(bench.repeats):
        bench.say(what)
        copies = Copies()
        bench.check(bench.launcher.measure("accounts", accounts, RANKS, copies, settings=EACH_SECOND), what)
        together.append(copies.together / 1e6)
        alone.append(copies.alone / 1e6)
    target = Target(MEMORY, at_least=False)
    yield Row("survival", what, "MB", together, "between two", alone, target)


def _back(bench: Bench, who: str, accounts: int, most_s: float) -> Iterator[Row]:
    what = f"death of the {who}, until new work"
    if not bench.wants(what):
        return
    seconds = []
    for _ in range(bench.repeats):
        bench.say(f"death of the {who}")
        seconds.append(back_s(bench.launcher, who, accounts))
    target = Target(most_s, at_least=False, of=Of.VALUE)
    yield Row("survival", what, "s", seconds, target=target)
