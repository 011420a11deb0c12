"""The record of a run has how long its tuples took, and how old they left: in every mapping."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import clean_environment
from tests.e2e.harness import Runs

TUPLES = 60
SLOW = 6
ERROR = 1 / 32


def say(folder: Path, *words: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "hpcd4p", *words],
        cwd=folder,
        env=clean_environment() | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout


@pytest.mark.parametrize(
    ("n", "words"),
    [(1, ()), (2, ()), (4, ()), (4, ("--lend", "off")), (4, ("--mapping", "static"))],
    ids=["one process", "2", "4", "no lending", "static"],
)
def test_every_nap_is_timed(runs: Runs, n, words):
    ended = runs.run("two_speeds", n, *words)
    assert ended.status == 0, ended.err
    assert ended.summary is not None
    element = next(e for e in ended.summary.elements if e.name == "Nap1")
    times, latency = ended.summary.service["Nap1"], ended.summary.latency["Last2.output"]
    assert times.tuples == TUPLES
    # a nap is no shorter than it was asked to be; the machine may be slow, and then they were all longer
    assert times.p50_s >= 0.02 * (1 - ERROR)
    assert times.p99_s >= 0.2 * (1 - ERROR)
    assert times.mean_s == pytest.approx(element.busy_s / TUPLES, rel=ERROR + 0.02)
    assert (element.p50_s, element.p99_s) == (times.p50_s, times.p99_s)
    assert times.p50_s < element.busy_s / TUPLES < times.p99_s
    assert latency.tuples == TUPLES
    assert 0.02 * (1 - ERROR) <= latency.p50_s <= latency.p99_s <= ended.summary.elapsed_s * (1 + ERROR)


def test_a_record_tells_of_them_and_a_simulation_draws_from_them(runs: Runs):
    ended = runs.start("two_speeds", 4)
    folder = ended.folder
    assert ended.wait().status == 0
    (record,) = (folder / "results").glob("*.h5")
    shown = say(folder, "show", str(record))
    assert "Service times" in shown
    assert "Latency" in shown
    told = json.loads(say(folder, "show", str(record), "--json"))["summary"]
    nap = told["service"]["Nap1"]
    assert sum(tuples for _, tuples in nap["buckets"]) == nap["tuples"] == TUPLES
    words = ["--ranks", "1", "--tuples", "20000", "--autoscale", "none"]
    simulated = say(folder, "simulate", "--record", str(record), *words)
    assert "p99" in simulated
    (outcome,) = json.loads(say(folder, "simulate", "--record", str(record), *words, "--json"))
    busy = next(e["busy_s"] for e in told["elements"] if e["name"] == "Nap1")
    assert outcome["busy_s"] == pytest.approx(20_000 * busy / TUPLES, rel=0.05)
