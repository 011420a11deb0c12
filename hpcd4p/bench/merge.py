"""(m) *merge*: `collect --merge` of many run records beside a copy of their files."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from hpcd4p.bench.bench import Bench
from hpcd4p.bench.figure import Row, Target, pairs
from hpcd4p.record.scaling import Change, RankTimeline, Scaling, Tick
from hpcd4p.record.summary import ElementFigures, RankFigures, Summary
from hpcd4p.record.writer import RecordWriter
from hpcd4p.study.results.collect import collect
from hpcd4p.study.results.reader import read_results

RANKS = 16

DISK_SPEED = Target(1.5, at_least=False)
"""Target: this many times the time of the copy. With small records the time is that of HDF5, not of the disk:
it copies object by object, 59 of them in each record here, and text value by value."""


def rows(bench: Bench) -> list[Row]:
    """Records of small outputs, and such that hold some megabytes."""
    runs = bench.size(500, 20)
    return [
        measured(bench, "words and counts", runs, words=5_000, arrays=0),
        measured(bench, "arrays", max(10, runs // 10), words=1_000, arrays=20),
    ]


def measured(bench: Bench, what: str, runs: int, words: int, arrays: int) -> Row:
    """Make `runs` records with so many of each, and merge, link and copy them in turns."""
    with tempfile.TemporaryDirectory(prefix="hpcd4p-bench-") as made:
        folder = Path(made)
        bench.say(f"making {runs} records")
        study = folder / "study"
        files = _study(study, runs, words, arrays)
        size = sum(file.stat().st_size for file in files)
        target = folder / "study.h5"

        def merged() -> float:
            bench.say(f"merging {runs} records")
            begun = time.perf_counter()
            collect(study, target, merge=True)
            taken = time.perf_counter() - begun
            results = read_results(target)
            held = sum(results.has_record(row) for row in results.rows)
            if held != runs or not results.merged:
                bench.wrong.append(f"{what}: {held} of {runs} records merged")
            return taken

        def linked() -> float:
            begun = time.perf_counter()
            collect(study, folder / "linked.h5")
            return time.perf_counter() - begun

        def copied() -> float:
            bench.say(f"copying {runs} records")
            return _copy(files, folder / "copies")

        pair = pairs(merged, {"copy, sync": copied}, bench.repeats)["copy, sync"]
        room, link = target.stat().st_size / size, median(linked() for _ in range(bench.repeats))
        note = f"{size / runs / 1e6:.2f} MB each, {room:.2f} x in one file; links alone take {link:.2f} s"
        title = f"{runs} records of {what}"
        return Row("merge", title, "s", pair.ours, "copy, sync", pair.other, DISK_SPEED, note)


def _copy(files: list[Path], target: Path) -> float:
    """Copy `files` as a careful person does, each one synced; the copies go when the time is taken."""
    target.mkdir()
    begun = time.perf_counter()
    for i, file in enumerate(files):
        copy = target / f"{i}.h5"
        shutil.copyfile(file, copy)
        with copy.open("rb") as opened:
            os.fsync(opened.fileno())
    taken = time.perf_counter() - begun
    shutil.rmtree(target)
    return taken


def _study(folder: Path, runs: int, words: int, arrays: int) -> list[Path]:
    """A study of `runs` attempts, with one record each; all are alike but for their place."""
    files = []
    first = folder.parent / "first.h5"
    _record(first, words, arrays)
    for i in range(runs):
        key = f"ranks={RANKS},repeat={i + 1}"
        attempt = folder / key / "1"
        attempt.mkdir(parents=True)
        plan: dict[str, Any] = {"study": folder.name, "key": key, "attempt": 1, "repeat": i + 1}
        (attempt / "plan.json").write_text(json.dumps({**plan, "axes": {"ranks": RANKS}, "ranks": RANKS}))
        (attempt / "end.json").write_text(json.dumps({"state": "completed", "status": 0, "elapsed_s": 12.0}))
        files.append(Path(shutil.copyfile(first, attempt / f"run-{i}.h5")))
    first.unlink()
    return files


def _record(path: Path, words: int, arrays: int) -> None:
    import numpy as np

    writer = RecordWriter(path)
    writer.outputs("count", "output", [(f"word{i}", i) for i in range(words)])
    if arrays:
        numbers = np.random.default_rng(1)
        writer.outputs("image", "output", [numbers.random(65_536) for _ in range(arrays)])
    for i in range(100):
        writer.event(i / 10, "note", f"event {i}")
    scaling = Scaling("knee", RANKS - 1)
    for i in range(100):
        scaling.keep(Tick(i / 10, 15, 15, 0, 0.0, 15.0, 0.0, 100, 1.0, 300.0, 300.0, reason="all of them"))
    scaling.changed(Change(1.0, 15, 2, "2 ranks do as much"))
    scaling.timelines = [RankTimeline(r, 0.1, 0.1, [0.1] * 100, [0.0] * 100) for r in range(1, RANKS)]
    writer.close(
        Summary(
            "words",
            elapsed_s=10.0,
            ranks=RANKS,
            elements=[ElementFigures(f"element{i}", "stateless", words, words) for i in range(6)],
            ranks_figures=[RankFigures(r, "node1", r) for r in range(RANKS)],
            scaling=scaling,
        )
    )
