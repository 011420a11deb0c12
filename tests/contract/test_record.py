"""The record of a run on a real file system, with the real h5py."""

from __future__ import annotations

import datetime
import decimal
import errno
import fcntl
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, namedtuple
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hpcd4p.errors import RecordError
from hpcd4p.record import writer
from hpcd4p.record.history import timelines_of
from hpcd4p.record.move_figures import figures_of
from hpcd4p.record.moves import Move, Moves, Place
from hpcd4p.record.reader import read_record
from hpcd4p.record.scaling import Change, RankTimeline
from hpcd4p.record.show import record_json, record_text
from hpcd4p.record.summary import (
    DeadLetter,
    ElementFigures,
    FailureFigures,
    LogFigures,
    LogLine,
    RankFigures,
    Summary,
)
from hpcd4p.record.survival import CheckpointRow, Survival
from hpcd4p.record.writer import RecordWriter
from tests.unit.record.scalings import contended

Point = namedtuple("Point", "x y")


@dataclass
class Pixel:
    row: int
    value: float


def same(a: Any, b: Any) -> bool:
    """Equal in value, and of one type."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
            return np.ndim(a) == np.ndim(b) == 0 and same(a[()], b[()])  # no dimensions: a scalar comes out
        exact = a.dtype == b.dtype or a.dtype.kind == b.dtype.kind == "U"
        if a.dtype.kind == "O":
            return a.shape == b.shape and all(map(same, a.ravel().tolist(), b.ravel().tolist()))
        return exact and np.array_equal(a, b, equal_nan=a.dtype.kind in "fcmM")
    if type(a) is not type(b) and not (isinstance(a, tuple) and isinstance(b, tuple)):
        return False
    if isinstance(a, (float, np.floating)):
        return bool(a == b or (math.isnan(a) and math.isnan(b))) and math.copysign(1, a) == math.copysign(
            1, b
        )
    if isinstance(a, (complex, np.complexfloating)):
        return same(float(a.real), float(b.real)) and same(float(a.imag), float(b.imag))
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    return bool(a == b)


def round_trip(path: Path, batches: list[list[Any]]) -> list[Any]:
    sink = RecordWriter(path)
    for batch in batches:
        sink.outputs("e1", "output", list(batch))
    sink.close(Summary("w"))
    with read_record(path) as record:
        return list(record.outputs("e1.output")) if record.names else []


def assert_kept(path: Path, values: list[Any]) -> None:
    found = round_trip(path, [values])
    assert len(found) == len(values)
    wrong = [(a, b) for a, b in zip(values, found, strict=True) if not same(a, b)]
    assert not wrong


# ---- every kind of value

KINDS: dict[str, list[Any]] = {
    "int": [0, -1, 2**63 - 1, -(2**63)],
    "large int": [2**63, -(2**63) - 1, 10**30, 1 << 20_000],
    "bool": [True, False],
    "float": [0.0, -0.0, 1.5, math.inf, -math.inf, math.nan],
    "complex": [1j, complex(math.nan, -0.0)],
    "none": [None, None],
    "text": ["", "a", "ä€😀", "line\nline"],
    "text that HDF5 refuses": ["a\0b", "\ud800", "\0"],
    "bytes": [b"", b"\0\1", b"abc"],
    "tuple": [("the", 9), ("a", 7)],
    "tuples of many lengths": [(1,), (1, 2), (), (1, "a", None)],
    "named tuple": [Point(1, 2.5), Point(3, 4.5)],
    "list": [[1, 2, 3], [], [4]],
    "list of mixed things": [[1, "a", 2.5, None], [[1], [2, [3]]]],
    "dict": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
    "dict with odd keys": [{"a/b": 1, "~": 2, ".": 3, "..": 4, "%": 5, "\0": 6, "\ud800": 7}, {"": 1}],
    "dict of other keys": [{1: "a", (2, 3): "b", None: "c"}, {}],
    "dict with a field that changes": [{"a": 1}, {"a": "x"}, {"a": None}, {"a": [1]}],
    "dict with many key sets": [{f"k{i}": i} for i in range(100)],
    "dict of arrays": [{"mean": np.arange(3.0), "hist": np.zeros((2, 2), "u1")}] * 2,
    "set": [{1, 2}, set(), frozenset({"a"})],
    "array": [np.arange(6.0).reshape(2, 3), np.ones((2, 3))],
    "array of no dimensions": [np.array(1.5), np.array(2.5)],
    "array of no size": [np.zeros((0, 3)), np.zeros(0)],
    "ragged arrays": [np.arange(n, dtype="i4") for n in (3, 0, 5, 3)],
    "ragged matrices": [np.ones((n, n + 1)) for n in (2, 1, 3)],
    "array of text": [np.array(["a", "bcd"]), np.array(["ä", ""]), np.array(["x"])],
    "array of dates": [np.array(["2024-01-01", "NaT"], "M8[D]"), np.array([1], "m8[ns]")],
    "structured array": [np.array([(1, 2.5)], [("a", "i4"), ("b", "f8")])],
    "array of objects": [np.array([1, "a", None, (1, 2)], dtype=object)],
    "array of raw bytes": [np.array([b"abc", b"x"], "V3")],
    "array of nested structures": [
        np.array([((1, 2), "a")], [("p", [("x", "i2"), ("y", "i2")]), ("n", "U3")])
    ],
    "small dtypes": [np.ones(2, d) for d in ("?", "i1", "u8", "f2", "f4", "c8", ">f8", "S3")],
    "numpy scalars": [
        np.float32(1.5),
        np.int64(3),
        np.bool_(True),
        np.datetime64("2024-01-01"),
        np.uint8(255),
    ],
    "dates": [datetime.datetime(2024, 1, 1, 12), datetime.date(2024, 1, 1), datetime.timedelta(1, 2)],
    "decimal": [decimal.Decimal("1.10")],
    "deep": [[[[[[[[[[1]]]]]]]]]],
    "all at once": [1, 2.5, "a", None, True, b"x", (1, 2), [1], {"a": 1}, {1}, np.arange(3), 1j, 2**70],
}


@pytest.mark.parametrize("kind", KINDS)
def test_gives_back_what_was_written(kind: str, tmp_path: Path) -> None:
    assert_kept(tmp_path / "r.h5", KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_gives_back_what_was_written_when_it_comes_again_and_again(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "BUFFER_TUPLES", 1)
    values = KINDS[kind] * 3
    found = round_trip(tmp_path / "r.h5", [[v] for v in values])
    assert all(map(same, values, found))
    assert len(found) == len(values)


numbers = st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers()
texts = (
    st.text(st.characters(exclude_categories=())) | st.binary() | st.decimals(allow_nan=False) | st.dates()
)
keys = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
arrays = hnp.arrays(
    st.one_of(hnp.integer_dtypes(), hnp.floating_dtypes(), hnp.boolean_dtypes(), hnp.complex_number_dtypes()),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)
values = st.recursive(
    numbers | texts | arrays,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.sampled_from(["a", "b/c", "~", "$x"]), inner, max_size=3)
        | st.dictionaries(keys, inner, max_size=3)
        | st.sets(keys, max_size=3)
    ),
    max_leaves=8,
)


@given(batches=st.lists(st.lists(values, max_size=6), max_size=6), buffer=st.integers(1, 8))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_type_that_changes_in_mid_stream_loses_nothing(batches: list[list[Any]], buffer: int) -> None:
    kept, writer.BUFFER_TUPLES = writer.BUFFER_TUPLES, buffer
    try:
        with tempfile.TemporaryDirectory() as folder:
            found = round_trip(Path(folder) / "r.h5", batches)
    finally:
        writer.BUFFER_TUPLES = kept
    expected = [v for batch in batches for v in batch]
    assert len(found) == len(expected)
    assert [(a, b) for a, b in zip(expected, found, strict=True) if not same(a, b)] == []


def test_a_value_that_hdf5_and_json_lack_is_kept_as_its_repr_and_flagged(tmp_path: Path) -> None:
    path = tmp_path / "r.h5"
    found = round_trip(path, [[object, Pixel(1, 2.5), 3 + 0j]])
    assert found[0] == "<class 'object'>"
    assert found[1] == {"row": 1, "value": 2.5}
    with h5py.File(path) as file:
        assert file["outputs/e1/output"].attrs["repr_only"] == 1


def test_a_thing_of_numpy_that_has_no_bytes_is_kept_as_its_repr(tmp_path: Path) -> None:
    assert round_trip(tmp_path / "r.h5", [[np.add]]) == ["<ufunc 'add'>"]


# ---- what other programs see


def test_numbers_and_arrays_are_typed_datasets_that_any_hdf5_program_reads(tmp_path: Path) -> None:
    sink = RecordWriter(tmp_path / "r.h5")
    sink.outputs("src1", "output", [1, 2, 3])
    sink.outputs("fft1", "output", [np.ones((4, 2), "f4")] * 5)
    sink.outputs("top1", "output", [("the", 9), ("a", 7)])
    sink.outputs("stat1", "output", [{"mean_s": 1.5, "n": 2}])
    sink.close(Summary("w"))
    with h5py.File(tmp_path / "r.h5") as file:
        outputs = file["outputs"]
        assert outputs["src1/output"].dtype == np.int64
        assert outputs["src1/output"][:].tolist() == [1, 2, 3]
        assert outputs["fft1/output"].shape == (5, 4, 2)
        assert outputs["fft1/output"].dtype == np.float32
        assert outputs["top1/output/0"].asstr()[:].tolist() == ["the", "a"]
        assert outputs["top1/output/1"][:].tolist() == [9, 7]
        assert outputs["stat1/output/mean_s"].attrs["unit"] == "s"


def test_a_stream_of_everything_needs_few_datasets_and_no_opaque_one(tmp_path: Path) -> None:
    path = tmp_path / "r.h5"
    everything = [v for kind in KINDS.values() for v in kind]
    assert_kept(path, everything)
    names: list[str] = []
    opaque: list[str] = []

    def look(name: str, node: Any) -> None:
        names.append(name)
        if isinstance(node, h5py.Dataset) and node.dtype.kind == "V" and not node.dtype.names:
            opaque.append(name)

    with h5py.File(path) as file:
        file["outputs"].visititems(look)
        assert len(file["outputs/e1"]) <= 17
    assert len(names) < 100
    assert opaque == []


def test_outputs_of_odd_names_are_kept_apart(tmp_path: Path) -> None:
    names = [
        ("a/b", "c"),
        ("a", "b/c"),
        (".", ".."),
        ("a%2Fb", "c"),
        ("", ""),
        ("x~1", "o"),
        ("x", "o~which"),
    ]
    sink = RecordWriter(tmp_path / "r.h5")
    for i, (element, output) in enumerate(names):
        sink.outputs(element, output, [i, str(i)])
    sink.close(Summary("w"))
    with read_record(tmp_path / "r.h5") as record:
        assert [list(record.outputs(f"{e}.{o}")) for e, o in names] == [
            [i, str(i)] for i in range(len(names))
        ]


def test_the_figures_letters_and_story_come_back(tmp_path: Path) -> None:
    summary = Summary(
        "w",
        elements=[ElementFigures("a1", "stateless", 3, 2, 1, 0.5, 2)],
        ranks_figures=[RankFigures(0, "n1", 12)],
        outputs={"a1.output": 2},
        config={"url": "redis://me:geheim@host:1/0", "deep": {"nan": None}},
        notes=["a note"],
        provenance={"mpi": "Open MPI 5"},
    )
    letter = DeadLetter("a1", "input", "'x'", "ValueError: x\0", "Traceback\n", 1, 0.25)
    sink = RecordWriter(tmp_path / "r.h5")
    sink.dead_letters([letter] * 1000)
    for i in range(5000):
        sink.event(i / 10, "scale", f"to {i}")
    sink.close(summary)
    with read_record(tmp_path / "r.h5") as record:
        assert record.summary.elements == summary.elements
        assert record.summary.ranks_figures == summary.ranks_figures
        assert record.summary.notes == ["a note"]
        assert record.summary.provenance["mpi"] == "Open MPI 5"
        assert record.summary.provenance["packages"]["h5py"] == h5py.__version__
        assert list(record.dead_letters()) == [letter] * 1000
        assert [e.text for e in record.events()] == [f"to {i}" for i in range(5000)]
    with h5py.File(tmp_path / "r.h5") as file:
        assert file.attrs["schema"] == "hpcd4p-record"
        assert file.attrs["mpi"] == "Open MPI 5"
        assert file["elements/busy_s"].attrs["unit"] == "s"
    assert b"geheim" not in (tmp_path / "r.h5").read_bytes()


# ---- the auto-scaler


def test_what_the_auto_scaler_saw_and_did_comes_back(tmp_path: Path) -> None:
    summary, scaling = contended()
    scaling.failure = "Traceback\n  odd: \0 \ud800\n" + "x" * 100_000
    scaling.changed(Change(9.0, 2, 3, "because \0 of ä"))
    path = tmp_path / "r.h5"
    RecordWriter(path).close(summary)
    with read_record(path) as record:
        record.require_scaling()
        found, timelines = record.scaling(), record.timelines()
        assert record.summary.scaler == summary.scaler
        assert (record.summary.parked_s, record.summary.cpu_s) == (117.0, 19.0)
    assert found is not None
    assert timelines is not None
    assert (found.policy, found.ranks, found.changes_made) == ("knee", 15, 2)
    assert [t._asdict() for t in found.ticks] == [pytest.approx(t._asdict()) for t in scaling.ticks]
    assert found.changes[0] == scaling.changes[0]
    assert found.changes[1].reason == "because \\0 of ä"
    assert found.failure.startswith("Traceback\n  odd: \\0 \\ud800\n")
    assert len(found.failure) > 100_000
    assert timelines.ranks == list(range(1, 16))
    assert timelines.busy.shape == timelines.parked.shape == (15, 20)
    assert timelines.busy.sum(axis=1) == pytest.approx([1.2] * 15)
    assert timelines.parked.sum(axis=1) == pytest.approx([8.5] * 15)
    with h5py.File(path) as file:
        assert file["scaling/ticks/backlog_s"].attrs["unit"] == "s"
        assert file["scaling/ranks/busy"].attrs["unit"] == "s"
        assert file["scaling/ranks"].attrs["bin_s"] == 0.5


def test_partitions_that_moved_are_a_table_with_units_that_comes_back(tmp_path: Path) -> None:
    summary, scaling = contended()
    RecordWriter(tmp_path / "none.h5").close(summary)
    scaling.moves.made += [
        Move(1.0, 1.25, "Sümme2", 3, 1, 4, 210, 0.5, 1.0, 2.5),
        Move(2.0, 2.5, "Sümme2", 3, 4, 5, 250, 0.25, 0.75, 1.5),
    ]
    scaling.moves.first += [Place("Sümme2", p, 1) for p in range(4)]
    summary.moves = figures_of(scaling.moves, scaling.timelines, 10.0)
    RecordWriter(tmp_path / "moved.h5").close(summary)
    with read_record(tmp_path / "moved.h5") as record:
        found = record.scaling()
        assert found is not None
        assert found.moves == scaling.moves
        assert record.summary.moves == summary.moves
        assert "1 partition moved from ranks 1 and 4 to ranks 4 and 5, in 2 hand-overs" in record_text(record)
    with h5py.File(tmp_path / "moved.h5") as file:
        assert set(file["scaling/moves"]) == set(Move._fields)
        units = {name: each.attrs.get("unit") for name, each in file["scaling/moves"].items()}
        assert (units["time_s"], units["size"], units["target"], units["share"]) == (
            "s",
            "bytes",
            "rank",
            "1",
        )
    with read_record(tmp_path / "none.h5") as record:
        assert record.scaling().moves == Moves()  # type: ignore[union-attr]
        assert record.summary.moves is None


def test_checkpoints_and_how_a_run_went_on_are_tables_with_units_that_come_back(tmp_path: Path) -> None:
    kept = Survival()
    kept.add(CheckpointRow(1, 10.5, 0, 3_100_000, 0.25, 1.5, 0.125, 0.25))
    kept.add(CheckpointRow(2, 20.5, 0, 0, 0.5, 500.0, 0.0, 0.5, "rank 3 was in the middle of a tuple"))
    kept.go_on(True, 1, 10.5, 12.0, 7, "rank 2 died")
    path = tmp_path / "x.h5"
    summary = Summary("w", checkpoints=kept.figures(30.0), survival=kept)
    RecordWriter(path).close(summary)
    with read_record(path) as record:
        found = record.survival()
        assert found is not None
        assert (found.checkpoints, found.gone_on) == (kept.checkpoints, kept.gone_on)
        assert record.summary.checkpoints == summary.checkpoints
        text, told = record_text(record), record_json(record)
    assert "given up, for" in text
    assert "rank 2 died" in text
    assert told["checkpoints"][1]["why_not"] == "rank 3 was in the middle of a tuple"
    assert told["gone_on"][0]["here"] is True
    assert told["summary"]["checkpoints"]["recovered"] == 1
    json.dumps(told)
    with h5py.File(path) as file:
        made = file["survival/checkpoints"]
        units = {name: made[name].attrs["unit"] for name in ("began_s", "size", "stood_ms", "cpu_s")}
        assert units == {"began_s": "s", "size": "bytes", "stood_ms": "ms", "cpu_s": "s"}
        assert file["survival/gone_on/here"][:].tolist() == [True]


def test_a_run_that_was_to_make_no_checkpoints_has_no_table_of_them(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    RecordWriter(path).close(Summary("w"))
    with read_record(path) as record:
        assert record.survival() is None
        assert record_json(record)["checkpoints"] == []


def test_timelines_of_different_widths_meet_in_one_grid() -> None:
    told = [
        RankTimeline(1, 0.0, 1.0, [1.0, 0.5], []),
        RankTimeline(2, 0.5, 0.25, [0.25] * 4, [0.0] * 4 + [0.25] * 2),
        RankTimeline(3, -0.01, 0.5, [], []),
    ]
    timelines = timelines_of(told)
    assert timelines.bin_s == 1.0
    assert timelines.busy.tolist() == [[1.0, 0.5], [0.5, 0.5], [0.0, 0.0]]
    assert timelines.parked.tolist() == [[0.0, 0.0], [0.0, 0.5], [0.0, 0.0]]


def test_a_long_run_of_many_ranks_has_a_record_of_megabytes(tmp_path: Path) -> None:
    summary, scaling = contended()
    scaling.ticks = [t._replace(time_s=i / 10) for i, t in enumerate(scaling.ticks * 198)]
    scaling.timelines = [RankTimeline(r, -0.1, 30.0, [0.3 * r] * 64, [0.1] * 64) for r in range(2000)]
    RecordWriter(tmp_path / "r.h5").close(summary)
    assert (tmp_path / "r.h5").stat().st_size < 1_500_000
    with read_record(tmp_path / "r.h5") as record:
        found = record.scaling()
        assert found is not None
        assert found.ticks[-1].reason == scaling.ticks[-1].reason


@pytest.mark.parametrize("lacks", ["ticks/idle", "ticks/reason", "changes", "failure", "ranks/busy"])
def test_an_account_of_the_auto_scaler_that_is_damaged_is_a_record_error(lacks: str, tmp_path: Path) -> None:
    path = tmp_path / "r.h5"
    RecordWriter(path).close(contended()[0])
    with h5py.File(path, "r+") as file:
        del file["scaling"][lacks]
    with read_record(path) as record, pytest.raises(RecordError, match="damaged"):
        assert record.scaling() is None or record.timelines() is None


def test_a_record_of_one_process_has_no_auto_scaler(tmp_path: Path) -> None:
    RecordWriter(tmp_path / "r.h5").close(Summary("w"))
    with read_record(tmp_path / "r.h5") as record:
        record.require_scaling()
        assert record.scaling() is None
        assert record.timelines() is None


def test_a_record_of_the_schema_before_is_read_and_says_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "r.h5"
    round_trip(path, [[1, 2]])
    with h5py.File(path, "r+") as file:
        file.attrs["schema_version"] = 1
        told = json.loads(file["summary"].asstr()[()])
        for name in ("scaler", "parked_s", "cpu_s", "failures"):
            del told[name]
        del file["summary"]
        file.create_dataset("summary", data=json.dumps(told), dtype=h5py.string_dtype())
    with read_record(path) as record:
        assert list(record.outputs("e1.output")) == [1, 2]
        assert record.summary.scaler is None
        assert record.summary.failures == []
        assert record.scaling() is None
        with pytest.raises(RecordError, match=r"does not tell of the auto-scaler.*version 1"):
            record.require_scaling()


def test_failures_come_back_by_kind_with_their_examples(tmp_path: Path) -> None:
    sink = RecordWriter(tmp_path / "r.h5")
    letter = DeadLetter("a1", "in", "'x'", "ValueError: x", "Traceback", 1, 0.25, "ValueError", "w.py:1 in f")
    sink.dead_letters([letter])
    sink.close(Summary("w", failures=[FailureFigures("a1", "ValueError", "w.py:1 in f", 7, 1)]))
    with read_record(tmp_path / "r.h5") as record:
        assert list(record.dead_letters()) == [letter]
        assert record.summary.failures == [FailureFigures("a1", "ValueError", "w.py:1 in f", 7, 1)]
        assert "the first of each of 1 kind" in record_text(record)
    with h5py.File(tmp_path / "r.h5") as file:
        assert list(file["failures/tuples"]) == [7]


def test_dead_letters_of_the_schema_before_are_read(tmp_path: Path) -> None:
    path = tmp_path / "r.h5"
    sink = RecordWriter(path)
    names = DeadLetter._fields[:7]
    make: Any = namedtuple  # fewer fields than it has now
    old = make("DeadLetter", names)("a1", "input", "'x'", "ValueError: x", "Traceback", 1, 0.25)
    sink.dead_letters([old] * 5)
    sink.close(Summary("w"))
    with h5py.File(path, "r+") as file:
        file.attrs["schema_version"] = 2
        assert set(file["dead_letters"]) == set(names)
    with read_record(path) as record:
        assert list(record.dead_letters()) == [DeadLetter(*old)] * 5
        assert record_text(record).count("ValueError: x") == 6  # in the summary, and with tracebacks


# ---- size and speed


def test_a_million_numbers_take_less_than_two_seconds(tmp_path: Path) -> None:
    began = time.process_time()
    sink = RecordWriter(tmp_path / "r.h5")
    for i in range(0, 10**6, 4000):
        sink.outputs("src1", "output", list(range(i, i + 4000)))
    sink.close(Summary("w"))
    assert time.process_time() - began < 2
    with read_record(tmp_path / "r.h5") as record:
        assert sum(record.outputs("src1.output")) == 10**6 * (10**6 - 1) // 2
        assert record.count("src1.output") == 10**6


def test_values_do_not_pile_up_in_memory(tmp_path: Path) -> None:
    sink = RecordWriter(tmp_path / "r.h5")
    for _ in range(100):
        sink.outputs("src1", "output", [np.zeros(1 << 17)])  # 1 MiB
        assert sink._waiting_bytes <= writer.BUFFER_BYTES
    sink.abandon()


def test_small_records_are_small(tmp_path: Path) -> None:
    round_trip(tmp_path / "r.h5", [[1, 2, 3]])
    assert (tmp_path / "r.h5").stat().st_size < 60_000


# ---- the file


def test_the_record_has_its_name_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "results" / "r.h5"
    sink = RecordWriter(path)
    sink.outputs("e1", "output", list(range(100_000)))
    (part,) = path.parent.iterdir()
    assert part.name.startswith(".r.h5.")
    assert part.suffix == ".part"
    assert sink.close(Summary("w")) == path
    assert list(path.parent.iterdir()) == [path]
    assert sink.close(Summary("w")) == path
    sink.abandon()
    assert path.exists()


def test_an_abandoned_record_leaves_nothing(tmp_path: Path) -> None:
    sink = RecordWriter(tmp_path / "r.h5")
    sink.outputs("e1", "output", list(range(100_000)))
    sink.abandon()
    sink.outputs("e1", "output", [1])
    assert sink.close(Summary("w")) is None
    assert list(tmp_path.iterdir()) == []


def test_a_record_is_never_overwritten(tmp_path: Path) -> None:
    first, second = RecordWriter(tmp_path / "r.h5"), RecordWriter(tmp_path / "r.h5")
    assert first.close(Summary("first")) == tmp_path / "r.h5"
    assert second.close(Summary("second")) == tmp_path / "r-2.h5"
    with pytest.raises(RecordError, match="never overwritten"):
        RecordWriter(tmp_path / "r.h5")


def test_what_a_killed_run_left_is_removed_by_the_next_and_no_living_one_is_touched(tmp_path: Path) -> None:
    path = tmp_path / "r.h5"
    code = "import os, signal, sys; from pathlib import Path; from hpcd4p.record.writer import RecordWriter\n"
    code += "kept = RecordWriter(Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
    killed = subprocess.run(
        [sys.executable, "-c", code, str(path)], timeout=60, env=with_package(), check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 1
    living = RecordWriter(path)
    other = RecordWriter(tmp_path / "other.h5")
    assert len(list(tmp_path.iterdir())) == 2
    living.close(Summary("w"))
    other.close(Summary("w"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other.h5", "r.h5"]


def with_package() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}


def test_a_folder_that_cannot_be_written_is_found_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "r.h5", tmp_path / "file" / "deeper" / "r.h5", Path("/proc/r.h5")):
        with pytest.raises(RecordError, match=r"cannot be written.*--results") as caught:
            RecordWriter(path)
        assert caught.value.status == 2


def test_no_lock_is_needed_to_read_or_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.h5"

    def refused(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refused)
    monkeypatch.setenv("HDF5_USE_FILE_LOCKING", "TRUE")
    assert round_trip(path, [[1, 2]]) == [1, 2]
    monkeypatch.undo()
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        code = "import sys; from hpcd4p.record.reader import read_record\n"
        code += "print(list(read_record(sys.argv[1]).outputs('e1.output')))"
        env = {**with_package(), "HDF5_USE_FILE_LOCKING": "TRUE"}
        said = subprocess.run(
            [sys.executable, "-c", code, str(path)],
            capture_output=True,
            text=True,
            timeout=60,
            env=env,
            check=False,
        )
    assert said.stdout == "[1, 2]\n"


# ---- disk full


def fill(sink: RecordWriter) -> None:
    for i in range(5000):
        sink.outputs("e1", "output", [np.full(10_000, i)])


def full_after(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """The file system takes `room` bytes."""
    write = os.pwrite

    def pwrite(fd: int, data: Any, at: int) -> int:
        if at + len(data) > room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(fd, data, at)

    monkeypatch.setattr(os, "pwrite", pwrite)


def test_a_full_disk_stops_the_run_when_it_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_after(monkeypatch, 3_000_000)
    sink = RecordWriter(tmp_path / "r.h5")
    with pytest.raises(RecordError, match=r"No space left on device; \d+ tuples"):
        fill(sink)
    with pytest.raises(RecordError, match="No space left"):
        sink.close(Summary("w"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("room", [0, 1000, 5000, 20_000])
def test_a_disk_that_is_full_at_the_end_is_said_and_leaves_nothing(
    room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_after(monkeypatch, room)
    sink = RecordWriter(tmp_path / "r.h5")
    sink.outputs("e1", "output", [np.arange(1000), "text", [1], {"a": 1}] * 10)
    with pytest.raises(RecordError, match=r"r\.h5 could not be written: No space left.*40 tuples.*--results"):
        sink.close(Summary("w"))
    assert list(tmp_path.iterdir()) == []


def test_a_process_whose_disk_is_full_ends_without_a_crash(tmp_path: Path) -> None:
    code = """
