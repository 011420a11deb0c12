"""A run that stalls says why: each way to stall, for real, and one that is well."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hpcd4p.errors import LiveError
from hpcd4p.live.document import Cause, Document
from hpcd4p.live.file import read_status
from tests.e2e.conftest import clean_environment
from tests.e2e.harness import WITHOUT, Run, Runs

ALL_ACTIVE = ("--autoscale", "none", *WITHOUT)


def ask(folder: Path, *words: str) -> str:
    """What `hpcd4p WORDS` says in a folder, of what is no error."""
    done = subprocess.run(
        [sys.executable, "-m", "hpcd4p", *words],
        cwd=folder,
        env=clean_environment() | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def status(run: Run) -> Document | None:
    """The newest status of a run; None: it has told none yet."""
    for folder in run.folder.glob("results/*.live"):
        try:
            return read_status(folder)
        except (OSError, LiveError):
            return None
    return None


def first_cause(run: Run) -> Cause | None:
    document = status(run)
    return document.limits[0] if document is not None and document.limits else None


def until_named(run: Run, kind: str, *, wrong: bool = True) -> Cause:
    """The first cause, as soon as it is of that kind."""
    found: list[Cause] = []

    def look() -> bool:
        cause = first_cause(run)
        found[:] = [] if cause is None else [cause]
        return bool(found) and (found[0].kind, found[0].wrong) == (kind, wrong)

    try:
        run.until(look)
    except BaseException:
        print("the last answer was", found)
        raise
    return found[0]


def stalled(runs: Runs, stall: str, n: int, *words: str, **given: Any) -> Run:
    return runs.start("stalls", n, "--stall", stall, *words, **given)


def explained(run: Run, kind: str) -> tuple[dict[str, Any], str]:
    """The first cause as programs and as people see it."""
    plain = json.loads(ask(run.folder, "explain", "--json"))
    text = ask(run.folder, "explain", next(run.folder.glob("results/*.live")).stem)
    assert plain["is"] == "under way"
    first: dict[str, Any] = plain["limits"][0]
    assert first["kind"] == kind, plain
    assert "What limits it: " in text
    assert f"type:  {first['to_type']}" in text
    return first, text


def who(run: Run) -> tuple[str, str]:
    """Rank and process that stall."""
    rank, pid, _ = (run.folder / "who").read_text().split()
    return rank, pid


def test_a_source_that_gives_nothing_is_named(runs):
    run = stalled(runs, "source", 4, *WITHOUT)
    until_named(run, "source")
    run.until(
        lambda: (first_cause(run) or _none).text.startswith("the source Numbers0 has given nothing for ")
    )
    first, _ = explained(run, "source")
    assert (first["element"], first["ranks"]) == ("Numbers0", "0")
    assert any("of the pool waited for a task" in each for each in first["evidence"])
    assert first["to_type"].startswith("-n ")
    assert "Limited by: the source Numbers0 " in ask(run.folder, "status", "stalls")


def test_a_rank_that_is_behind_is_named_with_its_partition_and_its_hottest_key(runs):
    run = stalled(runs, "hot", 4, *WITHOUT)
    until_named(run, "stateful")
    run.until(lambda: "key 'hot'" in (first_cause(run) or _none).text)
    first, _ = explained(run, "stateful")
    assert first["element"] == "Slow2"
    assert first["text"].startswith(f"rank {first['ranks']} is behind with Slow2, partition ")
    assert any("of work are in line" in each for each in first["evidence"])
    assert first["to_type"] == "key = [0, 1]"


def test_a_pool_that_is_too_small_is_told_how_many_more_ranks_would_help(runs):
    run = stalled(runs, "pool", 3, *ALL_ACTIVE)
    until_named(run, "pool")
    first, text = explained(run, "pool")
    assert first["element"] == "Work1"
    assert "more ranks would help" in " ".join(text.split())
    option, many = first["to_type"].split()
    assert option == "-n"
    assert int(many) > 3


def test_ranks_that_share_a_core_are_told_so(runs):
    run = stalled(runs, "burn", 5, *ALL_ACTIVE, under=["taskset", "-c", "0"])
    until_named(run, "cores")
    first, _ = explained(run, "cores")
    # what else this machine does may take most of that core
    here = os.uname().nodename
    assert (first["text"], first["to_type"]) in (
        (f"ranks wait for a core: 5 ranks share 1 core on {here}", "-n 1"),
        (f"ranks wait for a core: others use the 1 core on {here}, too", "top -b -n 1"),
    )


def test_a_source_that_waits_for_memory_is_named_with_the_mark(runs):
    run = stalled(runs, "memory", 3, *ALL_ACTIVE, "--high-bytes", str(1 << 20))
    until_named(run, "memory")
    first, _ = explained(run, "memory")
    assert first["element"] == "Numbers0"
    assert any("sources wait above 1.05 MB" in each for each in first["evidence"])
    assert first["to_type"] == f"--high-bytes {1 << 21}"


def test_ranks_that_wait_in_the_kernel_for_a_file_are_named(runs):
    run = stalled(runs, "blocked", 4, *ALL_ACTIVE)
    until_named(run, "files")
    first, _ = explained(run, "files")
    assert first["element"] == "Work1"
    assert first["ranks"]
    assert any("(state D)" in each for each in first["evidence"])
    assert first["to_type"].startswith("ls -l /proc/")


def test_a_file_system_to_which_rank_0_writes_slowly_is_named(runs):
    run = stalled(runs, "none", 3, variables={"E2E_SLOW_WRITES": "1"})
    until_named(run, "files")
    first, _ = explained(run, "files")
    assert first["ranks"] == "0"
    assert "of its time, lately, it has spent on writing" in first["evidence"][0]
    assert "--checkpoint-dir /tmp/checkpoints" in first["to_type"]


def test_ranks_that_wait_for_a_lock_are_named_with_who_has_it(runs):
    run = stalled(runs, "lock", 3, *ALL_ACTIVE)
    path = run.folder / "lock"
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        (run.folder / "locked").touch()
        until_named(run, "outside")
        first, _ = explained(run, "outside")
    assert first["element"] == "Work1"
    assert f"the lock on {path}, which process {os.getpid()} (" in first["text"]
    assert first["ranks"]
    assert first["to_type"].startswith("ls -l /proc/")


def test_an_ordered_element_that_waits_for_a_tuple_is_named_with_who_has_it(runs):
    run = stalled(runs, "sleep", 4, *WITHOUT)
    until_named(run, "order")
    first, _ = explained(run, "order")
    rank, _ = who(run)
    assert (first["element"], first["ranks"]) == ("Heard2", rank)
    assert first["text"] == f"Heard2 waits for an earlier tuple of Work1, at work on rank {rank}"
    assert first["to_type"] == "ordered = False"


def test_a_checkpoint_that_waits_for_a_rank_is_named_with_it(runs):
    run = stalled(runs, "checkpoint", 4, "--checkpoint", "0.5")
    found: list[dict[str, Any]] = []

    def look() -> bool:
        cause = first_cause(run)
        if cause is None or not cause.text.startswith("a checkpoint waits for "):
            return False
        found[:] = json.loads(ask(run.folder, "explain", "--json"))["limits"][:1]
        return str(found[0]["text"]).startswith("a checkpoint waits for ")  # it may be given up by now

    run.until(look)
    first = found[0]
    rank = first["ranks"]
    assert first["text"] == f"a checkpoint waits for rank {rank}, in the middle of a tuple of Slow2"
    assert any(each.startswith("ranks with state have stood still for ") for each in first["evidence"])
    assert first["to_type"] == "--checkpoint 60"


def test_a_rank_that_is_stuck_in_one_tuple_is_named_with_its_process(runs):
    run = stalled(runs, "spin", 4, *WITHOUT)
    until_named(run, "stuck")
    first, _ = explained(run, "stuck")
    rank, pid = who(run)
    assert (first["element"], first["ranks"]) == ("Work1", rank)
    assert first["text"].startswith(f"rank {rank} has been in one tuple of Work1 for ")
    assert f"process {pid} on {os.uname().nodename}" in first["evidence"][0]
    assert first["to_type"] == f"kill -KILL {pid}"


def test_a_process_that_somebody_has_stopped_is_named(runs):
    run = stalled(runs, "stopped", 4, *WITHOUT)
    run.until(lambda: (run.folder / "who").exists())
    _, pid = who(run)
    os.kill(int(pid), signal.SIGSTOP)
    until_named(run, "stuck")
    assert explained(run, "stuck")[0]["to_type"] == f"kill -CONT {pid}"


def test_of_a_run_that_is_well_it_is_said_that_nothing_is_wrong_and_what_limits_it(runs):
    run = stalled(runs, "healthy", 3, *ALL_ACTIVE)
    found: list[str] = []

    def is_well() -> bool:
        cause = first_cause(run)
        if cause is None or cause.wrong:
            return False
        found[:] = [ask(run.folder, "explain")]
        return "Nothing is wrong." in found[0]

    run.until(is_well)
    assert "What limits it: the source Numbers0 is slower than the pool" in found[0]


def test_a_start_that_waits_for_a_rank_names_it_and_the_run_goes_on_when_it_comes(runs):
    run = stalled(runs, "pool", 3, *WITHOUT, variables={"E2E_STARTS_LATE": "2 late"})
    found: list[dict[str, Any]] = []

    def named() -> bool:
        if status(run) is None:
            return False
        found[:] = [json.loads(ask(run.folder, "explain", "--json"))]
        return found[0]["limits"][0]["ranks"] == "2"

    run.until(named)
    first = found[0]["limits"][0]
    assert (found[0]["is"], first["kind"], first["host"]) == ("starting", "start", os.uname().nodename)
    assert first["text"].startswith("the start waits for rank 2 on ")
    assert first["evidence"][0].startswith(f"rank 2 is process {run.rank(2)}, state ")
    assert first["to_type"] == f"ls -l /proc/{run.rank(2)}/fd"
    told = ask(run.folder, "status", "stalls")
    assert "stalls: starting, " in told
    assert "Limited by: the start waits for rank 2 on " in told
    (run.folder / "late").touch()
    until_named(run, "pool")


@pytest.mark.parametrize("n", [1, 3])
def test_of_a_dead_run_it_is_said_that_it_is_dead(runs, n):
    run = stalled(runs, "pool", n, *WITHOUT)
    run.until(lambda: first_cause(run) is not None)
    run.kill()
    while json.loads(ask(run.folder, "explain", "--json", "stalls"))["is"] == "under way":
        pass
    text = ask(run.folder, "explain", "stalls")
    assert "stalls: DEAD, " in text
    assert "What limits it" not in text


_none = Cause("", False, "", "", "", 0.0, "", [], "", "")
