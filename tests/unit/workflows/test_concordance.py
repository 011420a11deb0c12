"""The default workflow: its numbers agree with an independent computation."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.model import Role
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.memory import MemorySink
from hpcd4p.runtime import sequential
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.workflows import concordance


def graph_for(*words):
    parser = argparse.ArgumentParser(exit_on_error=False)
    concordance.add_options(parser)
    return concordance.build(parser.parse_args([str(word) for word in words]))


def run(*words, settings=None):
    settings = settings or EngineSettings()
    plan, pes = make_plan(graph_for(*words), 1, settings)
    sink = MemorySink()
    summary = sequential.run(RunSpec(plan, pes, resolve_inputs(plan, pes), settings), sink)
    return summary, sink


def output(sink, name):
    return next(values for key, values in sink.results.items() if key.endswith("." + name))


def words_of(line):
    """Words by a scan of characters: another way than the workflow's."""
    words, word = [], ""
    for c in line.lower() + " ":
        if (c.isalnum() and (word or not c.isdecimal())) or (c == "_" and word):
            word += c
        else:
            words += [word] if word else []
            word = ""
            # a digit or underscore before a letter begins no word, and does not end the search
    return words


def independent(folder, suffix=""):
    count, files, first, totals = Counter(), Counter(), {}, Counter()
    lengths = np.zeros(201, dtype=int)
    for path in sorted(p for p in Path(folder).rglob("*" + suffix) if p.is_file()):
        raw = path.read_bytes()
        relative = str(path.relative_to(folder))
        if b"\0" in raw[:8192]:
            continue
        lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        if lines[-1] == b"":
            lines.pop()
        seen = set()
        for number, each in enumerate(lines, 1):
            line = each.decode("utf-8", "replace")
            lengths[min(len(line), 200)] += 1
            for word in words_of(line):
                count[word] += 1
                seen.add(word)
                first[word] = min(first.get(word, (relative, number)), (relative, number))
        files.update(seen)
        totals.update(files=1, bytes=len(raw), lines=len(lines))
    rows = {(w, count[w], files[w], *first[w]) for w in count}
    totals["words"] = count.total()
    return rows, dict(totals), lengths


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.txt").write_text(
        "The cat, the_hat and 3rd x2 _private\r\nÉcole école 名前 ½\x0cThe end\n\n"
    )
    (tmp_path / "sub" / "b.py").write_text("def the(cat):\n    return cat  # the end" + "!" * 300)
    (tmp_path / "sub" / "empty.py").write_text("")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9 cat\n")
    (tmp_path / "binary.dat").write_bytes(b"the cat\0")
    return tmp_path


def check(sink, rows, totals, lengths, top):
    table = output(sink, "concordance")
    assert len(table) == len(rows)
    assert set(table) == rows
    assert output(sink, "top") == sorted(rows, key=lambda row: (-row[1], row[0]))[:top]
    assert output(sink, "vocabulary") == [{"distinct": len(rows), "occurrences": totals["words"]}]
    assert output(sink, "totals") == [totals]
    (histogram,) = output(sink, "line_lengths")
    assert isinstance(histogram, np.ndarray)
    assert histogram.tolist() == lengths.tolist()


@pytest.mark.parametrize(
    "settings", [EngineSettings(), EngineSettings(max_task_tuples=1), EngineSettings(partitions=3)]
)
def test_agrees_with_an_independent_computation(folder, settings):
    summary, sink = run("--input", folder, "--top", 5, settings=settings)
    assert summary.status == 0
    check(sink, *independent(folder), 5)


def test_agrees_on_a_package_of_the_standard_library():
    package = os.path.dirname(argparse.__file__) + "/email"
    summary, sink = run("--input", package)
    assert summary.status == 0
    rows, totals, lengths = independent_without_caches(package)
    check(sink, rows, totals, lengths, 20)


def independent_without_caches(package):
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory() as clean:
        shutil.copytree(package, clean + "/p", ignore=shutil.ignore_patterns("__pycache__", ".*"))
        return independent(clean + "/p")


def test_folder_without_text_gives_zeros(tmp_path):
    summary, sink = run("--input", tmp_path)
    assert output(sink, "totals") == [{"files": 0, "bytes": 0, "lines": 0, "words": 0}]
    assert "0 files" in concordance.present(summary, sink.results)


def test_default_is_the_standard_library_without_installed_packages():
    _, pes = make_plan(graph_for(), 1, EngineSettings())
    paths = list(pes[0]._paths())
    assert "argparse.py" in paths
    assert all(path.endswith(".py") for path in paths)
    assert not any("site-packages" in path or "__pycache__" in path for path in paths)
    assert len(paths) > 300
    assert paths == list(pes[0]._paths())


def test_plan_has_the_promised_roles():
    plan, _ = make_plan(graph_for(), 8, EngineSettings())
    roles = {e.name.rstrip("0123456789"): (e.role, e.partitions) for e in plan.elements}
    assert plan.name == "concordance"
    assert roles["list_files"] == (Role.ROOT, 0)
    assert roles["tokenise"] == roles["measure"] == (Role.POOL, 0)
    assert roles["count_words"] == (Role.STATE, 16)
    assert roles["top_words"] == roles["totals"] == (Role.STATE, 1)


def test_unreadable_file_is_a_dead_letter_and_the_others_are_read(folder, monkeypatch):
    (folder / "gone.txt").symlink_to(folder / "a.txt")
    plan, pes = make_plan(graph_for("--input", folder), 1, EngineSettings())
    sink = MemorySink()
    paths = [*pes[0]._paths(), "no/such/file.txt"]
    monkeypatch.setattr(concordance.ListFiles, "_paths", lambda self: iter(paths))
    summary = sequential.run(RunSpec(plan, pes, resolve_inputs(plan, pes)), sink)
    assert summary.status == 1
    assert output(sink, "totals")[0]["files"] == 5
    (letter,) = sink.letters
    assert letter.element.startswith("tokenise")
    assert "no/such/file.txt" in letter.value_text


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--input", "/no/such/folder"), "expected a folder, and '/no/such/folder' is not there"),
        (("--input", __file__), "is a file"),
        (("--top", "0"), "expected a whole number from 1 to 10000"),
        (("--top", "many"), "expected a whole number"),
    ],
)
def test_wrong_options_say_what_is_expected(words, text):
    with pytest.raises(argparse.ArgumentError, match=text):
        graph_for(*words)


def test_words_are_shown_in_a_table(folder):
    summary, sink = run("--input", folder, "--top", 2)
    lines = concordance.present(summary, sink.results).splitlines()
    assert lines[0].startswith("4 files, 6 lines, 419 bytes: ")
    assert lines[1].split() == ["word", "first", "in", "times", "files"]
    assert len(lines) == 4
    assert concordance.present(summary, {}) == ""


def test_importing_it_imports_nothing_heavy():
    program = (
        "import sys, hpcd4p.workflows.concordance as c, pickle\n"
        "pickle.dumps(c.Measure())\n"
        "print(sorted({'numpy', 'argparse', 'h5py', 'asyncio', 'ssl', 'redis', 'mpi4py'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr
