"""A run in one process is killed with SIGKILL, and goes on: alone, on ranks, and alone again."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from hpcd4p.record.reader import read_record
from hpcd4p.runtime.head.last_cut import ONE_WISH_S
from tests.e2e.answers import plain
from tests.e2e.harness import Run, Runs

ITERATIONS = 400
"""About 6 s in one process."""

EVERY_S = "0.2"


def totals() -> Counter:
    sums: Counter = Counter()
    for number in range(ITERATIONS):
        sums[number % 7] += number
    return Counter(map(repr, sums.items()))


@pytest.fixture
def runs(tmp_path):
    runs = Runs(tmp_path)
    yield runs
    runs.close()


def epochs(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.glob("epoch-[0-9]*") if each.suffix != ".part")


def killed(run: Run, kept: list[Path] | None = None) -> Path:
    """End all of a run once it has made two checkpoints more; gives their folder."""
    found = kept or []

    def made() -> bool:
        found[:] = found or run.folder.glob("results/*.checkpoints")
        now = epochs(found[0]) if found else []
        return bool(now) and int(now[-1].split("-")[1]) >= least

    least = 2 + (int(epochs(kept[0])[-1].split("-")[1]) if kept else 0)
    run.until(made)
    assert run.process.poll() is None, "the run was over before the kill: it needs more work"
    run.kill()
    return found[0]


@pytest.mark.parametrize("sizes", [(1, 1), (1, 4), (4, 1, 4), (1, 4, 1)], ids=str)
def test_a_run_goes_on_wherever_it_was_killed(runs, sizes):
    first, *others = sizes
    run = runs.start("naps", first, "-i", str(ITERATIONS), "--checkpoint", EVERY_S)
    home = run.folder
    kept = killed(run)
    for size in others[:-1]:
        kept = killed(runs.start(str(kept), size, resume=True), [kept])
    ended = runs.start(str(kept), others[-1], resume=True).wait()
    assert ended.status == 0, ended.err
    record = max(home.glob("results/*.h5"), key=lambda path: path.stat().st_mtime)
    with read_record(record) as read:
        values = [plain(value) for name in read.names for value in read.outputs(name)]
        assert any(event.kind == "resumed" for event in read.events())
        figures, survival = read.summary.checkpoints, read.survival()
    assert (figures.resumed, figures.recovered) == (len(others), 0)
    made = [each for each in survival.checkpoints if not each.why_not]
    assert len(made) == figures.made >= 2 * len(others)
    assert {each.incarnation for each in made} >= {*range(len(others))}
    assert [each.epoch for each in made] == sorted({each.epoch for each in made})
    assert [each.began_s for each in made] == sorted(each.began_s for each in made)
    assert [each.incarnation for each in survival.gone_on] == [*range(1, len(others) + 1)]
    assert [each.ranks for each in survival.gone_on] == others
    assert {each.epoch for each in survival.gone_on} <= {each.epoch for each in made}
    assert all(0 < each.repeated_s < 60 for each in survival.gone_on)
    assert Counter(map(repr, values)) == totals()
    assert not kept.exists()


def going_on(run: Run) -> str:
    return f"hpcd4p resume {next(run.folder.glob('results/*.checkpoints')).relative_to(run.folder)}"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("every", ["1000", "0.2"])
def test_a_run_that_is_asked_to_end_makes_a_last_checkpoint(runs, number, every):
    run = runs.start("naps", 1, "-i", str(ITERATIONS), "--checkpoint", every)
    run.until_touched("begun-*")
    if every != "1000":
        run.until(lambda: any(map(epochs, run.folder.glob("results/*.checkpoints"))))
    os.kill(run.process.pid, number)
    stopped = run.wait(held=True)
    assert stopped.status == 3, stopped.err
    assert f"stopped by {number.name}" in stopped.err
    assert going_on(run) in stopped.out
    done = stopped.summary.elements[1].tuples_in
    assert done < ITERATIONS, "the run was over before it was asked to end: it needs more work"
    ended = runs.start("", 1, after=run).wait()
    assert ended.status == 0, ended.err
    assert Counter({repr(value): n for (_, value), n in ended.outputs.items()}) == totals()
    assert [text for kind, text in ended.events if kind == "resumed"] != []
    # what the last checkpoint has kept is not done again, but for calls of the source
    assert ended.summary.ranks_figures[0].tuples <= 3 * (ITERATIONS - done) + done


@pytest.mark.parametrize("twice", [False, True], ids=["waits no longer than it may", "twice: at once"])
def test_a_run_that_is_in_a_long_call_ends_without_it(runs, twice):
    run = runs.start("stuck", 1, "-i", "60", "--checkpoint", "1000")
    run.until_touched("stuck-*")
    os.kill(run.process.pid, signal.SIGINT)
    if twice:
        time.sleep(2 * ONE_WISH_S)
        os.kill(run.process.pid, signal.SIGINT)
    stopped = run.wait(held=True)
    assert stopped.status == 3, stopped.err
    assert "stopped by SIGINT before the end" in stopped.err
    assert "Traceback" not in stopped.err
    assert stopped.leftovers == []
    assert not list(run.folder.glob("results/*.checkpoints/epoch-*")), "the call went on to its end"