import resource, sys
from pathlib import Path
from hpcd4p.errors import RecordError
from hpcd4p.record.summary import Summary
from hpcd4p.record.writer import RecordWriter
sink = RecordWriter(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
sink.outputs("e1", "output", [str(i) for i in range(16_000)])
sink.outputs("e2", "output", [float(i) for i in range(16_000)])
sink.outputs("e3", "output", list(range(100_000)))
try:
    sink.close(Summary("w"))
except RecordError as error:
    print(error)
"""
    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "r.h5")],
        capture_output=True, text=True, timeout=60, env=with_package(), check=False,
    )  # fmt: skip
    assert said.stderr == ""
    assert "File too large" in said.stdout
    assert said.returncode == 0
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB; only root may make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        # the same with os.pwrite replaced, and with RLIMIT_FSIZE, is tested above for everybody
        yield tmp_path / "none"
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_small_disk_that_is_really_full(small_disk: Path) -> None:
    if not small_disk.exists():
        return
    sink = RecordWriter(small_disk / "r.h5")
    with pytest.raises(RecordError, match=r"No space left on device.*MB are free"):
        fill(sink)
    sink.abandon()
    assert list(small_disk.iterdir()) == []


# ---- files that are no record


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "r.h5"
    round_trip(path, [[1, "a", np.arange(1000)] * 20])
    return path


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_record_is_refused(record: Path, part: float) -> None:
    data = record.read_bytes()
    record.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(RecordError, match="truncated or damaged"):
        read_record(record)


def heaps(data: bytes) -> list[range]:
    """Where HDF5 keeps texts of variable length: collections that begin with GCOL, version and size."""
    found = []
    at = data.find(b"GCOL")
    while at >= 0:
        found.append(range(at, at + int.from_bytes(data[at + 8 : at + 16], "little")))
        at = data.find(b"GCOL", at + 4)
    return found


def read_in_a_child(path: Path) -> str:
    """Read all of a record in a process of its own: `read`, `refused`, `hangs`, or how it failed."""
    child = os.fork()
    if child == 0:
        try:
            with read_record(path) as found:
                for name in found.names:
                    list(found.outputs(name))
            os._exit(0)
        except RecordError:
            os._exit(1)
        except BaseException:  # noqa: BLE001  # whatever it is, it is told
            os._exit(2)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return {0: "read", 1: "refused"}.get(code, f"failed with {code}")
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hangs"


def test_a_damaged_record_gives_a_record_error_or_its_values(record: Path) -> None:
    data = record.read_bytes()
    texts = heaps(data)
    assert texts
    answers: Counter[str] = Counter()
    for at in range(0, len(data), len(data) // 100):
        record.write_bytes(data[:at] + bytes(64) + data[at + 64 :])
        answer = read_in_a_child(record)
        answers[answer] += 1
        if answer == "hangs":
            # HDF5 itself never ends where the sizes in such a collection are zero; nothing else may
            assert any(at < heap.stop and at + 64 > heap.start for heap in texts), at
        else:
            assert answer in ("read", "refused"), (at, answer)
    assert answers["read"] > 0
    assert answers["refused"] > 0


def test_a_record_of_another_schema_is_refused(record: Path) -> None:
    with h5py.File(record, "r+") as file:
        file.attrs["schema_version"] = 99
    with pytest.raises(RecordError, match="version 99"):
        read_record(record)
    with h5py.File(record, "r+") as file:
        del file.attrs["schema"]
    with pytest.raises(RecordError, match="not the record of a run"):
        read_record(record)


@pytest.mark.parametrize(("content", "words"), [(b"", "empty"), (b"hello, world", "not an HDF5 file")])
def test_a_file_that_is_no_hdf5_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=words):
        read_record(path)


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="is a folder"):
        read_record(tmp_path)
    with pytest.raises(RecordError, match="No such file"):
        read_record(tmp_path / "none.h5")


def test_an_output_that_is_not_there_names_those_that_are(record: Path) -> None:
    with read_record(record) as found, pytest.raises(RecordError, match=r"no output 'x'.*e1\.output"):
        found.outputs("x")


LINES = [LogLine(0.1 * n, n % 4, f"e{n % 2}", 0, "INFO", f"says {n}") for n in range(50)]


def test_what_elements_said_is_kept_with_rank_and_element(tmp_path):
    odd = LogLine(9.0, 1, "e1", 3, "WARNING", "a zero \0, half a pair \ud800 and\ntwo lines")
    sink = RecordWriter(tmp_path / "run.h5")
    sink.log(LINES)
    sink.log([odd])
    sink.close(Summary("w", log=LogFigures(51, 12)))
    with read_record(tmp_path / "run.h5") as record:
        assert list(record.log()) == [*LINES, odd]
        told = record_json(record)
        text = record_text(record)
    assert told["log"][0] == {
        "time_s": 0.0, "rank": 0, "element": "e0", "partition": 0, "level": "INFO", "text": "says 0"
    }  # fmt: skip
    assert told["summary"]["log"] == {"kept": 51, "left_out": 12}
    assert "Log of the elements: 51 lines, 12 more were left out; the last 20" in text
    assert "      4.900     1  e1: says 49\n" in text
    assert "e1: WARNING a zero" in text
    assert "says 30" not in text
    with h5py.File(tmp_path / "run.h5") as file:
        assert file["log/rank"][:5].tolist() == [0, 1, 2, 3, 0]


def test_a_record_of_elements_that_say_nothing_has_no_log(tmp_path):
    sink = RecordWriter(tmp_path / "run.h5")
    sink.log([])
    sink.close(Summary("w"))
    with read_record(tmp_path / "run.h5") as record:
        assert list(record.log()) == []
        assert "Log of the elements" not in record_text(record)
    with h5py.File(tmp_path / "run.h5") as file:
        assert "log" not in file


def test_an_output_says_whether_it_is_in_the_order_of_one_process(tmp_path: Path) -> None:
    sink = RecordWriter(tmp_path / "r.h5")
    outputs: dict[str, list[Any]] = {"a1": [1, 2], "b2": [("x", 1)], "c3": [None], "d4": [{"k": 1}, "text"]}
    for element, values in outputs.items():
        sink.outputs(element, "output", values)
    why = "no order between the 2 instances of b2"
    ordered = {"a1.output": "", "b2.output": why, "c3.output": "", "silent5.output": ""}
    sink.close(Summary("w", ordered=ordered))
    with h5py.File(tmp_path / "r.h5") as file:
        said = {element: dict(file[f"outputs/{element}/output"].attrs) for element in outputs}
    assert {element: bool(attrs["ordered"]) for element, attrs in said.items()} == {
        "a1": True, "b2": False, "c3": True, "d4": False,
    }  # fmt: skip
    assert {e: attrs["no_one_order"] for e, attrs in said.items() if "no_one_order" in attrs} == {"b2": why}
    with read_record(tmp_path / "r.h5") as record:
        assert record.summary.ordered == ordered
        assert {e: list(record.outputs(f"{e}.output")) for e in outputs} == outputs
