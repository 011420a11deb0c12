"""The figure *order* can be measured, and its answers are right; how fast it is, is not asked here."""

from __future__ import annotations

import json
import os
import subprocess
import sys


def test_the_figure_order_in_its_small_sizes(tmp_path):
    words = ["-m", "hpcd4p.bench", "--quick", "--repeats", "1", "--json", "figures.json", "order"]
    done = subprocess.run(
        [sys.executable, *words], cwd=tmp_path, env=os.environ, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["wrong"] == []
    whats = [row["what"] for row in figures["rows"]]
    assert len(whats) == len(set(whats)) == 11
    for row in figures["rows"]:
        assert row["figure"] == "order"
        assert row["reference"] > 0
        assert row["ours"] > 0 or row["unit"] == "tuples"
    latency = [row for row in figures["rows"] if row["unit"] == "ms"]
    assert [row["target"] for row in latency] == [None, "≤ 2 x"]
