"""(f) *floor*: one tuple, the whole program as a user starts it, against a bare import of mpi4py."""

from __future__ import annotations

import tempfile
from collections.abc import Callable

from hpcd4p.bench import one, peers
from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Of, Row, Target, take_turns
from hpcd4p.bench.trial import Ended, TrialError

EXTRA_S = 0.6
"""At most this much over the bare import, 8 ranks."""

TIMES = 1.5
"""At most this many times the bare import, 64 ranks."""

END_S = 0.1
"""From the last tuple to the end of the program, beyond what bare ranks need to leave."""


def rows(bench: Bench) -> list[Row]:
    """Whole processes, 8 and 64 ranks; and how long the end takes."""
    ends: dict[str, list[float]] = {}

    def timed(name: str, start: Callable[[], Ended]) -> Callable[[], float]:
        def measure() -> float:
            bench.say(name)
            ended = start()
            ends.setdefault(name, []).append(ended.at_s - _last(ended))
            return ended.wall_s

        return measure

    measures: dict[str, Callable[[], float]] = {}
    sizes = (8,) if bench.quick else (8, 64)
    for n in sizes:
        measures[f"bare {n}"] = timed(f"bare {n}", lambda n=n: bench.launcher.run(["-c", one.BARE], n))  # type: ignore[misc]
        measures[f"ours {n}"] = timed(f"ours {n}", lambda n=n: _one(bench, n))  # type: ignore[misc]
    samples = take_turns(measures | peers.floor(bench, 8), bench.repeats)
    bare = "bare mpi4py import"
    found = [
        Row(
            "floor", "one tuple, n=8", "s", samples["ours 8"], bare, samples["bare 8"],
            Target(EXTRA_S, at_least=False, of=Of.DIFFERENCE),
        ),
        Row(
            "floor", "last tuple to exit, n=8", "s", ends["ours 8"],
            "bare, last line to exit", ends["bare 8"],
            Target(END_S, at_least=False, of=Of.DIFFERENCE),
        ),
    ]  # fmt: skip
    if 64 in sizes:
        found.append(
            Row(
                "floor", "one tuple, n=64", "s", samples["ours 64"], bare, samples["bare 64"],
                Target(TIMES, at_least=False),
            )
        )  # fmt: skip
    return found + [
        Row("floor", "one tuple, n=8", "s", samples["ours 8"], name, samples[name])
        for name in samples
        if not name.startswith(("ours", "bare"))
    ]


def _one(bench: Bench, ranks: int) -> Ended:
    with tempfile.TemporaryDirectory(prefix="hpcd4p-bench-") as folder:
        return bench.launcher.run(["-m", "hpcd4p", "run", "--results", folder, "hpcd4p.bench.one"], ranks)


def _last(ended: Ended) -> float:
    """Latest moment that was told."""
    told = one.told(ended.text)
    if told is None:
        raise TrialError(f"the tuple is not in the output:\n{ended.text[-2000:]}")
    return told
