"""(f) *floor*: one tuple, the whole program as a user starts it, against a bare import of mpi4py."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from hpcd4p.bench import one, peers
from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Of, Row, Target, pairs
from hpcd4p.bench.trial import Ended, TrialError

EXTRA_S = 0.6
"""At most this much over the bare import, 8 ranks."""

TIMES = 1.5
"""At most this many times the bare import, 64 ranks."""

END_S = 0.1
"""From the last tuple to the end of the program, beyond what bare ranks need to leave."""


def rows(bench: Bench) -> list[Row]:
    """Whole processes, 8 and 64 ranks; and how long the end takes."""
    table = []
    for n in (8,) if bench.quick else (8, 64):
        beside = {
            "bare": partial(_timed, bench, f"bare {n}", partial(bench.launcher.run, ["-c", one.BARE], n))
        }
        ours = partial(_timed, bench, f"ours {n}", partial(_one, bench, n))
        runs = pairs(ours, beside, bench.repeats)["bare"]
        wall = [each.wall_s for each in runs.ours], [each.wall_s for each in runs.other]
        extra = Target(EXTRA_S, at_least=False, of=Of.DIFFERENCE)
        target = extra if n == 8 else Target(TIMES, at_least=False)
        table.append(Row("floor", f"one tuple, n={n}", "s", wall[0], "bare mpi4py import", wall[1], target))
        if n == 8:
            end = [each.end_s for each in runs.ours], [each.end_s for each in runs.other]
            target = Target(END_S, at_least=False, of=Of.DIFFERENCE)
            table.append(
                Row(
                    "floor", "last tuple to exit, n=8", "s", end[0], "bare, last line to exit", end[1], target
                )
            )
    others = pairs(lambda: _one(bench, 8).wall_s, peers.floor(bench, 8), bench.repeats)
    return table + [
        Row("floor", "one tuple, n=8", "s", each.ours, name, each.other) for name, each in others.items()
    ]


class _Whole(NamedTuple):
    """A whole program."""

    wall_s: float
    end_s: float
    """From its last tuple on."""


def _timed(bench: Bench, name: str, start: Callable[[], Ended]) -> _Whole:
    bench.say(name)
    ended = start()
    return _Whole(ended.wall_s, ended.at_s - _last(ended))


def _one(bench: Bench, ranks: int) -> Ended:
    with tempfile.TemporaryDirectory(prefix="hpcd4p-bench-") as folder:
        return bench.launcher.run(["-m", "hpcd4p", "run", "--results", folder, "hpcd4p.bench.one"], ranks)


def _last(ended: Ended) -> float:
    """The latest moment that was printed."""
    moment = one.latest(ended.text)
    if moment is None:
        raise TrialError(f"the tuple is not in the output:\n{ended.text[-2000:]}")
    return moment
