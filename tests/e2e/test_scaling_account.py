"""The account of a real run adds up, and `explain` and `plot` tell of it."""

from __future__ import annotations

import pytest

from hpcd4p.record.reader import read_record
from tests.e2e.test_bad_words import GOOD

SCALED = ("--scale-s", "0.05")

WORDS = ("-i", "300", "--task-ms", "20")
"""Some seconds of work: twice `APART_S` and more."""

APART_S = 1.5
"""Between the end of the run and the moment in which a rank on a busy machine hears of it."""


def record_of(run):
    (path,) = (run.folder / "results").glob("*.h5")
    return path


def check(path):
    """All that must hold between the summary, the figures of the ranks, the timelines and the looks."""
    with read_record(path) as record:
        summary, scaling, timelines = record.summary, record.scaling(), record.timelines()
    busy = dict(zip(timelines.ranks, timelines.busy.sum(axis=1), strict=True))
    parked = dict(zip(timelines.ranks, timelines.parked.sum(axis=1), strict=True))
    lent = dict(zip(timelines.ranks, timelines.lent.sum(axis=1), strict=True))
    for figures in summary.ranks_figures[1:]:
        assert lent[figures.rank] == pytest.approx(figures.lent_s, rel=1e-3, abs=1e-3)
        assert figures.active_s + figures.parked_s == pytest.approx(summary.elapsed_s, abs=APART_S)
        assert figures.busy_s + figures.idle_s == pytest.approx(figures.active_s)
        assert busy[figures.rank] == pytest.approx(figures.busy_s, rel=1e-3, abs=1e-3)
        assert parked[figures.rank] == pytest.approx(figures.parked_s, rel=1e-3, abs=1e-3)
    assert ((timelines.busy + timelines.parked) <= timelines.bin_s * 1.001).all()
    assert timelines.bin_s * timelines.busy.shape[1] < summary.elapsed_s + APART_S + timelines.bin_s
    pool = [f for f in summary.ranks_figures if "pool" in f.role]
    assert summary.lent_s == pytest.approx(sum(f.lent_s for f in summary.ranks_figures))
    assert summary.process_time_s == pytest.approx(sum(f.active_s for f in pool) + summary.lent_s)
    assert summary.parked_s == pytest.approx(sum(f.parked_s for f in pool))
    assert summary.efficiency == pytest.approx(
        (sum(f.busy_s for f in pool) + summary.lent_s) / summary.process_time_s
    )
    assert summary.cpu_s > 0
    times = [tick.time_s for tick in scaling.ticks]
    assert times == sorted(times)
    assert len(scaling.changes) == summary.scaler.changes
    assert all(tick.reason for tick in scaling.ticks)
    return summary, scaling


@pytest.mark.parametrize("policy", ["queue", "policies:Chaos", "none"])
def test_the_account_adds_up(runs, policy):
    run = runs.start("load", 6, *WORDS, "--autoscale", policy, *SCALED)
    ended = run.wait()
    assert ended.status == 0, ended.err
    summary, scaling = check(record_of(run))
    assert summary.scaler.policy == policy
    assert summary.scaler.ranks in ((6,) if summary.lent_s else (4, 6))
    assert f"Auto-scaler {policy}: " in ended.out
    if policy == "none":
        assert summary.parked_s == 0.0
        # ranks that lend themselves may come one after the other
        assert all(4 <= change.before < change.after <= 6 for change in scaling.changes)
    else:
        assert summary.parked_s > 0
        assert scaling.changes


