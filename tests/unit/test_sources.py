"""The shipped sources: what they write, in one process and on several ranks, and where they go on."""

from __future__ import annotations

import bz2
import gzip
import lzma
import pickle
from pathlib import Path
from typing import Any

import pytest

from hpcd4p import FilesPE, IterativePE, LinesPE, RangePE, WorkflowGraph, sources
from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.memory import MemorySink
from hpcd4p.runtime import sequential
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.testing.cluster import Cluster


class Cut(Exception):
    """Stops a source after some writes."""


def called(pe: Any, most: int = 10**9) -> list[Any]:
    """What a call writes; ended after `most` writes by a position that is asked for in the last one."""
    came: list[Any] = []

    def sink(name: str, value: Any) -> None:
        came.append(value)
        if len(came) == most:
            raise Cut(pickle.dumps(pe.position()))

    pe._sink = sink
    pe.preprocess()
    pe.process({})
    return came


def cut_everywhere(make) -> None:
    """After each write, another one that is sent there writes what is left."""
    whole = called(make())
    assert len(whole) > 3
    for most in range(1, len(whole) + 1):
        with pytest.raises(Cut) as cut:
            called(make(), most)
        again = make()
        again.seek(pickle.loads(cut.value.args[0]))
        assert called(again) == whole[most:]


@pytest.fixture
def texts(tmp_path) -> Path:
    folder = tmp_path / "texts"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"one\ntwo\r\n\nfour")
    (folder / "b.txt").write_bytes(b"")
    (folder / "deep" / "c.txt.gz").write_bytes(gzip.compress("fünf\nsechs\n".encode()))
    (folder / "deep" / "d.txt.bz2").write_bytes(bz2.compress(b"seven\neight\n"))
    (folder / "deep" / "er" / "e.txt.xz").write_bytes(lzma.compress(b"nine\n\xff\n"))
    return folder


LINES = ["one", "two", "", "four", "fünf", "sechs", "seven", "eight", "nine", "�"]


class Echo(IterativePE):
    def _process(self, item):
        return item


def run_both(pe_of) -> list[list[Any]]:
    """What comes in one process, and on four ranks."""
    came = []
    for size in (1, 4):
        graph = WorkflowGraph()
        graph.connect(pe_of(), "output", Echo(), "input")
        if size == 1:
            settings = EngineSettings()
            plan, elements = make_plan(graph, 1, settings)
            sink = MemorySink()
            sequential.run(RunSpec(plan, elements, resolve_inputs(plan, elements), settings), sink)
        else:
            cluster = Cluster(graph, size, seed=1)
            cluster.run()
            sink = cluster.sink
        assert not sink.letters
        came.append(sorted(value for values in sink.results.values() for value in values))
    return came


def test_numbers():
    assert called(RangePE(3)) == [0, 1, 2]
    assert called(RangePE(10, 0, -4)) == [10, 6, 2]
    cut_everywhere(lambda: RangePE(5, 50, 7))
    assert run_both(lambda: RangePE(1000)) == [[*range(1000)]] * 2


def test_files(texts):
    names = ["a.txt", "b.txt", "deep/c.txt.gz", "deep/d.txt.bz2", "deep/er/e.txt.xz"]
    paths = [str(texts / name) for name in names]
    assert called(FilesPE(texts)) == paths[:2]
    assert called(FilesPE(texts, "**/*")) == paths
    cut_everywhere(lambda: FilesPE(texts, "**/*"))
    assert run_both(lambda: FilesPE(texts, "**/*")) == [paths] * 2


def test_files_that_have_come_meanwhile_are_not_in_the_way(texts):
    before = FilesPE(texts)
    with pytest.raises(Cut):
        called(before, 1)
    (texts / "a-second.txt").touch()
    (texts / "Zero.txt").touch()
    again = FilesPE(texts)
    again.seek(before.position())
    assert called(again) == [str(texts / "b.txt")]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(NotADirectoryError, match="there is no folder"):
        called(FilesPE(tmp_path / "none"))


