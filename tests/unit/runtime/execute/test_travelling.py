"""What of an instance goes to another rank: all of it, or nothing."""

from __future__ import annotations

import tempfile

import pytest

from hpcd4p import GenericPE, KeyedPE
from hpcd4p.plan.model import ElementPlan, Role
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute import travelling
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.travelling import Unmovable, bytes_of, remade


class Element(GenericPE):
    def __init__(self):
        super().__init__()
        self._add_input("input", grouping=[0])
        self.seen = [1, 2]


class Slotted(Element):
    __slots__ = ("count",)


class HalfOfIt(Element):
    def __getstate__(self):
        return {"seen": self.seen}


class Both(HalfOfIt):
    def __setstate__(self, state):
        super().__setstate__(state)
        self.made = "again"


class Reduced(Slotted):
    def __reduce__(self):
        return Reduced, ()


class Counts(KeyedPE):
    def process_key(self, key, value, state):
        return (state or 0) + value


def started(pe):
    plan = ElementPlan(0, "e", Role.STATE, False, 1, ("input",), (), "", False)
    instance = Instance(plan, pe, 0, 1, lambda *failure: None, Clock())
    instance.start()
    return instance


def test_the_attributes_of_an_element_go_without_those_of_the_run():
    pe, table = remade(bytes_of(started(Element())))
    assert (pe.seen, table) == ([1, 2], {})
    assert "_sink" not in vars(pe)


def test_the_states_of_keys_go():
    instance = started(Counts())
    instance.run("input", [("a", 1), ("b", 2), ("a", 3)])
    pe, table = remade(bytes_of(instance))
    assert table == {"a": 4, "b": 2}
    assert isinstance(pe, Counts)


def test_an_object_that_is_both_in_a_state_and_in_the_element_stays_one():
    instance = started(Counts())
    instance.pe.shared = instance.table["a"] = []
    pe, table = remade(bytes_of(instance))
    assert pe.shared is table["a"]


@pytest.mark.parametrize("kind", [Both, Reduced])
def test_a_class_that_makes_itself_again_may_leave_out_what_it_likes(kind):
    pe, _ = remade(bytes_of(started(kind())))
    assert pe.seen == [1, 2]


def unpicklable():
    pe = Element()
    pe.call = lambda: None
    return pe


def unreadable():
    pe = Element()
    pe.bad = Bad()
    return pe


class Bad:
    def __reduce__(self):
        return int, ("no number",)


class Removes:
    """Removes something when it goes."""

    gone = 0

    def __del__(self):
        Removes.gone += 1


def removing():
    pe = Element()
    pe.file = Removes()
    return pe


def in_a_folder():
    pe = Element()
    pe.folder = tempfile.TemporaryDirectory()
    return pe


def ignoring():
    pe = Element()
    pe.pickleIgnore.append("cache")
    pe.cache = {}
    return pe


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (unpicklable, "its state cannot be pickled: "),
        (unreadable, "its state cannot be pickled: ValueError"),
        (ignoring, r"its pickle leaves out self.cache \(pickleIgnore\)"),
        (removing, "it keeps a Removes, which does something when it is deleted"),
        (in_a_folder, "it keeps a finalize, which"),
        (Slotted, "what it keeps in __slots__"),
        (HalfOfIt, "what its __getstate__ does"),
    ],
)
def test_what_would_lack_something_stays(make, why):
    with pytest.raises(Unmovable, match=why):
        bytes_of(started(make()))


def test_no_copy_is_made_of_what_does_something_when_it_is_deleted():
    instance = started(removing())
    before = Removes.gone
    with pytest.raises(Unmovable):
        bytes_of(instance)
    assert Removes.gone == before
    assert instance.pe.file


def attribute(pe):
    pe.much = bytes(2 << 20)


def container(pe):
    pe.much = [bytes(1000)] * 3000


def nested(pe):
    pe.much = [[str(i) * 100 for i in range(10_000)]]


@pytest.mark.parametrize("make", [attribute, container, nested])
def test_a_very_large_state_stays(make, monkeypatch):
    monkeypatch.setattr(travelling, "MOST_BYTES", 1 << 20)
    pe = Element()
    make(pe)
    with pytest.raises(Unmovable, match=r"its state takes \d MiB; up to 1 move"):
        bytes_of(started(pe))


def test_a_large_table_is_not_pickled_in_vain(monkeypatch):
    monkeypatch.setattr(travelling, "MOST_BYTES", 1 << 20)
    monkeypatch.setattr(travelling, "dumper", None)
    instance = started(Counts())
    instance.table.update((i, "x" * 100) for i in range(20_000))
    with pytest.raises(Unmovable, match="MiB; up to 1 move"):
        bytes_of(instance)