def test_a_rank_that_is_parked_to_the_end_is_accounted_for_to_the_end(runs):
    run = runs.start("load", 6, *WORDS, "-i", "80", "--autoscale", "fixed:1", *SCALED)
    assert run.wait().status == 0
    summary, _ = check(record_of(run))
    parked = [f.parked_s for f in summary.ranks_figures if f.role == "pool"]
    assert parked[0] == 0.0
    assert min(parked[1:]) > summary.elapsed_s - APART_S


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of each kind, made once."""
    from tests.e2e.harness import Runs

    made = Runs(tmp_path_factory.mktemp("kinds"))
    kinds = {
        "failed.h5": (5, "-i", "100", "--autoscale", "policies:Raises", *SCALED),
        "one.h5": (1, "-i", "20"),
        "two.h5": (2, "-i", "20"),
        "static.h5": (3, "-i", "20", "--mapping", "static"),
    }
    folder = tmp_path_factory.mktemp("records")
    for name, (n, *words) in kinds.items():
        run = made.start("load", n, *words)
        assert run.wait().status == 0
        record_of(run).rename(folder / name)
    yield folder
    made.close()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("failed.h5", ("What it did", "What it saved", "The policy failed", "ZeroDivisionError")),
        ("one.h5", ("made in one process",)),
        ("two.h5", ("no rank of this run could be parked",)),
        ("static.h5", ("static mapping",)),
    ],
)
def test_explain_tells_of_every_kind_of_run(hpcd4p, folder, name, words):
    ended = hpcd4p("explain", str(folder / name))
    assert ended.status == 0, ended.err
    for word in words:
        assert word in " ".join(ended.out.split())
    assert ended.err == ""


@pytest.mark.parametrize(
    ("name", "picture", "begin"),
    [("failed.h5", "a.png", b"\x89PNG"), ("static.h5", "a.svg", b"<?xml"), ("two.h5", "a.pdf", b"%PDF")],
)
def test_plot_draws_a_run_on_ranks(hpcd4p, folder, name, picture, begin):
    ended = hpcd4p("plot", str(folder / name), "-o", picture)
    assert ended.status == 0, ended.err
    assert ended.out == f"Picture: {picture}\n"
    assert (ended.folder / picture).read_bytes().startswith(begin)


def test_a_picture_has_the_name_of_its_record(hpcd4p, folder):
    ended = hpcd4p("plot", str(folder / "failed.h5"))
    assert ended.status == 0, ended.err
    assert (folder / "failed.png").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("explain",), "no run is under way, in results; give a record"),
        (("explain", "no.h5"), "there is no run no.h5, under way or ended, in results; give a record"),
        (("explain", "w.py"), "w.py is not an HDF5 file"),
        (("explain", "."), "no run is under way, in .; give a record"),
        (("plot", "no.h5"), "no.h5: No such file"),
        (("plot", "w.py"), "w.py is not an HDF5 file"),
        (("plot", "{folder}/one.h5"), "made in one process"),
        (("plot", "{folder}/failed.h5", "-o", "a.jpg"), "ends in .png, .svg, .pdf"),
        (("plot", "{folder}/failed.h5", "-o", "no/a.png"), "does not exist"),
        (("plot", "{folder}/failed.h5", "-o", "/proc/a.png"), "a.png"),
        (("plot", "{folder}/failed.h5", "--to", "a.png"), "unknown option --to"),
    ],
)
def test_what_cannot_be_told_or_drawn_is_one_message(hpcd4p, folder, words, says):
    ended = hpcd4p(*(word.format(folder=folder) for word in words), workflow=GOOD)
    assert ended.status == 2, ended.out + ended.err
    assert says in ended.error
    assert "Traceback" not in ended.err
    assert ended.out == ""


def test_without_matplotlib_the_extra_is_named(hpcd4p, folder, tmp_path):
    from tests.e2e.harness import STACKS

    lack = {"E2E_LACKS": "matplotlib", "PYTHONPATH": str(STACKS), "E2E_STACKS": str(tmp_path)}
    ended = hpcd4p("plot", str(folder / "failed.h5"), "-o", "a.png", variables=lack)
    assert ended.status == 2, ended.err
    assert "pip install 'hpcd4p[plot]'" in ended.error
    assert not (ended.folder / "a.png").exists()


def test_a_pool_is_parked_as_a_whole_when_only_stateful_work_is_left(hpcd4p):
    words = ("--shape", "stateful", "--scale", "0.3")  # 1,800 ms in one place, after 450 ms of the pool
    ended = hpcd4p("run", "-n", "5", "hpcd4p.bench.shapes", *SCALED, *words)
    assert ended.status == 0, ended.err
    with read_record(record_of(ended)) as record:
        scaling = record.scaling()
        (counted,) = [value for name in record.names for value in record.outputs(name)]
    assert counted == 900
    assert [tick.active for tick in scaling.ticks if tick.finished][-1] == 0
    assert min(tick.target for tick in scaling.ticks if not tick.finished) >= 1
