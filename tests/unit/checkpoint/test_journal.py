"""A journal gives back what was appended, in order; what is torn or foreign is told."""

from __future__ import annotations

import os
import resource
import stat
import threading
from contextlib import nullcontext
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.checkpoint import place
from hpcd4p.checkpoint.journal import FRAME_BYTES, LOOK_BYTES, Journal, check_journal, read_journal
from hpcd4p.checkpoint.sealed import SealedWriter
from hpcd4p.errors import CheckpointNotWritten, NotSealed, SealBroken, SealForeign
from tests.unit.checkpoint.crash import before_step, full_disk, killed_at

KEY = b"k" * 32

ENTRIES = st.lists(st.lists(st.binary(max_size=50) | st.integers(0, 2 * FRAME_BYTES).map(bytes), max_size=5))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "outputs.journal"


def entries(path, upto=None, key=KEY):
    return list(read_journal(path, key, upto))


def journal_of(path, *parts):
    """A journal with a frame for each part, and the offsets behind them."""
    journal = Journal(path, KEY)
    ends = [journal.end()]
    for part in parts:
        journal.append(part)
        ends.append(journal.end())
    return journal, ends


@given(groups=ENTRIES)
def test_what_was_appended_is_read_in_order(groups, tmp_path_factory):
    path = tmp_path_factory.mktemp("journal") / "outputs.journal"
    journal = Journal(path, KEY)
    so_far: list[bytes] = []
    marks = [(journal.end(), 0)]
    for group in groups:
        for entry in group:
            journal.append(entry)
        so_far += group
        marks.append((journal.end(), len(so_far)))
    assert entries(path) == so_far
    assert check_journal(path, KEY) == journal.end() == path.stat().st_size
    for end, number in marks:
        assert entries(path, end) == so_far[:number]
        assert check_journal(path, KEY, end) == end
    journal.close()


@given(groups=ENTRIES, data=st.data())
def test_cut_back_and_gone_on_with_it_is_as_if_nothing_had_been(groups, data, tmp_path_factory):
    path = tmp_path_factory.mktemp("journal") / "outputs.journal"
    journal = Journal(path, KEY)
    kept: list[bytes] = []
    end = journal.end()
    cut_at = data.draw(st.integers(0, len(groups)))
    for number, group in enumerate(groups):
        for entry in group:
            journal.append(entry)
        if number < cut_at:
            kept += group
            end = journal.end()
    if data.draw(st.booleans()):
        journal.cut_back(end)
    else:
        journal.close()
        journal = Journal(path, KEY, end)
    assert entries(path) == kept
    for entry in (b"then", b"more"):
        journal.append(entry)
    journal.end()
    assert entries(path) == [*kept, b"then", b"more"]
    journal.close()


def test_small_entries_share_a_frame(path):
    journal = Journal(path, KEY)
    first = journal.end()
    for number in range(1000):
        journal.append(b"%d" % number)
    assert path.stat().st_size == first
    assert journal.end() < first + 4000
    assert len(entries(path)) == 1000


def test_text_is_compressed_and_noise_is_not(path):
    journal = Journal(path, KEY)
    begin = journal.end()
    journal.append(b"a word and another " * 50_000)
    middle = journal.end()
    assert middle - begin < 50_000
    noise = os.urandom(1 << 20)
    journal.append(noise)
    assert journal.end() - middle == len(noise) + 8 + 24
    assert entries(path)[1] == noise


def test_its_user_alone_may_read_it(path):
    journal = Journal(path, KEY)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(CheckpointNotWritten, match="File exists"):
        Journal(path, KEY)
    journal.close()


# ---- torn, damaged, foreign


def test_a_torn_last_frame_is_where_reading_ends(path):
    _, ends = journal_of(path, b"one", b"two" * 100, b"three")
    data = path.read_bytes()
    parts = [b"one", b"two" * 100, b"three"]
    for size in range(ends[0], len(data) + 1):
        path.write_bytes(data[:size])
        whole = sum(end <= size for end in ends) - 1
        assert entries(path) == parts[:whole]
        assert check_journal(path, KEY) == ends[whole]
        for number, end in enumerate(ends):
            if end <= size:
                assert entries(path, end) == parts[:number]
            else:
                with pytest.raises(SealBroken):
                    entries(path, end)


