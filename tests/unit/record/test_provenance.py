"""Where a run came from."""

from __future__ import annotations

import json

import pytest

from hpcd4p.record.provenance import gather, read_status, redacted
from hpcd4p.record.summary import RankFigures, Summary


def test_reads_what_git_says() -> None:
    text = "# branch.oid abc123\n# branch.head main\n# branch.upstream origin/main\n"
    assert read_status(text) == {"git_commit": "abc123", "git_branch": "main", "git_dirty": False}
    assert read_status(text + "1 .M N... 100644 100644 100644 a b file.py\n")["git_dirty"]
    assert read_status("") == {}


def test_tells_versions_command_and_hosts() -> None:
    ranks = [RankFigures(0, "n1"), RankFigures(1, "n2"), RankFigures(2, "n1")]
    found = gather(Summary("w", ranks_figures=ranks, config={"seed": 7}))
    assert found["hosts"] == ["n1", "n2"]
    assert found["seed"] == 7
    assert found["command_line"]
    assert found["python"].count(".") == 2


def test_what_the_run_says_itself_wins() -> None:
    assert gather(Summary("w", provenance={"python": "mine"}), {"git_commit": "a"})["python"] == "mine"


def test_slurm_is_told_without_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "42")
    monkeypatch.setenv("SLURM_JWT", "geheim")
    assert gather(Summary("w"))["slurm"] == {"SLURM_JOB_ID": "42"}


def test_a_run_of_a_study_tells_its_point(monkeypatch: pytest.MonkeyPatch) -> None:
    point = {"study": "s", "key": "ranks=8,repeat=1", "attempt": 2, "repeat": 1, "axes": {"ranks": 8}}
    monkeypatch.setenv("HPCD4P_POINT", json.dumps(point))
    assert gather(Summary("w"))["point"] == point


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", "5"])
def test_a_point_that_is_no_object_is_left_out(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("HPCD4P_POINT", text)
    assert "point" not in gather(Summary("w"))


def test_a_password_in_an_address_is_hidden_wherever_it_stands() -> None:
    assert redacted({"a": ["redis://me:geheim@host:1/0", "rediss://:p@h", 3]}) == {
        "a": ["redis://me:***@host:1/0", "rediss://:***@h", 3]
    }
    assert redacted("redis://host:6379/0") == "redis://host:6379/0"
