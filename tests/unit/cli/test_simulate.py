"""``hpcd4p simulate``: its table, its JSON, its CSV, and what it refuses."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import pytest

from hpcd4p.cli.main import main

SMALL = ["simulate", "--ranks", "4", "--tuples", "100", "--service", "constant:0.05"]


def test_a_table_has_a_row_for_each_policy(capsys):
    assert main([*SMALL, "--autoscale", "none,knee,queue,idle,fixed:2"]) == 0
    said = capsys.readouterr().out
    for policy in ("none", "knee", "queue", "idle", "fixed:2"):
        assert f"\n  {policy} " in said
    assert "One Redis is enough" in said
    assert "4 ranks in the pool, a core for each; 100 tuples of constant:0.05 s" in said


def test_json_and_timeline(capsys, tmp_path):
    file = tmp_path / "line.csv"
    assert main([*SMALL, "--autoscale", "none,knee", "--json", "-o", str(file)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["policy"] for each in told] == ["none", "knee"]
    assert told[0]["elapsed_s"] == pytest.approx(1.27, abs=0.03)
    with file.open() as stream:
        rows = list(csv.DictReader(stream))
    assert {row["policy"] for row in rows} == {"none", "knee"}
    assert float(rows[5]["active"]) == 4.0


def test_cores_given_without_a_share_are_what_tuples_need(capsys):
    assert main([*SMALL, "--cores", "2", "--json", "--autoscale", "none"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["elapsed_s"] == pytest.approx(2.52, abs=0.05)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--ranks", "0"], "--ranks must be from 1"),
        (["--ranks", "many"], "--ranks must be a whole number"),
        (["--nodes", "5"], "--nodes must be from 1 to 4"),
        (["--cpu", "2"], "--cpu must be from 0 to 1"),
        (["--cpu", "nan"], "--cpu must be from 0 to 1"),
        (["--usl", "0.1"], "--usl must be two numbers"),
        (["--redis-commit", "-1"], "--redis-commit must be from 0"),
        (["--service", "gamma:1"], "no distribution"),
        (["--arrivals", "never"], "no arrivals 'never'"),
        (["--autoscale", "none,best"], "unknown policy --autoscale best"),
        (["--min-active", "9"], "only 4 ranks can work for the pool"),
        (["--min-active", "3", "--max-active", "2"], "more than --max-active"),
        (["--scale-s", "0"], "--scale-s must be from 0.02"),
        (["--record", "x.h5"], "leave one out"),
        (["--seed", "x"], "--seed must be a whole number"),
        (["-o", "/nowhere/x.csv"], "cannot be written"),
        (["--rank", "3"], "unknown option --rank; did you mean --ranks?"),
    ],
)
def test_what_makes_no_sense_is_one_message(capsys, words, said):
    assert main([*SMALL, *words]) == 2
    complaint = capsys.readouterr().err
    assert said in complaint
    assert "Traceback" not in complaint


def test_a_record_that_is_none_is_one_message(capsys, tmp_path):
    assert main(["simulate", "--record", str(tmp_path / "none.h5")]) == 2
    assert "records are in the folder" in capsys.readouterr().err


def test_the_service_time_and_the_tuples_of_a_record_are_simulated(capsys, tmp_path):
    (tmp_path / "w.py").write_text(
        "import time\n"
        "from hpcd4p import IterativePE, ProducerPE, WorkflowGraph\n"
        "class Source(ProducerPE):\n"
        "    def _process(self, inputs):\n"
        "        return 1\n"
        "class Nap(IterativePE):\n"
        "    def _process(self, number):\n"
        "        time.sleep(0.02)\n"
        "graph = WorkflowGraph()\n"
        "graph.connect(Source(), 'output', Nap(), 'input')\n"
    )
    command = [sys.executable, "-m", "hpcd4p", "run", "-n", "3", "-i", "40", "w.py"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    record = next((tmp_path / "results").glob("*.h5"))
    took_s = {}
    for ranks in (1, 4):
        words = ["--ranks", str(ranks), "--autoscale", "none", "--json"]
        assert main(["simulate", "--record", str(record), *words]) == 0
        told = json.loads(capsys.readouterr().out)[0]
        assert told["tuples"] == 40
        took_s[ranks] = told["elapsed_s"]
    assert took_s[4] >= 0.2  # ten naps one after the other, of 0.02 s or more
    assert took_s[1] == pytest.approx(4 * took_s[4], rel=0.2)


def test_a_pool_of_a_hundred_thousand_ranks(capsys):
    words = ["--ranks", "100000", "--tuples", "100000", "--service", "constant:60", "--autoscale", "none"]
    assert main(["simulate", *words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)[0]
    assert 60 < told["elapsed_s"] < 80  # each rank one tuple, and 6 s in which Redis hands them out
    assert told["redis_peak"] == pytest.approx(1.0, abs=0.01)
