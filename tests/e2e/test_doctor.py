"""The doctor on this machine, which has everything but perhaps Slurm."""

from __future__ import annotations

import json

EXPECTED = {
    "Python",
    "MPI",
    "lost rank",
    "Redis server",
    "Redis client",
    "h5py",
    "numpy",
    "Slurm",
    "results folder",
    "leftovers",
}


def findings(hpcd4p, **given) -> dict[str, dict]:
    ended = hpcd4p("doctor", "--json", **given)
    return {f["name"]: f for f in json.loads(ended.out)}


def test_finds_what_a_run_needs_and_leaves_nothing(hpcd4p, tmp_path):
    found = findings(hpcd4p)
    assert set(found) == EXPECTED
    for name in EXPECTED - {"lost rank", "Slurm"}:
        assert found[name]["ok"], found[name]
    assert found["lost rank"]["ok"] == ("Open MPI 5" in found["MPI"]["found"])
    assert list(tmp_path.iterdir()) == []


def test_says_it_in_lines_for_people(hpcd4p):
    ended = hpcd4p("doctor")
    lines = ended.out.splitlines()
    for name in EXPECTED:
        assert [line for line in lines if name in line], ended.out
    assert ended.status == (1 if [line for line in lines if line.startswith("--")] else 0)


def test_a_doctor_that_is_a_rank_itself_says_so(hpcd4p):
    found = findings(hpcd4p, variables={"PMIX_RANK": "0"})
    assert not found["MPI"]["ok"]
    assert "is itself a rank" in found["MPI"]["found"]
    assert "without mpirun" in found["MPI"]["advice"]


def test_a_folder_that_cannot_be_written_is_a_lack_with_advice(hpcd4p, tmp_path):
    (tmp_path / "results").write_text("in the way, for root too")
    found = findings(hpcd4p)["results folder"]
    assert not found["ok"]
    assert "--results" in found["advice"]
