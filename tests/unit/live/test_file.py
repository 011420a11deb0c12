from __future__ import annotations

import json
import os
import threading
from dataclasses import replace

import pytest

from hpcd4p.live.causes import Kind, cause
from hpcd4p.live.document import Failure, from_text
from hpcd4p.live.file import MOST_BYTES, NAME, StatusFile, fitted, live_folder, read_status
from hpcd4p.live.ranks import Facts, RankStates, Sight
from tests.unit.live.documents import document, element, identity

NOBODY: frozenset[int] = frozenset()


def ranks_of(size: int, hosts: int):
    """Rows of so many ranks, every second of which is idle."""
    states = RankStates(size, range(1, size), 0.0)
    states.look(Sight(frozenset(range(1, size, 2)), NOBODY, NOBODY, NOBODY, {}, NOBODY), 1.0)
    facts = [Facts("pool", f"node{rank % hosts:03}", memory_bytes=1 << 25) for rank in range(size)]
    return states.rows(facts, 2.0)


def test_it_lies_beside_the_record_that_will_be(tmp_path):
    assert live_folder(tmp_path / "factors-1.h5") == tmp_path / "factors-1.live"


def test_what_is_written_last_is_read(tmp_path):
    file = StatusFile(tmp_path / "a.live")
    for second in range(3):
        file.write(document(elapsed_s=float(second)))
    assert read_status(tmp_path / "a.live").elapsed_s == 2.0
    assert [path.name for path in (tmp_path / "a.live").iterdir()] == [NAME]


def test_whoever_reads_meanwhile_sees_all_of_one(tmp_path):
    folder = tmp_path / "a.live"
    file = StatusFile(folder)
    statuses = [document(reason="x" * many, elapsed_s=float(many)) for many in (0, 30_000)]
    file.write(statuses[0])
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            for status in statuses:
                file.write(status)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = [read_status(folder) for _ in range(500)]
    finally:
        over.set()
        writer.join()
    assert all(len(status.reason) == status.elapsed_s for status in seen)


def test_a_reader_keeps_what_it_has_opened(tmp_path):
    file = StatusFile(tmp_path / "a.live")
    file.write(document(elapsed_s=1.0))
    with open(tmp_path / "a.live" / NAME, encoding="utf-8") as opened:
        file.write(document(elapsed_s=2.0))
        assert from_text(opened.read(), "it").elapsed_s == 1.0


def test_a_folder_that_was_removed_is_made_again(tmp_path):
    file = StatusFile(tmp_path / "a.live")
    file.write(document())
    file.remove()
    assert not (tmp_path / "a.live").exists()
    file.write(document())
    assert read_status(tmp_path / "a.live") == document()


def test_a_place_that_takes_nothing_costs_no_run(tmp_path):
    (tmp_path / "a.live").write_text("a file")
    file = StatusFile(tmp_path / "a.live")
    file.write(document())
    assert file.broken
    os.remove(tmp_path / "a.live")
    file.write(document())
    assert file.broken == ""


@pytest.mark.parametrize(("size", "hosts"), [(1000, 16), (1000, 1000), (10_000, 500)])
def test_of_thousands_of_ranks_it_is_small_and_none_is_missing(size, hosts):
    status = document(run=identity(ranks=size), ranks=ranks_of(size, hosts))
    data = fitted(status)
    assert len(data) <= MOST_BYTES
    assert sum(row.count for row in from_text(data.decode(), "it").ranks) == size


def test_what_is_too_large_loses_text_and_rows_and_no_number():
    status = document(
        elements=[element("Näme" * 1000, tuples_in=n) for n in range(40)],
        reason="because " * 10_000,
        limits=[cause(Kind.POOL, "x" * 300, ["y" * 300] * 9, element="E" * 5000) for _ in range(4)],
        failures=[Failure("E" * 5000, "e" * 5000, "p" * 5000, n, "s" * 5000) for n in range(10)],
        doubts=["d" * 50_000],
    )
    data = fitted(status)
    assert len(data) <= MOST_BYTES
    told = from_text(data.decode(), "it")
    assert len(told.elements) + told.elements_left_out == 40
    assert told.totals == status.totals
    assert told.elements[0].tuples_in == 0


def test_what_fits_is_left_as_it_is():
    assert from_text(fitted(document()).decode(), "it") == document()


def test_it_is_ascii_whatever_names_are_in_it():
    status = document(run=replace(identity(), workflow="\udcff μ 汉"))
    assert json.loads(fitted(status).decode("ascii"))["run"]["workflow"] == "\udcff μ 汉"