def test_lines(texts):
    assert called(LinesPE(texts / "a.txt")) == LINES[:4]
    assert called(LinesPE([texts / "a.txt", f"{texts}/**/*.txt.*"])) == LINES
    assert called(LinesPE(f"{texts}/[ad]*")) == LINES[:4]  # one of them is a folder
    assert called(LinesPE(str(texts / "*" / "*.gz"), encoding="latin-1")) == ["fÃ¼nf", "sechs"]
    cut_everywhere(lambda: LinesPE([texts / "a.txt", texts / "b.txt", f"{texts}/**/*.txt.*"]))
    assert run_both(lambda: LinesPE(f"{texts}/**/*.txt*")) == [sorted(LINES)] * 2


def test_further_calls_write_nothing(texts):
    for pe in (RangePE(3), FilesPE(texts), LinesPE(texts / "a.txt")):
        assert called(pe)
        assert called(pe) == []


def test_files_that_cannot_be_read_are_told_when_all_others_have_been(texts, monkeypatch):
    monkeypatch.setattr(sources, "MOST_NAMED", 3)
    (texts / "bad.gz").write_bytes(b"this is not packed")
    cut = gzip.compress(b"first\n" + bytes(100_000))[:-20]
    (texts / "cut.gz").write_bytes(cut)
    paths = [texts / "none", texts / "bad.gz", f"{texts}/*.none", texts / "cut.gz", texts / "a.txt"]
    pe = LinesPE(paths)
    came: list[str] = []
    pe._sink = lambda name, value: came.append(value)
    with pytest.raises(OSError, match="not read, or not to its end: ") as told:
        pe.process({})
    assert came == ["first", *LINES[:4]]
    text = str(told.value)
    assert all(name in text for name in (".none: no file matches", "none: ", "bad.gz: Not a gzipped file"))
    assert text.endswith(" and 1 more")


def test_what_could_not_be_read_before_the_cut_is_told_after_it(texts):
    paths = [texts / "none", f"{texts}/*.none", texts / "a.txt"]
    before = LinesPE(paths)
    with pytest.raises(Cut) as cut:
        called(before, 2)
    again = LinesPE(paths)
    again.seek(pickle.loads(cut.value.args[0]))
    with pytest.raises(OSError, match=r"none: .*No such file") as told:
        called(again)
    assert str(told.value).count("no file matches") == 1


def test_strict_leaves_the_rest_of_that_file_only(texts):
    (texts / "bad.txt").write_bytes(b"good\n\xff\nnot read\n")
    pe = LinesPE([texts / "bad.txt", texts / "a.txt"], errors="strict")
    came: list[str] = []
    pe._sink = lambda name, value: came.append(value)
    with pytest.raises(OSError, match=r"bad.txt: 'utf-8' codec can't decode"):
        pe.process({})
    assert came == ["good", *LINES[:4]]


def test_a_file_that_is_shorter_or_another_when_the_run_goes_on(texts):
    before = LinesPE(texts / "a.txt")
    with pytest.raises(Cut):
        called(before, 3)
    shorter = LinesPE(texts / "a.txt")
    shorter.seek(before.position())
    (texts / "a.txt").write_bytes(b"one\n")
    with pytest.raises(OSError, match="it is shorter than it was"):
        called(shorter)
    another = LinesPE(texts / "b.txt")
    another.seek(before.position())
    with pytest.raises(LookupError, match=r"the files are others than before: where is .*a.txt"):
        called(another)


def test_what_fails_in_the_middle_of_a_write_is_no_fault_of_the_file(texts):
    pe = LinesPE(texts / "a.txt")
    with pytest.raises(Cut):
        called(pe, 2)
    assert pe.position()[3] == []


def test_an_encoding_whose_lines_end_otherwise_is_refused():
    with pytest.raises(ValueError, match="in utf-16 a line does not end with one byte"):
        LinesPE("x", encoding="utf-16")


def test_a_name_with_the_signs_of_a_pattern_is_a_name_first(tmp_path):
    (tmp_path / "a[1].txt").write_text("here\n")
    assert called(LinesPE(tmp_path / "a[1].txt")) == ["here"]
