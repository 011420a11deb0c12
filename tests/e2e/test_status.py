"""A run tells its status while it goes on: in every mapping, dead or alive, one or several."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from hpcd4p.live.document import STARTING, from_text
from hpcd4p.live.file import NAME, StatusFile
from tests.e2e.conftest import clean_environment
from tests.e2e.harness import WITHOUT, Run, Runs
from tests.unit.live.documents import document, identity

CALLS = 240
"""Of which the second half is held."""

KEPT = ("--checkpoint", "0.3")


def ask(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """What `hpcd4p status WORDS` says in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "hpcd4p", "status", *words],
        cwd=folder,
        env=clean_environment() | {"PYTHONPATH": str(Path(__file__).parents[2]), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def told(folder: Path, *words: str, **variables: str) -> str:
    """The same, of what is no error."""
    done = ask(folder, *words, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def runs_of(folder: Path) -> list[dict[str, Any]]:
    """All runs, as programs see them."""
    runs: list[dict[str, Any]] = json.loads(told(folder, "--json"))["runs"]
    return runs


def is_told(run: Run) -> bool:
    """Whether it has told more than that it starts."""
    return any(
        json.loads(path.read_text())["state"] != STARTING
        for path in run.folder.glob(f"results/*.live/{NAME}")
    )


def held_run(runs: Runs, n: int, *words: str) -> Run:
    run = runs.start("survivor", n, "-i", str(CALLS), *words)
    run.until(run.is_held)
    run.until(lambda: is_told(run))
    return run


@pytest.mark.parametrize(
    ("n", "mapping"), [(1, "simple"), (2, "hybrid"), (5, "hybrid"), (4, "static")], ids=str
)
def test_what_is_told_of_a_run_under_way_is_right(runs, n, mapping):
    run = held_run(runs, n, "--mapping", mapping, *WITHOUT)
    status: dict[str, Any] = {}

    def all_is_through() -> bool:
        """What has come of the source so far has been worked on."""
        (each,) = runs_of(run.folder)
        status.clear()
        status.update(each["status"])
        assert each["is"] == "under way"
        elements = {element["name"][:4]: element for element in status["elements"]}
        through = not any(element["backlog"] for element in elements.values())
        through = through and elements["Work"]["tuples_out"] == elements["Slow"]["tuples_in"]
        return through and CALLS // 2 <= elements["Numb"]["tuples_out"] == elements["Work"]["tuples_in"]

    run.until(all_is_through)
    elements = {element["name"][:4]: element for element in status["elements"]}
    numbers, work, slow = elements["Numb"], elements["Work"], elements["Slow"]
    assert status["totals"]["of_calls"] == CALLS
    # calls are counted when a batch of them is through
    assert 0 < status["totals"]["calls"] == numbers["tuples_in"] <= numbers["tuples_out"] <= CALLS
    assert work["failed"] == status["totals"]["failed"] - slow["failed"]
    assert work["tuples_out"] == 2 * (work["tuples_in"] - work["failed"])
    assert sum(row["count"] for row in status["ranks"]) == status["run"]["ranks"] == n
    assert all(row["memory_bytes"] > 1 << 20 for row in status["ranks"])
    assert (status["memory"]["redis_bytes"] is None) == (mapping != "hybrid")
    assert status["checkpoints"] is None
    text = told(run.folder, Path(status["run"]["record"]).name)
    assert ": under way, " in text
    assert f"of {CALLS} inputs" in text
    ended = run.wait()
    assert ended.status == 1, ended.err  # tuples of it fail
    assert not list(run.folder.glob("results/*.live"))
    assert runs_of(run.folder) == []
    assert told(run.folder, Path(status["run"]["record"]).name).startswith("survivor: finished in ")


def test_the_end_is_expected_where_the_number_of_inputs_is_known(runs):
    known = held_run(runs, 4, *WITHOUT)
    known.until(lambda: runs_of(known.folder)[0]["status"]["expected"])
    assert "The end: expected at " in told(known.folder, "survivor")
    assert known.wait().status == 1
    other = runs.start("survivor", 4, "--range", "400", *WITHOUT)
    other.until(lambda: is_told(other))
    assert "The end: not known, each source is called once" in told(other.folder, "survivor")
    assert other.wait().status == 1


@pytest.mark.parametrize("n", [1, 4])
def test_a_run_that_was_killed_is_called_dead_until_it_goes_on(runs, n):
    run = held_run(runs, n, *KEPT)
    run.until(lambda: runs_of(run.folder)[0]["status"]["checkpoints"]["made"])
    run.kill()
    while (each := runs_of(run.folder)[0])["is"] != "dead":  # its last status is a moment old
        assert each["silent_s"] < 30.0
    text = told(run.folder, "survivor")
    assert "survivor: DEAD, " in text
    assert f"hpcd4p resume {each['status']['run']['checkpoints']}" in text
    again = runs.start("", n, after=run)
    again.until(lambda: [other["is"] for other in runs_of(run.folder)] == ["under way"])
    assert again.wait().status == 1
    assert runs_of(run.folder) == []


def test_a_rank_that_died_is_lost_in_a_run_that_goes_on_in_its_job(runs):
    run = held_run(runs, 5, *KEPT)
    run.until(lambda: runs_of(run.folder)[0]["status"]["checkpoints"]["made"])
    os.kill(run.rank(1), signal.SIGKILL)
    run.until(lambda: runs_of(run.folder)[0]["status"]["checkpoints"]["went_on"] == 1)
    (each,) = runs_of(run.folder)
    assert each["is"] == "under way"
    states = {row["ranks"]: row["state"] for row in each["status"]["ranks"]}
    assert states.pop("1") == "lost"
    assert "lost" not in states.values()
    assert run.wait().status == 1


def test_whoever_watches_sees_the_end(runs):
    run = held_run(runs, 3, *WITHOUT)
    words = [sys.executable, "-m", "hpcd4p", "status", "--watch", "survivor"]
    environ = clean_environment() | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with open(run.folder / "watched", "w") as out:
        watcher = subprocess.Popen(words, cwd=run.folder, env=environ, stdout=out, stderr=out)
    try:
        run.until(lambda: (run.folder / "watched").read_text().count(": under way, ") >= 2)
        assert run.wait().status == 1
        assert watcher.wait(60) == 0
    finally:
        watcher.kill()
        watcher.wait()
    assert "\nsurvivor: finished in " in (run.folder / "watched").read_text()


def test_several_runs_have_a_line_each(runs):
    first = held_run(runs, 3, *WITHOUT)
    second = runs.start("survivor", 1, "-i", str(CALLS), "--results", str(first.folder / "results"), *WITHOUT)
    second.until(lambda: len(runs_of(first.folder)) == 2)
    lines = told(first.folder).splitlines()
    assert [line.split()[0][:8] for line in lines] == ["run", "survivor", "survivor"]
    refused = ask(first.folder, "survivor")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "there is no run survivor, under way or ended, also not in results; there are " in refused.stderr
    for run in (first, second):
        assert run.wait().status == 1


WATCHED = """
    import sys, time
    from pathlib import Path
    import hpcd4p
    from hpcd4p import ProducerPE, WorkflowGraph

    class Watched(ProducerPE):
        def _process(self, inputs):
            time.sleep(0.01)  # all calls together take longer than it takes to the first status
            return len(list(Path(inputs["results"]).glob("*.live/status.json")))

    graph = WorkflowGraph()
    watched = Watched()
    graph.add(watched)

    if __name__ == "__main__":
        where, ranks = Path(sys.argv[1]).absolute(), int(sys.argv[2])
        inputs = [{"results": str(where)}] * 600
        result = hpcd4p.run(graph, {watched: inputs}, ranks=ranks, record=where)
        print(sorted(set(result.outputs["Watched0.output"])))
"""


@pytest.fixture
def script(tmp_path):
    (tmp_path / "watched.py").write_text(textwrap.dedent(WATCHED))

    def call(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=tmp_path,
            env=clean_environment() | {"PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


@pytest.mark.parametrize("ranks", ["1", "3"])
def test_a_run_from_python_tells_its_status_beside_its_record(script, tmp_path, ranks):
    assert script("watched.py", "results", ranks) == "[0, 1]\n"
    assert [path.suffix for path in (tmp_path / "results").iterdir()] == [".h5"]


@pytest.mark.parametrize("words", [["--no-live"], ["--no-record"]])
@pytest.mark.parametrize("n", [[], ["-n", "3"]])
def test_one_that_is_to_tell_nothing_has_no_folder(script, tmp_path, words, n):
    inputs = json.dumps({"Watched": [{"results": str(tmp_path / "results")}] * 300})
    out = script("-m", "hpcd4p", "run", *n, *words, "-d", inputs, "watched.py")
    assert "300 tuples" in out
    if words == ["--no-live"]:
        (record,) = (tmp_path / "results").glob("*.h5")
        shown = script("-m", "hpcd4p", "show", "--json", str(record))
        assert set(json.loads(shown)["outputs"]["Watched0.output"]["values"]) == {0}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing"], "there is no run nothing, under way or ended, also not in results"),
        (["--results", "nowhere"], "nowhere is no folder"),
        (["a", "b"], "unexpected argument 'b'"),
        (["damaged"], "is no status of a run"),
        (["later"], "has version 99 of the status; this hpcd4p reads version"),
        (["later.h5"], "has version 99 of the status; this hpcd4p reads version"),
    ],
)
def test_bad_words_are_told_in_a_line(tmp_path, words, said):
    for name, text in (("damaged", "{"), ("later", '{"version": 99}')):
        (tmp_path / "results" / f"{name}.live").mkdir(parents=True)
        (tmp_path / "results" / f"{name}.live" / NAME).write_text(text)
    done = ask(tmp_path, *words)
    assert done.returncode == 2
    message, *more = done.stderr.splitlines()
    assert said in message
    assert more in ([], ["hpcd4p status --help lists the options"])
    assert done.stdout == ""


def test_a_status_that_cannot_be_told_hides_no_other(tmp_path):
    (tmp_path / "results" / "later.live").mkdir(parents=True)
    (tmp_path / "results" / "later.live" / NAME).write_text('{"version": 99}')
    assert "later.live: " in told(tmp_path)


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_one_that_may_not_be_read_is_told(tmp_path):
    (tmp_path / "results" / "hers.live").mkdir(parents=True)
    (tmp_path / "results" / "hers.live" / NAME).touch(0o000)
    assert "cannot be read: Permission denied" in ask(tmp_path, "hers").stderr


def test_runs_of_my_jobs_are_told_wherever_they_were_submitted(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    programs = tmp_path / "programs"
    for folder in (here, programs):
        folder.mkdir()
    for name, job in (("mine", "17"), ("older", "9")):
        status = document(written=time.time(), run=identity(host="n1", job=job))
        StatusFile(there / "results" / f"{name}.live").write(status)
    rows = [f"17|RUNNING|None|any|{there}", f"18|PENDING|Resources|hpcd4p|{there}", "19|RUNNING|None|other|/"]
    (programs / "squeue").write_text("#!/bin/sh\n" + "".join(f"echo '{row}'\n" for row in rows))
    (programs / "squeue").chmod(0o755)
    lines = told(here, PATH=os.pathsep.join([str(programs), os.environ["PATH"]])).splitlines()
    assert [line.split()[0] for line in lines] == ["run", "mine", "job"]
    assert lines[-1] == "job 18: pending (Resources), no run of it tells anything"


def test_where_nothing_runs_that_is_said(tmp_path):
    assert told(tmp_path).startswith("no run is under way in results; ")
    assert told(tmp_path, ".").startswith("no run is under way below .; ")


def test_the_file_is_what_its_schema_says(runs):
    run = held_run(runs, 3, *WITHOUT)
    (path,) = run.folder.glob(f"results/*.live/{NAME}")
    assert from_text(path.read_text(encoding="ascii"), str(path)).run.ranks == 3
    run.wait()


def test_a_page_is_written_while_a_run_goes_on_and_when_it_has_ended(runs):
    run = held_run(runs, 4, *WITHOUT)
    (record,) = (Path(each["status"]["run"]["record"]) for each in runs_of(run.folder))
    page = run.folder / "page.html"
    words = [sys.executable, "-m", "hpcd4p", "report", "--live", record.name, "-o", str(page)]
    environ = clean_environment() | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(words, cwd=run.folder, env=environ, stdout=subprocess.PIPE, text=True) as watcher:
        try:
            run.until(page.exists)
            first = page.read_text()
            assert 'http-equiv="refresh"' in first
            assert ">under way<" in first
            run.until(lambda: page.read_text() != first)
            assert run.wait().status == 1
            out, _ = watcher.communicate(timeout=60)
        finally:
            watcher.kill()
    assert watcher.returncode == 0
    assert out.splitlines()[-1] == f"Page: {page}"
    last = page.read_text()
    assert "refresh" not in last
    assert ">failed tuples<" in last
    assert "Service times" in last
    assert not list(run.folder.glob(".*.part"))
