"""Commits of one rank join."""

from __future__ import annotations

import pytest

from hpcd4p.wire.endpoint import Endpoint
from hpcd4p.wire.messages import Commit, Publication


def test_a_commit_with_nothing_in_it_is_false():
    assert not Commit()
    assert Commit(1)


@pytest.mark.parametrize(
    ("part", "holds"),
    [
        ("counts", {1: 2}),
        ("done", [(1, "a")]),
        ("progress", [(1, "a", "0 1")]),
        ("publish", [Publication(1, 3, b"")]),
        ("dead", [b"letter"]),
        ("stats", {"n:0": 1}),
    ],
)
def test_a_commit_is_true_whatever_it_holds(part, holds):
    commit = Commit()
    setattr(commit, part, holds)
    assert commit


def test_a_later_commit_joins_an_earlier_one():
    first, later = Commit(1, {0: 2, 1: 1}), Commit(2, {0: -2, 2: 5})
    first.done, later.done = [(0, "a")], [(0, "b")]
    later.publish = [Publication(1, 3, b"")]
    later.dead = [b"letter"]
    later.progress = [(0, "c", (1, 2))]
    first.stats, later.stats = {"n:0": 1}, {"n:0": 2, "u:0": 7}
    first.add(later)
    assert first.tx == 2
    assert first.counts == {0: 0, 1: 1, 2: 5}
    assert first.done == [(0, "a"), (0, "b")]
    assert (first.publish, first.dead, first.progress) == (later.publish, later.dead, later.progress)
    assert first.stats == {"n:0": 3, "u:0": 7}


def test_commits_do_not_share_what_they_hold():
    Commit().done.append((0, "a"))
    assert Commit().done == []


def test_an_endpoint_does_not_show_its_password():
    assert "s3cret" not in repr(Endpoint(None, "host", 6379, "user", "s3cret", 0, False))


def test_a_task_that_is_done_has_no_progress_any_more():
    first, second = Commit(1), Commit(2)
    first.progress += [(1, "7", (0, 3)), (1, "8", (0, 4))]
    second.done.append((1, "7"))
    first.add(second)
    assert first.progress == [(1, "8", (0, 4))]
    assert first.done == [(1, "7")]
