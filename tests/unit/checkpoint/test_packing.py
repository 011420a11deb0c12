"""Bodies of a journal are compressed where it pays, and only for a share of the time."""

from __future__ import annotations

import os

import pytest

from hpcd4p.checkpoint import packing
from hpcd4p.checkpoint.journal import Journal, read_journal
from hpcd4p.checkpoint.packing import Packing, unpacked

TEXT = b"a word and another " * 5_000


class Clock:
    """Each compression takes all that is free; between them no time goes by."""

    def __init__(self):
        self.now_s = self.used_s = 0.0

    def monotonic(self):
        return self.now_s

    def thread_time(self):
        self.used_s += packing.FREE_S
        return self.used_s


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(packing, "time", made)
    return made


def test_text_gets_shorter_and_comes_back():
    packed = Packing().packed(TEXT)
    assert len(packed) < len(TEXT) / 10
    assert unpacked(packed) == TEXT


@pytest.mark.parametrize("body", [os.urandom(1 << 16), b"", b"a"])
def test_what_does_not_get_shorter_stays_as_it_is(body):
    assert Packing().packed(body) is None


def test_what_comes_too_fast_stays_as_it_is(clock):
    made = Packing()
    assert made.packed(TEXT) is not None
    assert made.packed(TEXT) is not None
    assert made.packed(TEXT) is None


def test_with_time_there_is_more_to_use(clock):
    made = Packing()
    while made.packed(TEXT) is not None:
        pass
    clock.now_s += 1.2 * packing.FREE_S / packing.SHARE
    assert made.packed(TEXT) is not None
    clock.now_s += 0.1 * packing.FREE_S / packing.SHARE
    assert made.packed(TEXT) is None


def test_a_journal_of_both_kinds_is_read_back(tmp_path, clock):
    path, key = tmp_path / "journal", b"k" * 32
    journal = Journal(path, key)
    entries, sizes = [TEXT + b"%d" % number for number in range(6)], []
    for entry in entries:
        before = journal.end()
        journal.append(entry)
        sizes.append(journal.end() - before)
    journal.close()
    assert min(sizes) < len(TEXT) / 10
    assert max(sizes) > len(TEXT)
    assert list(read_journal(path, key)) == entries
