"""A cluster in which partitions move at random: to any rank, at any moment, whether it helps or not.

``python -m tests.sim.moving 200`` tries it for so many seconds with seeds of its own, and says which failed.
"""

from __future__ import annotations

import random
import sys
import time

from hpcd4p.plan.settings import EngineSettings
from hpcd4p.runtime.commit import outgoing
from hpcd4p.testing.cluster import Cluster
from tests.sim.compare import answer, leftovers, of_one_process
from tests.sim.gallery import GALLERY, Case
from tests.sim.one_process import OneProcess
from tests.sim.random_dealer import RandomDealer


def simulate(
    case: Case,
    size: int,
    seed: int = 0,
    kills: int = 0,
    suspects: int = 0,
    settings: EngineSettings | None = None,
    chance: float = 0.8,
) -> RandomDealer:
    """Run `case` on a cluster with random moves, and hold its answer against that of one process."""
    graph, inputs = case.build()
    settings = (settings or EngineSettings())._replace(move="all")
    cluster = Cluster(graph, size, inputs, seed, kills, suspects, settings)
    mover = cluster.head.coordinator.mover
    dying = kills + suspects
    mortal = cluster.head.spec.plan.pool_ranks[-dying - 1 :] if dying else ()
    cluster.fates.spare([r for r in range(size) if r not in mortal])
    mover.dealer = dealer = RandomDealer(seed, chance, frozenset(mortal))
    cluster.run()
    got, expected = answer(cluster.sink), of_one_process(case)
    assert got == expected, f"got {got}, expected {expected}"
    left = leftovers(cluster)
    assert not left, left
    dealer.events = [(kind, text) for _, kind, text in cluster.sink.events]
    dealer.moves = sum(kind == "moved" for kind, _ in dealer.events)
    return dealer


def goes_on(case: Case, seed: int, settings: EngineSettings | None = None) -> int:
    """Resume a run in which partitions move, again and again, each time from one of its checkpoints.

    Gives how many have moved.
    """
    dice = random.Random(seed)
    resume, moves = None, 0
    for turn in range(4):
        every_s, size = dice.choice((0.0005, 0.003, 0.02)), dice.choice((1, 4, 5, 8))
        graph, inputs = case.build()
        if size == 1:
            run: Cluster | OneProcess = OneProcess(graph, inputs, seed + turn, every_s, resume)
        else:
            moving = (settings or EngineSettings())._replace(move="all")
            run = Cluster(
                graph, size, inputs, seed + turn, settings=moving, checkpoint_s=every_s, resume=resume
            )
            run.head.coordinator.mover.dealer = RandomDealer(seed, 1.0)
        run.run()
        got, expected = answer(run.sink), of_one_process(case)
        assert got == expected, f"turn {turn}, {size} ranks: got {got}, expected {expected}"
        moves += sum(kind == "moved" for _, kind, _ in run.sink.events)
        resume = dice.choice([resume, *run.keeper.complete_ones])
    return moves


def tried(seed: int) -> int:
    """Hand-overs of one run, of which the seed decides everything."""
    dice = random.Random(seed)
    case = GALLERY[dice.choice([name for name in GALLERY if name not in ("stateless chain", "no tuples")])]
    size = dice.choice((4, 5, 6, 8, 12, 16))
    kills = dice.choice((0, 1, 2)) if size >= 8 else 0
    tiny = EngineSettings(high_tasks_per_rank=1, inbox_high_tuples=16, max_task_tuples=8, window=1)
    vars(outgoing)["SEND_TUPLES"] = dice.choice((2, 5, 4096))
    settings = dice.choice((None, tiny))
    return simulate(case, size, seed, kills, int(kills > 1), settings, dice.choice((0.3, 1.0))).moves


def main(seconds: float) -> None:
    end, seed, moves = time.monotonic() + seconds, 0, 0
    while time.monotonic() < end:
        seed += 1
        try:
            moves += tried(seed)
        except Exception as error:  # noqa: BLE001  # whatever it is, the next seeds tell more
            print(f"seed {seed}: {type(error).__name__}: {str(error)[:500]}")
    print(f"{seed} runs, {moves} hand-overs")


if __name__ == "__main__":
    main(float(sys.argv[1]))
