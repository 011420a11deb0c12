"""`hpcd4p.open`: a run that has finished, is under way, was stopped or killed; and what is none."""

from __future__ import annotations

import html
import json
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import hpcd4p
from hpcd4p.checkpoint.folder import Folder
from hpcd4p.checkpoint.journal import Journal
from hpcd4p.cli.main import main
from hpcd4p.errors import CheckpointError, Hpcd4pError, RecordError
from hpcd4p.record.journalled import JournalSink
from hpcd4p.record.summary import DeadLetter, Summary
from hpcd4p.record.survival import CheckpointRow, Survival
from hpcd4p.record.writer import RecordWriter
from hpcd4p.results.finished import FinishedRun
from hpcd4p.results.kept import KeptRun

LETTER = DeadLetter("count", "input", "'7'", "ValueError: 7", "Traceback", 3, 1.5, "ValueError", "w.py:3")
OUTPUTS = [(f"word {i}", i) for i in range(30)]


class Kept:
    """A run with a checkpoint after 20 outputs, and 10 outputs after it."""

    def __init__(self, path: Path, complete: bool = True) -> None:
        self.path = path
        self.folder = Folder.create(path, {"workflow": "w", "ranks": 4, "sources": {"/home/me/w.py": ""}})
        self.journal = Journal(self.folder.journal, self.folder.key)
        self.sink = JournalSink(self.journal, pickle.dumps)
        self.sink.event(0.0, "start", "4 ranks")
        self.sink.outputs("count", "output", OUTPUTS[:20])
        self.sink.dead_letters([LETTER])
        end = self.journal.end()
        if complete:
            self.folder.begin(1)
            kept = Survival()
            kept.add(CheckpointRow(1, 10.0, 0, 3_100_000, 0.2, 1.5, 0.05, 0.1))
            facts = {"journal": end, "survival": kept.as_dict(), "cut_at": time.time(), "tuples": 20}
            self.folder.complete(1, {"files": {}, "elapsed_s": 10.0, **facts})
        self.sink.outputs("count", "output", OUTPUTS[20:])
        self.sink.outputs("other", "x", [1.5])
        self.journal.end()

    def die(self) -> None:
        """Leave the note of a process that is dead."""
        done = subprocess.Popen([sys.executable, "-c", ""])
        done.wait()
        note = {"host": os.uname().nodename, "pid": done.pid, "since": time.time() - 60}
        (self.path / "lock").write_text(json.dumps(note))


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "w.checkpoints")


def shown(path: Path, *words: str, capsys: Any) -> str:
    assert main(["show", *words, str(path)]) == 0
    text: str = capsys.readouterr().out
    return text


def test_a_run_that_was_killed(kept: Kept, capsys: Any) -> None:
    kept.die()
    with hpcd4p.open(kept.path) as run:
        assert (run.workflow, run.status) == ("w", "dead")
        assert list(run.outputs) == ["count.output", "other.x"]
        assert len(run.outputs["count.output"]) == 30
        assert list(run.outputs["count.output"]) == OUTPUTS
        assert run.failures == [LETTER]
        assert [event.kind for event in run.events] == ["start"]
        assert [row.epoch for row in run.checkpoints] == [1]
        assert run.resume == f"hpcd4p resume {kept.path}"
        assert run.figures["tuples"] == 20
        text = repr(run)
    for part in ("a run of w, dead", "count.output  30 tuples", "1 checkpoint,", "hpcd4p resume"):
        assert part in text
    text = shown(kept.path, capsys=capsys)
    for part in (
        "a run of w, dead since ", "Last checkpoint: 1, made ", "count.output: 30 tuples", "('word 0', 0)",
        "... and 25 more", "ValueError: 7", f"Go on from the last checkpoint:  hpcd4p resume {kept.path}",
    ):  # fmt: skip
        assert part in text
    told = json.loads(shown(kept.path, "--json", capsys=capsys))
    assert (told["status"], told["outputs"]["count.output"]["count"]) == ("dead", 30)
    assert told["figures"]["checkpoints"]["made"] == 1


def test_one_that_is_under_way(kept: Kept, capsys: Any) -> None:
    run = hpcd4p.open(kept.path.with_suffix(".h5"))  # its record is not there yet
    assert (run.status, run.resume) == ("under way", "")
    before = run.outputs["count.output"]
    kept.sink.outputs("count", "output", [("later", 1)])
    kept.journal.end()
    assert list(before) == OUTPUTS  # as it was when it was opened
    assert len(hpcd4p.open(kept.path).outputs["count.output"]) == 31
    text = shown(kept.path, capsys=capsys)
    assert f"under way (process {os.getpid()} on " in text
    assert "resume" not in text


def test_one_that_was_stopped(kept: Kept, capsys: Any) -> None:
    kept.folder.unlock()
    assert hpcd4p.open(kept.path).status == "stopped"
    assert "stopped before its work was done" in shown(kept.path, capsys=capsys)


def test_one_that_has_no_checkpoint_yet(tmp_path: Path, capsys: Any) -> None:
    kept = Kept(tmp_path / "c", complete=False)
    kept.die()
    assert hpcd4p.open(kept.path).resume == ""
    text = shown(kept.path, capsys=capsys)
    assert "It has no checkpoint yet" in text
    assert "There is nothing to go on from" in text


