"""What an element has changed, by name."""

from __future__ import annotations

import time
from typing import Any

from hpcd4p import IterativePE
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute import watch
from hpcd4p.runtime.execute.watch import SLOW_S, Watched

SEEN: list[Any] = []


def remember(x, kept=[]):  # noqa: B006
    kept.append(x)


def everywhere(x):
    SEEN.append(x)


class Loaded:
    pass


class Work(IterativePE):
    total = 0

    def __init__(self):
        super().__init__()
        self.n = 0
        self.model = None
        self.table = {}

    def _process(self, data):
        remember(data)
        everywhere(data)


def test_each_change_is_told_by_its_name_and_once():
    pe = Work()
    watched = Watched(pe, Clock())
    assert watched.look(1) == []
    pe.n += 1
    assert watched.look(2) == ["self.n"]
    remember(1)
    assert watched.look(3) == ["kept (a default of remember)"]
    everywhere(1)
    assert watched.look(4) == [f"SEEN (a global of {__name__})"]
    Work.total += 1
    assert watched.look(5) == ["Work.total"]
    pe.other = [1]
    assert watched.look(6) == ["self.other"]
    assert watched.look(7) == []


def test_what_the_plan_has_cleared_is_not_looked_at():
    pe = Work()
    watched = Watched(pe, Clock(), ("self.table",))
    pe.table[1] = 2
    assert watched.look(1) == []
    pe.n = 1
    assert watched.look(2) == ["self.n"]


def test_asking_for_the_dict_is_no_change():
    pe = Work()
    watched = Watched(pe, Clock())
    assert vars(pe)
    assert watched.look(1) == []


def test_only_nothing_that_becomes_an_object_is_a_fill():
    for value, fill in ((Loaded(), True), (lambda: 0, True), ([1], False), ("text", False), (True, False)):
        pe = Work()
        watched = Watched(pe, Clock())
        pe.model = value
        assert watched.look(1) == ["self.model"]
        assert bool(watched.fills) == fill, value


def test_looks_are_made_after_each_doubling_and_as_far_as_they_are_affordable():
    watched = Watched(Work(), Clock())
    for tuples in (1, 2, 4, 8):
        assert watched.next == tuples
        watched.look(tuples)
    assert watched.next == 16
    watched.spent_s = 1.0
    assert not watched.worth(busy_s=1.0)
    assert watched.worth(busy_s=1000.0)


def test_a_rank_that_waits_for_its_core_while_it_looks_sees_a_change_all_the_same(monkeypatch):
    read = watch.fingerprint

    def waits(value):
        time.sleep(2 * SLOW_S)
        return read(value)

    monkeypatch.setattr(watch, "fingerprint", waits)
    pe = Work()
    pe.model = Loaded()
    watched = Watched(pe, Clock())
    pe.model.n = 1
    assert watched.look(1) == ["self.model"]
    assert watched.worth(busy_s=0.0)
