from __future__ import annotations

from pathlib import Path

import pytest

from hpcd4p.bench import against
from hpcd4p.bench.bench import Bench
from hpcd4p.bench.trial import Ended, TrialError, TrialOutcome


class Fake:
    """A launcher that starts nothing; `imports` is what its processes would import."""

    order: list[str] = []
    imports = ""
    python = "python"

    def __init__(self, python: str = "", home: Path = Path("/here")) -> None:
        self.home = str(home)

    def run(self, words, ranks=0):
        return Ended(1.0, 0.0, f"{self.imports or self.home}/hpcd4p/__init__.py\n")

    def measure(self, workload, calls, ranks):
        Fake.order.append(self.home)
        slow = 1.0 if self.home == "/here" else 2.0
        return TrialOutcome(slow, slow, True, 2, 0.0, 0, {})


@pytest.fixture(autouse=True)
def fake(monkeypatch):
    monkeypatch.setattr(against, "Launcher", Fake)
    monkeypatch.setattr(Fake, "order", [])


def test_here_and_there_alternate() -> None:
    found = against.rows(Bench(Fake(), repeats=2), Path("/there"), ["hops"])  # type: ignore[arg-type]
    assert [row.ratio for row in found] == [0.5]
    assert Fake.order == ["/here", "/there"] * 2


def test_a_folder_without_another_hpcd4p_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(Fake, "imports", "/here")
    with pytest.raises(TrialError, match="/there holds no other hpcd4p"):
        against.rows(Bench(Fake(), repeats=1), Path("/there"), ["hops"])  # type: ignore[arg-type]
