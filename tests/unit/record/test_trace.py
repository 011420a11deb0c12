"""What ranks did, in the record of a run."""

from __future__ import annotations

from pathlib import Path
from struct import Struct

import h5py
import pytest

from hpcd4p.record import trace as form
from hpcd4p.record.reader import Record, read_record
from hpcd4p.record.spans import BESIDE, FORMAT, OWN, Kind
from hpcd4p.record.summary import Summary
from hpcd4p.record.trace import RankTrace, Trace
from hpcd4p.record.writer import RecordWriter

PACK = Struct(FORMAT).pack


def span(begin: float, element: int = 0, kind: Kind = Kind.RUN, lane: int = OWN, tuples: int = 1) -> bytes:
    return PACK(begin, begin + 0.25, 0.125, element, 7, tuples, 3, lane, kind)


def recorded(folder: Path, trace: Trace | None) -> Record:
    path = folder / "a.h5"
    RecordWriter(path).close(Summary("w", trace=trace))
    return read_record(path)


def test_it_comes_back_as_it_was(tmp_path):
    ranks = [
        RankTrace(2, 1, 0.5, 4, [span(1.0, 1), span(2.0, lane=BESIDE)], [(1.0, 30_000)]),
        RankTrace(0, 0, -10.0, 0, [span(3.0, kind=Kind.WAIT), span(1.0, kind=Kind.COMMIT)]),
        RankTrace(1, 1, 0.0, 0),
    ]
    with recorded(tmp_path, Trace(100, ["a0", "größer1"], ranks)) as record:
        figures = record.trace()
        spans = list(record.spans())
    assert (figures.most, figures.elements, figures.spans, figures.dropped) == (100, ["a0", "größer1"], 4, 4)
    assert [tuple(row) for row in figures.ranks] == [
        (0, 0, -10.0, 2, 0), (1, 1, 0.0, 0, 0), (2, 1, 0.5, 2, 4),
    ]  # fmt: skip
    assert [tuple(look) for look in figures.memory] == [(2, 1, 1.5, 30_000)]
    # by life and rank, each in the order of its begin, in the time of the run
    assert [tuple(each) for each in spans] == [
        (0, 0, -9.0, -8.75, 0.125, 0, 7, 1, 3, OWN, Kind.COMMIT),
        (0, 0, -7.0, -6.75, 0.125, 0, 7, 1, 3, OWN, Kind.WAIT),
        (2, 1, 1.5, 1.75, 0.125, 1, 7, 1, 3, OWN, Kind.RUN),
        (2, 1, 2.5, 2.75, 0.125, 0, 7, 1, 3, BESIDE, Kind.RUN),
    ]


@pytest.mark.parametrize("many", [0, 1, 5, 6, 23])
def test_any_number_of_spans_comes_back(tmp_path, monkeypatch, many):
    monkeypatch.setattr(form, "CHUNK", 5)
    ranks = [RankTrace(rank, 0, 0.0, 0, [span(float(i), tuples=i) for i in range(many)]) for rank in (0, 1)]
    with recorded(tmp_path, Trace(100, ["a0"], ranks)) as record:
        assert [each.tuples for each in record.spans()] == 2 * list(range(many))


def test_many_are_compressed(tmp_path):
    many = 40_000
    ranks = [RankTrace(0, 0, 0.0, 0, [span(i * 0.3) for i in range(many)])]
    recorded(tmp_path, Trace(many, ["a0"], ranks)).close()
    with h5py.File(tmp_path / "a.h5") as file:
        columns = file["trace/spans"]
        assert {column.compression for column in columns.values()} == {"gzip"}
        assert {column.attrs["unit"] for column in columns.values()} == {"rank", "1", "s", "tuples"}
        assert sum(column.id.get_storage_size() for column in columns.values()) < many * 13


def test_a_run_that_was_not_traced_has_none(tmp_path):
    with recorded(tmp_path, None) as record:
        assert record.trace() is None
        assert list(record.spans()) == []


def test_it_is_not_in_what_is_told_of_the_figures():
    assert "trace" not in Summary("w", trace=Trace(1, [], [])).as_dict()
