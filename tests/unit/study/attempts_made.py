"""Attempts of studies as they lie on disk, with real run records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hpcd4p.record.summary import COMPLETED, STOPPED, DeadLetter, ElementFigures, RankFigures, Summary
from hpcd4p.record.writer import RecordWriter
from tests.unit.record.scalings import contended


def key_of(axes: dict[str, Any], repeat: int) -> str:
    texts = {n: str(v).lower() if isinstance(v, bool) else str(v) for n, v in axes.items()}
    return ",".join([*(f"{name}={value}" for name, value in texts.items()), f"repeat={repeat}"])


def summary_of(ranks: int, elapsed_s: float, status: int = 0, **more: Any) -> Summary:
    return Summary(
        "w",
        started="2026-01-02T03:04:05Z",
        ended="2026-01-02T03:05:05Z",
        elapsed_s=elapsed_s,
        ranks=ranks,
        status=status,
        state=COMPLETED if status == 0 else STOPPED,
        reason="" if status == 0 else "a signal",
        elements=[
            ElementFigures("a", "stateless", tuples_in=100),
            ElementFigures("b", "stateless", 200, failed=1),
        ],
        ranks_figures=[RankFigures(i, f"n{i % 2 + 1}") for i in range(ranks)],
        process_time_s=ranks * elapsed_s,
        efficiency=0.5,
        cpu_s=3.0,
        **more,
    )


class StudyMade:
    """A folder ``RESULTS/STUDY`` that gets attempts."""

    def __init__(self, results: Path, name: str = "s") -> None:
        self.name = name
        self.path = results / name
        self.file = results / f"{name}.h5"

    def define(self, **more: Any) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / "study.json").write_text(json.dumps({"name": self.name, "scaling": "strong", **more}))

    def attempt(
        self,
        axes: dict[str, Any],
        repeat: int = 1,
        number: int = 1,
        elapsed_s: float | None = 10.0,
        end: dict[str, Any] | None = None,
        planned: bool = True,
        status: int = 0,
        **point: Any,
    ) -> Path:
        """Make an attempt; without `elapsed_s` it has no record. Gives its folder."""
        key = key_of(axes, repeat)
        folder = self.path / key / str(number)
        folder.mkdir(parents=True)
        told = {"study": self.name, "key": key, "attempt": number, "repeat": repeat, "axes": axes, **point}
        ranks = int(axes.get("ranks", 1))
        if planned:
            plan = {**told, "ranks": ranks, "nodes": 1, "job": "17"}
            (folder / "plan.json").write_text(json.dumps(plan))
        if end is not None:
            (folder / "end.json").write_text(json.dumps(end))
        if elapsed_s is not None:
            write_record(folder / "w-1.h5", told, summary_of(ranks, elapsed_s, status))
        return folder


def write_record(path: Path, point: dict[str, Any] | None, summary: Summary, values: int = 10) -> None:
    writer = RecordWriter(path)
    writer.outputs("count", "output", [(f"word {i}", i) for i in range(values)])
    writer.event(0.5, "note", "half of it")
    writer.dead_letters([DeadLetter("b", "input", "7", "ValueError: 7", "Traceback", 1, 0.25)])
    summary.provenance = {"point": point} if point is not None else {}
    summary.scaling = contended()[1]
    writer.close(summary)


def end_of(state: str = "completed", **more: Any) -> dict[str, Any]:
    return {
        "state": state,
        "status": 0 if state == "completed" else None,
        "reason": "" if state == "completed" else f"because it {state}",
        "elapsed_s": 12.5,
        "host": "n9",
        "job": "17_3",
        "started": "2026-01-02T03:04:00Z",
        "ended": "2026-01-02T03:06:00Z",
        **more,
    }