def test_cut_within_its_header_it_is_cut_short(path):
    _, ends = journal_of(path, b"one")
    data = path.read_bytes()
    for size in range(ends[0]):
        path.write_bytes(data[:size])
        with pytest.raises(SealBroken, match="cut short"):
            entries(path)
        with pytest.raises(SealBroken, match="cut short"):
            Journal(path, KEY, ends[0])


def test_no_bit_that_belongs_to_a_checkpoint_may_change(path):
    _, ends = journal_of(path, b"one", b"two" * 100, b"three")
    data = path.read_bytes()
    for at in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            path.write_bytes(changed)
            with pytest.raises(SealBroken):
                check_journal(path, KEY, ends[-1])


def test_of_a_dead_run_a_frame_in_the_middle_that_is_damaged_is_told(path):
    _, ends = journal_of(path, b"one", b"two" * 100, b"three")
    data = bytearray(path.read_bytes())
    data[ends[2] - 1] ^= 1
    path.write_bytes(data)
    read = read_journal(path, KEY)
    assert next(read) == b"one"
    with pytest.raises(SealBroken, match="has changed since"):
        next(read)


def test_zeros_at_the_end_are_what_a_crash_of_the_host_leaves(path):
    _, ends = journal_of(path, b"one")
    with open(path, "ab") as file:
        file.write(bytes(10_000))
    assert entries(path) == [b"one"]
    assert check_journal(path, KEY) == ends[1]


def test_frames_may_not_change_places(path):
    _, ends = journal_of(path, b"one", b"two")
    data = path.read_bytes()
    first, second = data[ends[0] : ends[1]], data[ends[1] :]
    assert len(first) == len(second)
    path.write_bytes(data[: ends[0]] + second + first)
    with pytest.raises(SealBroken):
        entries(path)


def test_another_runs_journal_is_named_as_such(path):
    journal_of(path, b"one")
    with pytest.raises(SealForeign, match="another run"):
        entries(path, key=b"q" * 32)
    with pytest.raises(SealForeign, match="another run"):
        Journal(path, b"q" * 32, 100)


def test_what_is_no_journal_is_named_so(path):
    path.write_bytes(b"outputs, outputs, outputs")
    with pytest.raises(NotSealed):
        entries(path)
    path.unlink()
    with SealedWriter(path, KEY, 0):
        pass
    with pytest.raises(SealForeign):
        entries(path)


def test_it_cannot_be_cut_back_to_where_it_has_never_been(path):
    journal, ends = journal_of(path, b"one")
    for offset in (ends[1] + 1, ends[0] - 1, 0):
        with pytest.raises(SealBroken, match="cut short"):
            journal.cut_back(offset)
    with pytest.raises(SealBroken, match="cut short"):
        Journal(path, KEY, ends[1] + 1)
    assert entries(path) == [b"one"]


# ---- disks


def test_what_could_not_be_written_is_written_later_and_once(path):
    journal, _ = journal_of(path, b"one")
    journal.append(b"two")
    with before_step(0, full_disk), pytest.raises(CheckpointNotWritten, match="make room"):
        journal.end()
    assert entries(path) == [b"one"]
    journal.append(b"three")
    journal.end()
    assert entries(path) == [b"one", b"two", b"three"]


