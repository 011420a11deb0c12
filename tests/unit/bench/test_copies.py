"""The memory of a rank and of its copies is looked at while a run goes on."""

from __future__ import annotations

from hpcd4p.bench import copies
from hpcd4p.bench.copies import Copies


def test_most_is_kept_with_copies_and_without(monkeypatch):
    seen = iter([{}, {0: 10, 1: 11}, {1: 11}, {1: 11}, {1: 11}, {0: 10}])
    below = iter([[], [12], [12, 13], []])
    monkeypatch.setattr(copies.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(copies, "ranks_below", lambda launcher: next(seen))
    monkeypatch.setattr(copies, "descendants", lambda pid: next(below))
    monkeypatch.setattr(copies, "proportional_bytes", {11: 100, 12: 20, 13: 7}.__getitem__)
    look = Copies()
    look(1)
    assert (look.alone, look.together) == (100, 127)