def test_one_that_has_finished(tmp_path: Path) -> None:
    path = tmp_path / "w.h5"
    writer = RecordWriter(path)
    writer.outputs("count", "output", OUTPUTS)
    writer.event(0.0, "start", "4 ranks")
    writer.close(Summary("w"))
    with hpcd4p.open(str(path)) as run:
        assert (run.workflow, run.status, run.resume) == ("w", "completed", "")
        assert list(run.outputs["count.output"]) == OUTPUTS
        assert (run.checkpoints, run.gone_on, run.failures, run.log) == ([], [], [], [])
        assert [event.kind for event in run.events] == ["start"]
        assert run.figures["workflow"] == "w"
        with pytest.raises(KeyError, match=r"no output 'count'; there are count\.output"):
            run.outputs["count"]


def test_a_notebook_shows_the_page_of_one_that_has_finished(tmp_path: Path) -> None:
    RecordWriter(tmp_path / "w.h5").close(Summary("<b>w</b>"))
    with hpcd4p.open(tmp_path / "w.h5") as run:
        assert isinstance(run, FinishedRun)
        shown = run._repr_html_()
    assert shown is not None
    assert shown.startswith("<iframe srcdoc=")
    assert html.unescape(html.unescape(shown)).count("<b>w</b>") > 1
    assert "<b>" not in shown
    assert run._repr_html_() is None  # it is closed


# ---- what a crash leaves, and what is no run


def refused(path: Path, says: str, capsys: Any) -> None:
    """Both ways say it, in one line, with status 2."""
    with pytest.raises(Hpcd4pError, match=says) as raised:
        hpcd4p.open(path)
    assert main(["show", str(path)]) == 2
    told = capsys.readouterr()
    assert told.err.strip() == f"hpcd4p: error: {raised.value}"
    assert len(told.err.splitlines()) == 1
    assert told.out == ""


def test_the_last_frame_may_be_torn(kept: Kept) -> None:
    size = os.path.getsize(kept.folder.journal)
    os.truncate(kept.folder.journal, size - 3)
    assert list(hpcd4p.open(kept.path).outputs["count.output"]) == OUTPUTS[:20]


def test_what_the_checkpoint_has_may_not_be_missing(kept: Kept, capsys: Any) -> None:
    os.truncate(kept.folder.journal, 100)
    refused(kept.path, "outputs.journal is cut short", capsys)


def test_a_changed_byte_is_told_and_nothing_was_unpickled(kept: Kept, capsys: Any) -> None:
    data = bytearray(kept.folder.journal.read_bytes())
    data[len(data) // 3] ^= 1
    kept.folder.journal.write_bytes(data)
    refused(kept.path, "has changed since it was written", capsys)


class Harm:
    """Does something when it is unpickled."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("harm",)


def test_what_somebody_else_has_appended_is_not_unpickled(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    other = Journal(tmp_path / "outputs.journal", b"x" * 32)
    begins = other.begins
    JournalSink(other, pickle.dumps).outputs("count", "output", [Harm()])
    other.end()
    with open(kept.folder.journal, "ab") as file:
        file.write((tmp_path / "outputs.journal").read_bytes()[begins:])
    assert list(hpcd4p.open(kept.path).outputs["count.output"]) == OUTPUTS
    assert not Path("harm").exists()


def test_of_another_version(kept: Kept, capsys: Any) -> None:
    path = kept.path / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 99}))
    refused(kept.path, "have another format than this hpcd4p reads", capsys)


def test_another_users(kept: Kept, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    refused(kept.path, "belongs to another user", capsys)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root, to be somebody else")
def test_a_folder_that_may_not_be_read(kept: Kept) -> None:
    code = (
        "import os, sys; from hpcd4p.cli.main import main; path = sys.argv[1]; "
        "main(['show', path]); sys.stderr.flush(); os.setuid(65534); sys.exit(main(['show', path]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(kept.path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert "Permission denied" in line


@pytest.mark.parametrize(
    ("name", "says"), [("none", "none: "), ("none.h5", "none.h5: "), ("", "a folder without checkpoints")]
)
def test_there_is_nothing(tmp_path: Path, name: str, says: str, capsys: Any) -> None:
    refused(tmp_path / name, says, capsys)


def test_damaged_checkpoints_are_told_and_the_outputs_shown(kept: Kept, capsys: Any) -> None:
    kept.die()
    (kept.path / "epoch-000001" / "manifest").write_bytes(b"x" * 100)
    run = hpcd4p.open(kept.path)
    assert isinstance(run, KeptRun)
    assert run.resume == ""
    assert list(run.outputs["count.output"]) == OUTPUTS
    assert "No checkpoint can be used: " in shown(kept.path, capsys=capsys)


def test_values_whose_classes_are_not_here_are_named_and_the_others_shown(kept: Kept, capsys: Any) -> None:
    body = pickle.dumps([1]).replace(b"K\x01a", b"cnowhere\nThing\na")
    sink = JournalSink(kept.journal, lambda values, protocol: body)
    sink.outputs("third", "x", [1])
    kept.journal.end()
    run = hpcd4p.open(kept.path)
    with pytest.raises(
        RecordError, match=r"third\.x holds objects .* import the workflow first \(from /home/me\)"
    ):
        list(run.outputs["third.x"])
    text = shown(kept.path, capsys=capsys)
    assert "(third.x holds objects that cannot be made here" in text
    assert "('word 0', 0)" in text
    told = json.loads(shown(kept.path, "--json", capsys=capsys))
    assert told["outputs"]["third.x"]["values"] is None


def test_an_error_is_one_that_callers_know() -> None:
    assert issubclass(RecordError, Hpcd4pError)
    assert issubclass(CheckpointError, Hpcd4pError)