@pytest.mark.parametrize(("reserve", "full"), [(0, False), (1000, False), (1001, True)])
def test_it_leaves_room_to_others_if_it_is_told_so(path, monkeypatch, reserve, full):
    journal = Journal(path, KEY)
    journal.reserve = reserve
    monkeypatch.setattr(place, "free", lambda folder: {str(path.parent): 1000}[folder])
    some = os.urandom(LOOK_BYTES // 2)
    says = "1,000 bytes are free, and the record may need them"
    with pytest.raises(CheckpointNotWritten, match=says) if full else nullcontext():
        for _ in range(6):
            journal.append(some)
    assert (journal.size < 2 * LOOK_BYTES) == full
    assert set(journal.entries()) == {some}  # also what could not be written
    journal.close()


def test_half_a_frame_is_not_left_where_there_is_no_room(path):
    journal, ends = journal_of(path, b"one")
    noise = os.urandom(100_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(CheckpointNotWritten, match="File too large"):
            journal.append(noise)
        assert path.stat().st_size == ends[1]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    journal.append(b"then")
    journal.end()
    assert entries(path) == [b"one", noise, b"then"]


def test_a_sync_that_has_failed_is_not_believed_later(path):
    journal, _ = journal_of(path, b"one")
    journal.sync()
    with before_step(0, full_disk) as seen, pytest.raises(CheckpointNotWritten):
        journal.sync()
    assert seen == ["fsync"]
    with pytest.raises(CheckpointNotWritten):
        journal.sync()


def test_it_may_be_synced_beside_the_work(path):
    journal = Journal(path, KEY)
    stop = threading.Event()
    failed: list[BaseException] = []

    def sync() -> None:
        try:
            while not stop.is_set():
                journal.sync()
        except CheckpointNotWritten as error:
            failed.append(error)

    thread = threading.Thread(target=sync)
    thread.start()
    try:
        for number in range(300):
            journal.append(b"%d" % number * 100)
            journal.end()
            assert len(entries(path)) == number + 1 or number % 50
    finally:
        stop.set()
        thread.join(30)
    assert failed == []
    assert len(entries(path)) == 300


def test_killed_at_any_step_what_was_whole_is_there(path):
    def work() -> None:
        journal = Journal(path, KEY)
        for number in range(3):
            journal.append(b"%d" % number * FRAME_BYTES)
            journal.sync()

    for step in count():
        killed = killed_at(step, work)
        if path.exists() and path.stat().st_size > 50:
            read = entries(path)
            assert read == [b"%d" % number * FRAME_BYTES for number in range(len(read))]
        path.unlink(missing_ok=True)
        if not killed:
            break
    assert step > 6


def test_an_element_may_close_its_descriptor(path):
    journal, _ = journal_of(path, b"one")
    os.close(journal._held)
    journal.append(b"two")
    journal.end()
    os.close(journal._held)
    journal.sync()
    assert entries(path) == [b"one", b"two"]


def test_what_was_appended_is_given_back_by_whoever_appends(path):
    journal, ends = journal_of(path, b"a" * 10, b"b" * 10)
    journal.append(b"waits")
    assert list(journal.entries()) == [b"a" * 10, b"b" * 10, b"waits"]
    journal.cut_back(ends[1])
    assert list(journal.entries()) == [b"a" * 10]
    journal.close()


def test_it_is_given_back_also_if_its_name_leads_elsewhere_by_now(path):
    journal, _ = journal_of(path, b"a" * 10)
    path.unlink()
    assert list(journal.entries()) == [b"a" * 10]
    journal.close()


def test_what_could_not_be_written_is_given_back_as_well(path):
    journal, _ = journal_of(path, b"a" * 10)
    with before_step(0, full_disk), pytest.raises(CheckpointNotWritten):
        journal.append(bytes(2 * FRAME_BYTES))
    assert list(journal.entries()) == [b"a" * 10, bytes(2 * FRAME_BYTES)]
    journal.close()


def test_what_was_changed_is_not_given_back(path):
    journal, ends = journal_of(path, b"a" * 10, b"b" * 10)
    with open(path, "r+b") as file:
        file.seek(ends[1] - 1)
        file.write(b"x")
    with pytest.raises(SealBroken, match="has changed since it was written"):
        list(journal.entries())
    journal.close()


def test_a_sign_of_life_is_the_time_of_the_file(path):
    journal, _ = journal_of(path, b"a")
    os.utime(path, (1000, 1000))
    journal.sign()
    assert path.stat().st_mtime > 1000
    journal.close()
    journal.sign()
