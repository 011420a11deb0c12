from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace

import pytest

from hpcd4p.errors import LiveError
from hpcd4p.live import document as module
from hpcd4p.live.causes import Kind, cause
from hpcd4p.live.document import (
    VERSION,
    Checkpoints,
    Expected,
    Failure,
    Scaler,
    from_text,
    to_text,
)
from tests.status_schema import FILE, schema
from tests.unit.live.documents import document

FULL = document(
    expected=Expected(60.0, 50.0, None),
    scaler=Scaler("knee", 3, 2, 1, "all of them are needed", 4, 12.5),
    checkpoints=Checkpoints(2, 0, 4.5, 1_000_000, 0.2, 0.4, 0.01, 1, ""),
    limits=[cause(Kind.POOL, "all ranks are busy", ["30 tasks wait"], "more ranks", "-n 9", ranks=[1, 2])],
    failures=[Failure("Work1", "ValueError", "w.py:3 in work", 3, "ValueError: no")],
    doubts=["Näme changes"],
)


@pytest.mark.parametrize("status", [document(), FULL])
def test_what_is_written_is_read(status):
    assert from_text(to_text(status), "there") == status


def test_the_text_is_one_json_object_with_the_fields_by_name():
    told = json.loads(to_text(FULL))
    assert told["version"] == VERSION
    assert told["elements"][0]["tuples_in"] == 1200
    assert told["expected"] == {"left_s": 60.0, "soonest_s": 50.0, "latest_s": None}


def test_another_version_is_told_by_both_numbers():
    text = to_text(replace(FULL, version=VERSION + 1))
    with pytest.raises(LiveError, match=rf"there has version {VERSION + 1} .* reads version {VERSION}"):
        from_text(text, "there")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        f'{{"version": {VERSION}}}',
        to_text(document())[:-20],
        to_text(document()).replace('"pid":17', '"pid":"17"'),
    ],
)
def test_what_is_no_status_is_told_in_a_sentence(text):
    with pytest.raises(LiveError, match="there is no status of a run"):
        from_text(text, "there")


def test_every_field_has_its_line_in_the_schema():
    rows = [line for line in schema().splitlines() if line.startswith("| `")]
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and is_dataclass(kind)]
    assert len(rows) == sum(len(fields(kind)) for kind in kinds)
    assert [row for row in rows if row.endswith("|  |")] == []


def test_the_schema_is_that_of_the_classes():
    assert FILE.read_text(encoding="utf-8") == schema(), "python -m tests.status_schema writes it"
