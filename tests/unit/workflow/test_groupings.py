"""Groupings: what users may write, and what it means."""

from __future__ import annotations

import pytest

from hpcd4p.workflow.groupings import GroupingKind, group_by, read_columns, read_grouping


@pytest.mark.parametrize(
    ("given", "kind", "columns"),
    [
        (None, GroupingKind.SHUFFLE, ()),
        ("shuffle", GroupingKind.SHUFFLE, ()),
        ("all", GroupingKind.ALL, ()),
        ("one-to-all", GroupingKind.ALL, ()),
        ("global", GroupingKind.GLOBAL, ()),
        ([0], GroupingKind.KEY, (0,)),
        ((2, "state"), GroupingKind.KEY, (2, "state")),
        (1, GroupingKind.KEY, (1,)),
        (group_by("a", -1), GroupingKind.KEY, ("a", -1)),
    ],
)
def test_reads_every_spelling(given, kind, columns):
    assert read_grouping(given) == (kind, columns)


@pytest.mark.parametrize("given", ["globl", [], [None], [1.5], True, {0: 1}, object(), b"ab"])
def test_refuses_everything_else(given):
    with pytest.raises(ValueError, match=r"."):
        read_grouping(given)


def test_name_that_is_no_grouping_is_told_how_to_group_by_it():
    with pytest.raises(ValueError, match=r"write \['word'\]"):
        read_grouping("word")


def test_a_bare_name_is_a_column():
    assert read_columns("word") == ("word",)
